import asyncio
from datetime import date
from uuid import UUID

import msgspec
import pytest

from app.core.accounts import queries
from app.core.accounts import service as accounts
from app.core.accounts.model import Account, NewAccount
from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.scopes import ALL_SCOPES
from app.core.feeds import service as feeds
from app.core.platform import Platform
from app.core.privacy import deletion
from app.errors import CannotOpen, Conflict, Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import made_at, new_id
from app.lib.times import utc_now, utc_today
from app.vault.instance import InstanceKey
from app.vault.passwords import MAX_PASSWORD_CHARS
from tests.conftest import PASSWORD
from tests.core.conftest import NO_PASSWORD, Deliver, MakeOwner, Owner
from tests.core.messages.test_receive import ADA, BOB, with_attachment


def new(login: str, password: str = PASSWORD, *, is_admin: bool = False) -> NewAccount:
    return NewAccount(login=login, password=password, is_admin=is_admin)


async def make(platform: Platform, login: str, *, is_first: bool = False, is_admin: bool = False) -> Account:
    create = accounts.create_first if is_first else accounts.create
    async with platform.db.transaction() as conn:
        made = await create(
            conn,
            platform.instance,
            new(login, is_admin=is_first or is_admin),
            password=NO_PASSWORD,
            storage_limit=1000,
            today=date(2026, 11, 21),
        )
    return made.account


async def test_an_account_is_found_by_its_login(platform: Platform) -> None:
    made = await make(platform, " Ada.L ")
    assert (made.login, made.kind, made.status, made.is_admin) == ("ada.l", "standard", "active", False)
    assert (made.created_on, made.storage_limit) == (date(2026, 11, 21), 1000)
    async with platform.db.connection() as conn:
        assert await accounts.find(conn, "ADA.L") == made
        assert await accounts.get(conn, made.account_id) == made
        with pytest.raises(NotFound):
            await accounts.get(conn, new_id())
        for login in ("bob", "", "a", "\0", "ada.l\0", "\ud800ada", "x" * 10_000):
            with pytest.raises(NotFound):
                await accounts.find(conn, login)


@pytest.mark.parametrize("login", ["ada", "ADA", "ａｄａ", " ada ", "Ada"])
async def test_a_login_is_taken_in_all_its_spellings(platform: Platform, login: str) -> None:
    await make(platform, "ada")
    with pytest.raises(Conflict) as caught:
        await make(platform, login)
    assert caught.value.code == "login_taken"
    assert [fault.field for fault in caught.value.fields] == ["login"]
    async with platform.db.connection() as conn:
        assert len(await accounts.everyone(conn)) == 1


