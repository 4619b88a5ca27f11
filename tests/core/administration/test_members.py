"""Two administrators at once never leave the service without one; and days of last use are as fine as a day."""

import asyncio

import pytest

from app.core.accounts.model import Account
from app.core.administration.members import service as members
from app.core.auth import service as auth
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.errors import Conflict
from app.lib.times import utc_now, utc_today
from tests.conftest import PASSWORD, MakeAccount
from tests.core.administration.test_audit import ActorOf


async def test_two_who_remove_each_other_leave_one(
    platform: Platform, make_account: MakeAccount, actor_of: ActorOf
) -> None:
    one, two = [await make_account(login, is_admin=True) for login in ("one", "two")]

    async def remove(actor: Actor, other: Account) -> bool:
        try:
            async with platform.db.transaction() as conn:
                await members.set_admin(conn, actor, other, is_admin=False)
        except Conflict:
            return False
        return True

    both = await asyncio.gather(remove(await actor_of(one), two), remove(await actor_of(two), one))
    assert sorted(both) == [False, True]
    async with platform.db.connection() as conn:
        left = [(await members.get(conn, each.account_id)) for each in (one, two)]
    assert [each.account.is_admin for each in left].count(True) == 1
    assert [each.is_last_admin for each in left].count(True) == 1


async def test_who_cannot_sign_in_is_no_administrator_to_count_on(
    platform: Platform, make_account: MakeAccount, actor_of: ActorOf
) -> None:
    one, two = [await make_account(login, is_admin=True) for login in ("one", "two")]
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET status = 'suspended' WHERE login = 'two'")
        with pytest.raises(Conflict):
            await members.set_admin(conn, await actor_of(one), one, is_admin=False)
        assert (await members.get(conn, one.account_id)).account.is_admin
        assert (await members.get(conn, two.account_id)).account.is_admin


async def test_the_day_of_the_last_sign_in(platform: Platform, make_account: MakeAccount) -> None:
    made = await make_account("ada")
    async with platform.db.connection() as conn:
        assert (await members.get(conn, made.account_id)).account.last_used_on is None
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        await auth.start_session(conn, signed_in, now=utc_now())
        assert (await members.get(conn, made.account_id)).account.last_used_on == utc_today()
