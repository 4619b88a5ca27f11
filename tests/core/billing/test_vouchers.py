"""Vouchers: made, typed, redeemed once, and what an account has afterwards."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Account, Limits
from app.core.billing import plans, vouchers
from app.core.billing.model import Plan
from app.core.platform import Platform
from app.errors import Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_today
from tests.conftest import MakeAccount

GB = 1 << 30
MakePlan = Callable[..., Awaitable[Plan]]


async def codes_for(platform: Platform, plan: Plan, count: int = 1) -> list[str]:
    async with platform.db.transaction() as conn:
        return await vouchers.make(conn, plan.plan_id, count, today=utc_today())


async def redeem(platform: Platform, code: str, account: Account) -> Plan:
    async with platform.db.transaction() as conn:
        return await vouchers.redeem(conn, code, account_id=account.account_id, today=utc_today())


async def upgrade(platform: Platform, code: str, account: Account) -> Plan:
    async with platform.db.transaction() as conn:
        return await vouchers.upgrade(conn, code, account_id=account.account_id, today=utc_today())


async def now_has(platform: Platform, account: Account) -> tuple[int, int, int]:
    async with platform.db.connection() as conn:
        found = await accounts.get(conn, account.account_id)
    return found.storage_limit, found.alias_limit, found.domain_limit


async def test_a_voucher_makes_an_account_what_its_plan_says_and_is_forgotten(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    plan, account = await make_plan(), await make_account()
    (code,) = await codes_for(platform, plan)
    assert await redeem(platform, code, account) == plan
    assert await now_has(platform, account) == (5 * GB, 100, 1)
    async with platform.db.connection() as conn:
        held = await plans.held(conn, account.account_id)
        assert held is not None
        assert (held.plan, held.since) == (plan, utc_today())
        assert await vouchers.stocks(conn) == []
    with pytest.raises(Invalid, match="redeemed already") as refused:
        await redeem(platform, code, account)
    assert [fault.field for fault in refused.value.fields] == ["voucher"]


async def test_a_typing_error_is_told_from_an_unknown_code(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    account = await make_account()
    (code,) = await codes_for(platform, await make_plan())
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for typed in ("", "  "):
        with pytest.raises(Invalid, match="Type the code"):
            await redeem(platform, typed, account)
    for typed in ("hello", wrong, code + "0", code[:-5]):
        with pytest.raises(Invalid, match="typing error"):
            await redeem(platform, typed, account)
    loose = f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert (await redeem(platform, loose, account)).name == "Small"


async def test_of_many_who_redeem_one_code_at_once_one_wins(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    (code,) = await codes_for(platform, await make_plan(storage_limit=7 * GB))
    racers = [await make_account(f"racer{number}") for number in range(6)]
    ends = await asyncio.gather(*(redeem(platform, code, one) for one in racers), return_exceptions=True)
    assert sum(isinstance(end, Plan) for end in ends) == 1
    assert all(isinstance(end, Plan | Invalid) for end in ends)
    have = [await now_has(platform, one) for one in racers]
    assert sum(storage == 7 * GB for storage, _, _ in have) == 1


async def test_what_was_redeemed_in_a_transaction_that_fails_stays_good(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    account = await make_account()
    (code,) = await codes_for(platform, await make_plan())

    async def fail() -> None:
        async with platform.db.transaction() as conn:
            await vouchers.redeem(conn, code, account_id=account.account_id, today=utc_today())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await redeem(platform, code, account)).name == "Small"


async def test_storage_of_vouchers_adds_up_and_of_the_rest_the_larger_counts(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    account = await make_account()  # 64 MiB, 10,000 aliases and 100 domains, of no voucher
    small, large = await make_plan(), await make_plan(name="Large", storage_limit=50 * GB, alias_limit=20_000)
    first, second, third = *await codes_for(platform, small, 2), *await codes_for(platform, large)
    await upgrade(platform, first, account)
    assert await now_has(platform, account) == (5 * GB, 10_000, 100)
    await upgrade(platform, second, account)
    assert await now_has(platform, account) == (10 * GB, 10_000, 100)
    await upgrade(platform, third, account)
    assert await now_has(platform, account) == (60 * GB, 20_000, 100)
    async with platform.db.connection() as conn:
        held = await plans.held(conn, account.account_id)
    assert held is not None
    assert held.plan == large


async def test_a_voucher_that_brings_nothing_is_refused_and_stays_good(
    platform: Platform, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    rich, poor = await make_account("rich"), await make_account("poor")
    async with platform.db.transaction() as conn:
        await accounts.change_limits(conn, rich, Limits(storage_limit=100 * GB))
    (code,) = await codes_for(platform, await make_plan())
    with pytest.raises(Invalid, match="stays good"):
        await upgrade(platform, code, rich)
    assert (await upgrade(platform, code, poor)).name == "Small"


async def test_a_code_can_be_made_worthless(platform: Platform, make_plan: MakePlan, make_account: MakeAccount) -> None:
    plan, account = await make_plan(), await make_account()
    lost, kept = await codes_for(platform, plan, 2)
    async with platform.db.transaction() as conn:
        assert await vouchers.void(conn, lost) == plan
        assert [stock.voucher_count for stock in await vouchers.stocks(conn)] == [1]
    with pytest.raises(Invalid, match="redeemed already"):
        await redeem(platform, lost, account)
    await redeem(platform, kept, account)


async def test_codes_are_made_in_numbers_and_stored_as_hashes_alone(platform: Platform, make_plan: MakePlan) -> None:
    plan = await make_plan()
    made = await codes_for(platform, plan, 50)
    assert len(set(made)) == 50
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT v::text FROM vouchers v")).fetchall()
    assert len(rows) == 50
    assert not [code for code in made if code in str(rows) or code.replace("-", "") in str(rows)]
    for count in (0, -1, 1001):
        with pytest.raises(Invalid, match="1,000"):
            await codes_for(platform, plan, count)
    with pytest.raises(NotFound):
        await codes_for(platform, msgspec.structs.replace(plan, plan_id=new_id()))
