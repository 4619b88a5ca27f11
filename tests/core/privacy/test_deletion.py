"""Deleting accounts: after thirty days or at once, while mail comes, and with nothing left behind."""

import asyncio
import base64
from datetime import date, timedelta
from uuid import UUID

import pytest
from psycopg import sql

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.aliases.reserved import queries as reserved
from app.core.domains import service as domains
from app.core.domains.roles import give_roles
from app.core.platform import Platform
from app.core.policy.service import decide_recipient
from app.core.privacy import deletion, queries, retention
from app.errors import Conflict, NotFound, Unavailable
from app.lib.ids import new_id
from app.lib.times import utc_now, utc_today
from tests.core.conftest import Deliver, MakeOwner, Owner, Slow, until_waiting
from tests.core.messages.letters import multipart

FILE = b"Content-Type: application/pdf; name=rent.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"\r\n".join(
    base64.b64encode(bytes([number % 251]) * 57) for number in range(3000)
)
LETTER = b"From: Shop <shop@shop.test>\r\nMessage-ID: <one@shop.test>\r\nSubject: Rent\r\n" + multipart(
    b"\r\nHere it is.", FILE
)
OUTLIVES_THE_ACCOUNT = {"audit_entries"}
"""It says what administrators did; of the account it has the id alone, for a year."""


async def left_of(platform: Platform, account_id: UUID) -> set[str]:
    """The tables that still name the account, and `objects` where the store does."""
    async with platform.db.connection() as conn:
        tables = await (
            await conn.execute(
                """SELECT table_name FROM information_schema.columns
                   WHERE table_schema = 'public' AND column_name = 'account_id' LIMIT 1000"""
            )
        ).fetchall()
        found = set()
        for (table,) in tables:
            query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE account_id = %s)").format(sql.Identifier(table))
            if await (await conn.execute(query, (account_id,))).fetchone() == (True,):
                found.add(table)
    objects = [info async for info in platform.blobs.list(f"{account_id}/")]
    return found | ({"objects"} if objects else set())


async def day_of(owner: Owner) -> date | None:
    async with owner.platform.db.connection() as conn:
        return await deletion.day_of(conn, owner.account.account_id)


async def ask(owner: Owner) -> date:
    async with owner.platform.db.transaction() as conn:
        return await deletion.ask(conn, owner.actor, now=utc_now())


async def answer(platform: Platform, address: str) -> tuple[int, str]:
    ruling = await decide_recipient(platform, address, sender="shop@shop.test", announced_size=0, now=utc_now())
    return ruling.decision.code, ruling.decision.reason


async def test_nothing_is_left_of_a_deleted_account(
    platform: Platform, ada: Owner, bob: Owner, deliver: Deliver
) -> None:
    await deliver(LETTER, "ada-alias@restante.test", "bob-alias@restante.test")
    await deliver(LETTER, "ada-alias@restante.test")
    before = await left_of(platform, ada.account.account_id)
    assert {"accounts", "logins", "addresses", "holders", "message_tokens", "thread_refs", "blobs", "objects"} <= before
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    assert await left_of(platform, ada.account.account_id) - OUTLIVES_THE_ACCOUNT == set()
    assert len(await bob.lines()) == 1
    line = await bob.newest()
    assert await bob.attachment(line, line.summary.attachments[0].ordinal)
    with pytest.raises(NotFound):
        await deletion.delete(platform, ada.account.account_id, now=utc_now())


async def test_nobody_is_ever_given_an_address_of_a_deleted_account(
    platform: Platform, ada: Owner, bob: Owner, make_owner: MakeOwner
) -> None:
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    assert await answer(platform, "ada-alias@restante.test") == (550, "unknown_alias")
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict) as caught:
            await aliases.create(
                conn, bob.account.account_id, bob.actor.keyring, NewAlias(local_part="ada-alias"), now=utc_now()
            )
        assert caught.value.code == "address_taken"
        await aliases.create(
            conn, bob.account.account_id, bob.actor.keyring, NewAlias(local_part="ada-alias-2"), now=utc_now()
        )
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT digest, domain FROM reserved_addresses")).fetchall()
        assert [(len(digest), domain) for digest, domain in rows] == [(32, "restante.test")]
        assert await (await conn.execute("SELECT address FROM addresses ORDER BY address")).fetchall() == [
            ("ada-alias-2@restante.test",),
            ("bob-alias@restante.test",),
        ]
    with pytest.raises(Conflict):
        await make_owner("ada")  # her login is free; her address is not


async def test_a_shared_domain_with_addresses_of_deleted_accounts_stays(platform: Platform, ada: Owner) -> None:
    async with platform.db.transaction() as conn:
        await domains.add_shared(conn, "second.test", today=utc_today())
        await aliases.create(
            conn,
            ada.account.account_id,
            ada.actor.keyring,
            NewAlias(domain="second.test", local_part="shop"),
            now=utc_now(),
        )
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict) as caught:
            await domains.remove_shared(conn, "second.test")
    assert caught.value.code == "domain_in_use"


