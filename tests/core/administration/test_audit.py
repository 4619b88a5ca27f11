"""The audit log takes entries, gives them back newest first, and lets nobody change them."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest

from app.core.accounts.model import Account
from app.core.administration import audit
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.conftest import MakeAccount

ActorOf = Callable[[Account], Awaitable[Actor]]


async def _note_three(platform: Platform, admin: Actor, owner: Account) -> None:
    async with platform.db.transaction() as conn:
        await audit.note(conn, admin, "account_suspended", account_id=owner.account_id, details="spam")
        await audit.note(conn, None, "shared_domain_added", subject="example.org")
        await audit.note(conn, admin, "account_restored", account_id=owner.account_id)


async def test_entries_tell_who_did_what_to_whom(
    platform: Platform, make_account: MakeAccount, actor_of: ActorOf
) -> None:
    admin = await actor_of(await make_account("root", is_admin=True))
    owner = await make_account("ada")
    await _note_three(platform, admin, owner)
    async with platform.db.connection() as conn:
        everything = await audit.page(conn, limit=10)
        of_owner = await audit.page(conn, account_id=owner.account_id, limit=10)
    assert [one.action for one in everything] == ["account_restored", "shared_domain_added", "account_suspended"]
    assert [one.actor_login for one in everything] == ["root", None, "root"]
    assert everything[1].actor_id is None
    assert everything[1].subject == "example.org"
    assert [(one.action, one.account_login, one.details) for one in of_owner] == [
        ("account_restored", "ada", ""),
        ("account_suspended", "ada", "spam"),
    ]
    assert abs((everything[0].noted_at - utc_now()).total_seconds()) < 60


async def test_pages_go_both_ways(platform: Platform, make_account: MakeAccount, actor_of: ActorOf) -> None:
    admin = await actor_of(await make_account("root", is_admin=True))
    await _note_three(platform, admin, await make_account("ada"))
    async with platform.db.connection() as conn:
        newest, middle, oldest = await audit.page(conn, limit=3)
        assert await audit.page(conn, before=newest.entry_id, limit=1) == [middle]
        assert await audit.page(conn, after=oldest.entry_id, limit=1) == [middle]
        assert await audit.page(conn, after=middle.entry_id, limit=5) == [newest]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entries SET details = 'nothing'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"],
)
async def test_nothing_is_changed_or_taken_out(platform: Platform, statement: str) -> None:
    async with platform.db.transaction() as conn:
        await audit.note(conn, None, "shared_domain_added", subject="example.org")
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with platform.db.transaction() as conn:
            await conn.execute(statement.encode())
    async with platform.db.connection() as conn:
        assert [one.subject for one in await audit.page(conn, limit=10)] == ["example.org"]


async def test_what_is_older_than_a_year_is_forgotten(platform: Platform) -> None:
    async with platform.db.transaction() as conn:
        await audit.note(conn, None, "shared_domain_added", subject="young.example")
        await conn.execute(
            """INSERT INTO audit_entries (entry_id, noted_at, action, subject, details)
               VALUES (%s, now() - interval '367 days', 'shared_domain_added', 'old.example', '')""",
            (new_id(),),
        )
    assert await audit.forget(platform, now=utc_now()) == 1
    async with platform.db.connection() as conn:
        assert [one.subject for one in await audit.page(conn, limit=10)] == ["young.example"]