async def test_of_many_who_want_one_login_one_gets_it(platform: Platform) -> None:
    outcomes = await asyncio.gather(*(make(platform, "ada") for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, Account) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 5


@pytest.mark.parametrize(
    "login",
    ["", "ab", "x" * 65, "a b c", "-ada", "ada-", "ada@x", "аda", "ada\0x", "a\u202eda", "\ud800bc", "ada\n!"],
)
def test_logins_that_cannot_be(login: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.check_new(new(login))
    assert [fault.field for fault in caught.value.fields] == ["login"]


@pytest.mark.parametrize("login", ["ada", "a.b", "ADA", "x" * 64, "1-2_3", "Straße", "ﬁne"])
def test_logins_that_can_be(login: str) -> None:
    accounts.check_new(new(login))


@pytest.mark.parametrize("password", ["", "x" * 9, "x" * (MAX_PASSWORD_CHARS + 1)])
def test_passwords_of_the_wrong_length(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.check_new(new("ada", password))
    assert [fault.field for fault in caught.value.fields] == ["password"]


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        accounts.check_new(new("", ""))
    assert [fault.field for fault in caught.value.fields] == ["login", "password"]
    assert PASSWORD not in repr(new("ada"))


async def test_of_two_who_set_up_at_once_one_does(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        assert not await accounts.is_set_up(conn)
    outcomes = await asyncio.gather(
        make(platform, "ada", is_first=True), make(platform, "bob", is_first=True), return_exceptions=True
    )
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Account)]
    (loser,) = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert loser.code == "already_set_up"
    async with platform.db.connection() as conn:
        assert await accounts.is_set_up(conn)
        assert await accounts.everyone(conn) == [winner]
        assert await accounts.first_admin(conn) == winner


async def test_the_first_administrator_is_the_oldest(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        assert await accounts.first_admin(conn) is None
    admins = [await make(platform, login, is_admin=True) for login in ("bob", "cyd")]
    async with platform.db.connection() as conn:
        found = await accounts.first_admin(conn)
        assert found is not None
        assert found.account_id == admins[0].account_id != ada.account.account_id


async def test_everyone_is_listed_over_pages(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [await make(platform, f"user-{number}") for number in range(5)]
    page = queries.accounts

    async def two_at_a_time(conn: Conn, *, after: object, limit: int) -> list[Account]:
        assert limit == 200
        return await page(conn, after=after, limit=2)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "accounts", two_at_a_time)
    async with platform.db.connection() as conn:
        everyone = await accounts.everyone(conn)
    assert everyone == sorted(made, key=lambda account: account.account_id)


async def test_an_account_tells_the_day_it_was_made_and_no_time(platform: Platform) -> None:
    day = date(2025, 2, 28)
    hashed = await platform.hasher.set(PASSWORD)
    async with platform.db.transaction() as conn:
        made = await accounts.create(conn, platform.instance, new("ada"), password=hashed, storage_limit=1, today=day)
    assert made.account.created_on == made_at(made.account.account_id).date() == day


async def test_suspending_can_be_undone(platform: Platform) -> None:
    made = await make(platform, "ada")
    seen = []
    async with platform.db.connection() as conn:
        for is_suspended in (True, True, False):
            await accounts.suspend(conn, made, is_suspended=is_suspended)
            seen.append((await accounts.get(conn, made.account_id)).status)
    assert seen == ["suspended", "suspended", "active"]


async def test_the_keyring_opens_with_the_right_instance_key_alone(platform: Platform, ada: Owner, bob: Owner) -> None:
    async with platform.db.connection() as conn:
        opened = await accounts.open_keyring(conn, platform.instance, ada.account)
        assert opened.to_bytes() == ada.actor.keyring.to_bytes() != bob.actor.keyring.to_bytes()
        with pytest.raises(CannotOpen):
            await accounts.open_keyring(conn, InstanceKey("x" * 32), ada.account)
        with pytest.raises(CannotOpen):
            await accounts.open_keyring(
                conn, platform.instance, msgspec.structs.replace(ada.account, account_id=new_id())
            )
        await conn.execute("UPDATE holders t SET keyring = s.keyring FROM holders s WHERE s.account_id <> t.account_id")
        with pytest.raises(CannotOpen):
            await accounts.open_keyring(conn, platform.instance, ada.account)


async def tables_of(platform: Platform, column: str) -> list[str]:
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT table_name FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name = %s ORDER BY 1""",
            (column,),
        )
        return [row[0] for row in await cursor.fetchall()]


NOT_OWNED = {"audit_entries", "deletions"}
"""What administrators did, which is kept for a year; and what deletes the others, which is empty once it has."""


async def rows_of(platform: Platform, account: Account) -> dict[str, int]:
    counts = {}
    async with platform.db.connection() as conn:
        for table in sorted(set(await tables_of(platform, "account_id")) - NOT_OWNED):
            query = f"SELECT count(*) FROM {table} WHERE account_id = %s"  # noqa: S608 - a name of our own schema
            row = await (await conn.execute(query.encode(), (account.account_id,))).fetchone()
            assert row is not None
            counts[table] = row[0]
    return counts


async def fill_the_rest(conn: Conn, account_id: UUID) -> None:
    """A row in each table that mail and signing in do not fill."""
    row = await (await conn.execute("SELECT alias_id FROM aliases WHERE account_id = %s", (account_id,))).fetchone()
    assert row is not None
    values = {"account": account_id, "alias": row[0], "id": new_id(), "today": utc_today(), "now": utc_now()}
    for statement in (
        "INSERT INTO domains (domain, account_id, created_on) VALUES ('ada.example', %(account)s, %(today)s)",
        """INSERT INTO account_domains (account_id, domain, proof_token, added_on, next_check_at, catch_all)
           VALUES (%(account)s, 'ada.example', 'token', %(today)s, %(now)s, 'off')""",
        "INSERT INTO alias_imports (account_id, import_id, contents) VALUES (%(account)s, %(id)s, '')",
        "INSERT INTO categories (account_id, category_id, details) VALUES (%(account)s, %(id)s, '')",
        """INSERT INTO sender_rules (account_id, rule_id, alias_id, verdict, kind, matcher, label)
           VALUES (%(account)s, %(id)s, %(alias)s, 'block', 'address', 'matcher', '')""",
        """INSERT INTO refusals (account_id, refusal_id, alias_id, refused_on, code, reason, count)
           VALUES (%(account)s, %(id)s, %(alias)s, %(today)s, 550, 'sender_blocked', 1)""",
        """INSERT INTO webhooks (account_id, webhook_id, is_enabled, event_types, content, details, created_on)
           VALUES (%(account)s, %(id)s, true, '{}', 'thin', '', %(today)s)""",
        """INSERT INTO events (account_id, event_id, type, occurred_at)
           VALUES (%(account)s, %(id)s, 'domain.verified', %(now)s)""",
        """INSERT INTO webhook_deliveries (account_id, webhook_id, event_id, state, next_attempt_at)
           VALUES (%(account)s, %(id)s, %(id)s, 'failed', %(now)s)""",
        """INSERT INTO webhook_attempts (account_id, webhook_id, event_id, attempt_id, milliseconds)
           VALUES (%(account)s, %(id)s, %(id)s, %(id)s, 1)""",
        "INSERT INTO recovery_codes (account_id, code_hash, made_on) VALUES (%(account)s, '', %(today)s)",
        """INSERT INTO second_factors (account_id, secret, is_on, last_step, made_on, wrong_count)
           VALUES (%(account)s, '', false, 0, %(today)s, 0)""",
        "INSERT INTO second_factor_codes (account_id, code_hash) VALUES (%(account)s, '')",
        """INSERT INTO security_events (account_id, event_id, noted_on, count)
           VALUES (%(account)s, %(id)s, %(today)s, 1)""",
        """INSERT INTO suspensions (account_id, subject_id, reason, words, suspended_on)
           VALUES (%(account)s, %(account)s, 'spam', '', %(today)s)""",
        "INSERT INTO exports (account_id, export_id, formats) VALUES (%(account)s, %(id)s, '{}')",
        """INSERT INTO export_parts (account_id, export_id, number, part_id, message_count, estimated_size, held)
           VALUES (%(account)s, %(id)s, 1, %(id)s, 0, 0, '')""",
        """INSERT INTO idempotency_keys (account_id, digest, attempt_id, fingerprint, claimed_at, leased_until)
           VALUES (%(account)s, '', %(id)s, '', %(now)s, %(now)s)""",
    ):
        await conn.execute(statement, values)


async def test_deleting_leaves_nothing(
    platform: Platform, ada: Owner, bob: Owner, deliver: Deliver, make_owner: MakeOwner
) -> None:
    first = b"Message-ID: <1@shop.test>\r\nReferences: <0@shop.test>\r\n"
    await deliver(first + with_attachment(bytes(200_000)), ADA, BOB)
    async with platform.db.transaction() as conn:
        for owner in (ada, bob):
            await auth.start_session(conn, owner.signed_in, now=utc_now())
            await keys.make(conn, owner.actor, NewKey(name="key", scopes=ALL_SCOPES), now=utc_now())
            await feeds.make(conn, owner.actor, shows_mail=False, today=utc_today())
        await fill_the_rest(conn, ada.account.account_id)
    before, others = await rows_of(platform, ada.account), await rows_of(platform, bob.account)
    assert all(before.values()), "the test should fill every table that an account owns"
    assert len(before) > 15
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    assert not any((await rows_of(platform, ada.account)).values())
    assert await rows_of(platform, bob.account) == others

    again = await make_owner("ada-again")
    async with platform.db.connection() as conn:
        with pytest.raises(NotFound):
            await accounts.find(conn, "ada")
        with pytest.raises(Conflict):
            await aliases.create(
                conn,
                again.account.account_id,
                again.actor.keyring,
                NewAlias(local_part="ada-alias"),
                now=utc_now(),
            )
    assert (await make(platform, "ada")).account_id != ada.account.account_id


async def test_usage_is_summed_over_shards(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        empty = await accounts.usage(conn, ada.account.account_id)
        await conn.execute(
            "INSERT INTO account_usage VALUES (%(a)s, 0, 1, 10), (%(a)s, 5, 2, 20)", {"a": ada.account.account_id}
        )
        full = await accounts.usage(conn, ada.account.account_id)
    assert (empty.message_count, empty.stored_bytes) == (0, 0)
    assert (full.message_count, full.stored_bytes) == (3, 30)