async def test_an_address_taken_while_its_account_is_deleted_is_nobodys(
    platform: Platform, ada: Owner, bob: Owner
) -> None:
    """The claim waits for the deletion, whose digests it did not see when it began."""
    begun, go = asyncio.Event(), asyncio.Event()

    async def delete() -> None:
        async with platform.db.transaction() as conn:
            await queries.delete_aliases(conn, ada.account.account_id)
            await reserved.reserve_all(conn, ada.account.account_id, except_for=[])
            begun.set()
            await go.wait()

    async def claim() -> None:
        async with platform.db.transaction() as conn:
            await aliases.create(
                conn, bob.account.account_id, bob.actor.keyring, NewAlias(local_part="ada-alias"), now=utc_now()
            )

    deleting = asyncio.create_task(delete())
    await begun.wait()
    claiming = asyncio.create_task(claim())
    await until_waiting(platform)
    go.set()
    await deleting
    with pytest.raises(Conflict):
        await claiming


async def test_until_the_day_mail_is_put_off_and_the_owner_can_come_back(
    platform: Platform, ada: Owner, make_owner: MakeOwner
) -> None:
    await make_owner("bob")
    day = await ask(ada)
    assert day == utc_today() + timedelta(days=30)
    assert await answer(platform, "ada-alias@restante.test") == (450, "account_leaving")
    assert await answer(platform, "bob-alias@restante.test") == (250, "accepted")
    await retention.apply(platform, now=utc_now() + timedelta(days=29))
    assert await day_of(ada) == day
    async with platform.db.transaction() as conn:
        await deletion.come_back(conn, ada.actor, now=utc_now())
    assert await day_of(ada) is None
    assert await answer(platform, "ada-alias@restante.test") == (250, "accepted")
    await retention.apply(platform, now=utc_now() + timedelta(days=31))
    assert "accounts" in await left_of(platform, ada.account.account_id)


async def test_after_thirty_days_the_account_is_deleted(platform: Platform, ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, "ada-alias@restante.test")
    await ask(ada)
    await retention.apply(platform, now=utc_now() + timedelta(days=30))
    assert await left_of(platform, ada.account.account_id) - OUTLIVES_THE_ACCOUNT == set()


async def test_asking_twice_keeps_the_first_day(ada: Owner) -> None:
    first = await ask(ada)
    async with ada.platform.db.transaction() as conn:
        assert await deletion.ask(conn, ada.actor, now=utc_now() + timedelta(days=3)) == first


async def test_a_suspended_account_that_leaves_is_leaving_again_when_it_is_restored(
    platform: Platform, ada: Owner
) -> None:
    await ask(ada)
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=True)
    assert await answer(platform, "ada-alias@restante.test") == (450, "account_suspended")
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=False)
    assert await answer(platform, "ada-alias@restante.test") == (450, "account_leaving")


async def test_once_the_keys_are_destroyed_nobody_comes_back(platform: Platform, ada: Owner) -> None:
    await deletion.begin(platform, ada.account.account_id, now=utc_now())
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict):
            await deletion.come_back(conn, ada.actor, now=utc_now())
        assert await accounts.sign_in_record(conn, "ada") == (None, None)
        rows = await (await conn.execute("SELECT count(*) FROM holders")).fetchone()
    assert rows == (0,)


async def test_what_broke_off_goes_on_within_the_hour(
    platform: Platform, ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(LETTER, "ada-alias@restante.test")

    async def fail(_names: object) -> None:
        raise Unavailable("The bucket does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(platform.blobs, "delete", fail)
        with pytest.raises(Unavailable):
            await deletion.delete(platform, ada.account.account_id, now=utc_now())
        assert await left_of(platform, ada.account.account_id) == {"deletions", "objects"}
        with pytest.raises(Unavailable):
            await retention.apply(platform, now=utc_now())
    await retention.apply(platform, now=utc_now())
    assert await left_of(platform, ada.account.account_id) == set()


async def test_a_message_that_is_being_committed_goes_with_the_account(
    platform: Platform, ada: Owner, deliver: Deliver
) -> None:
    slow = Slow(platform)
    storing = asyncio.ensure_future(deliver(LETTER, "ada-alias@restante.test", via=slow))
    await slow.inserted.wait()
    deleting = asyncio.create_task(deletion.delete(platform, ada.account.account_id, now=utc_now()))
    await until_waiting(platform)
    slow.go.set()
    await asyncio.gather(storing, deleting)
    assert await left_of(platform, ada.account.account_id) == set()


async def test_the_only_administrator_stays_while_others_use_the_service(
    platform: Platform, ada: Owner, make_owner: MakeOwner
) -> None:
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
        await deletion.assert_not_alone(conn, ada.actor)
    await make_owner("bob")
    with pytest.raises(Conflict) as caught:
        await ask(ada)
    assert caught.value.code == "only_administrator"
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
    await ask(ada)


async def test_role_addresses_go_to_the_next_administrator(platform: Platform, ada: Owner, bob: Owner) -> None:
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
        await give_roles(conn, now=utc_now())
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    async with platform.db.connection() as conn:
        rows = await (
            await conn.execute("SELECT account_id FROM addresses WHERE address = 'postmaster@restante.test'")
        ).fetchall()
    assert rows == [(bob.account.account_id,)]


async def test_an_account_that_is_not_there_cannot_be_deleted(platform: Platform) -> None:
    with pytest.raises(NotFound):
        await deletion.delete(platform, new_id(), now=utc_now())
