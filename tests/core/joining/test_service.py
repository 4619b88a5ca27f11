"""Joining: by mode, with a voucher, and no faster than is good."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import MadeAccount, NewAccount
from app.core.auth import service as auth
from app.core.auth.guessing import LOCAL, Guesses, Origin
from app.core.billing import plans, vouchers
from app.core.billing.model import NewPlan, Plan
from app.core.joining import service as joining
from app.core.platform import Platform
from app.errors import Conflict, Forbidden, Invalid, LimitReached
from tests.conftest import PASSWORD, MakeAccount

NOW = datetime(2026, 11, 22, 9, 48, tzinfo=UTC)
GB = 1 << 30
SMALL = NewPlan(
    name="Small", price=2900, currency="eur", storage_limit=5 * GB, alias_limit=123, domain_limit=1, lines=("Calm.",)
)
Mode = Callable[..., Platform]


@pytest.fixture
async def mode(platform: Platform, make_account: MakeAccount) -> Mode:
    """`mode("open", joining_rate=5)`: the platform in this mode; there is an administrator."""
    await make_account("root", is_admin=True)
    return lambda joining, **others: msgspec.structs.replace(platform, joining=joining, **others)


async def join(
    on: Platform, login: str = "ada", *, voucher: str = "", origin: Origin = LOCAL, now: datetime = NOW, **new: str
) -> MadeAccount:
    asked = msgspec.convert({"login": login, "password": PASSWORD} | new, NewAccount)
    return await joining.join(on, asked, voucher=voucher, origin=origin, now=now)


async def count(on: Platform, table: str) -> int:
    async with on.db.connection() as conn:
        row = await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


async def sold(on: Platform, codes: int = 1) -> tuple[Plan, list[str]]:
    async with on.db.transaction() as conn:
        plan = await plans.make(conn, SMALL)
        return plan, await vouchers.make(conn, plan.plan_id, codes, today=NOW.date())


async def test_where_everybody_may_join_an_account_is_made(mode: Mode) -> None:
    on = mode("open")
    made = await join(on)
    assert (made.account.login, made.account.kind, made.account.is_admin) == ("ada", "standard", False)
    assert made.account.created_on == NOW.date()
    assert made.account.storage_limit == on.storage_limit
    assert made.recovery_code is None
    assert (await auth.check_password(on, "ada", PASSWORD)).account == made.account


async def test_a_sealed_account_has_a_recovery_code(mode: Mode) -> None:
    on = mode("open")
    made = await join(on, kind="sealed")
    assert made.account.kind == "sealed"
    assert made.recovery_code
    assert (await auth.check_password(on, "ada", PASSWORD)).account.kind == "sealed"


async def test_nobody_joins_where_it_is_closed(mode: Mode) -> None:
    with pytest.raises(Forbidden) as caught:
        await join(mode("closed"))
    assert caught.value.code == "joining_closed"


async def test_nobody_joins_before_there_is_an_administrator(platform: Platform) -> None:
    """The first account is made at the address that the operator was told; a stranger's must not close it."""
    on = msgspec.structs.replace(platform, joining="open")
    with pytest.raises(Forbidden, match="no administrator yet"):
        await join(on)
    with pytest.raises(Forbidden):
        await joining.assert_open(on)
    assert await count(on, "accounts") == 0


@pytest.mark.parametrize("by", ["voucher", "purchase"])
async def test_a_voucher_is_redeemed_with_the_account(mode: Mode, by: str) -> None:
    on = mode(by)
    plan, (code,) = await sold(on)
    made = await join(on, voucher=code.lower())
    assert await count(on, "vouchers") == 0
    async with on.db.connection() as conn:
        account = await accounts.get(conn, made.account.account_id)
    assert (account.storage_limit, account.alias_limit) == (plan.storage_limit, plan.alias_limit)
    with pytest.raises(Invalid) as caught:
        await join(on, "bob", voucher=code)
    assert [fault.field for fault in caught.value.fields] == ["voucher"]


@pytest.mark.parametrize("code", ["", "x", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"])
async def test_without_a_good_voucher_nothing_is_made(mode: Mode, code: str) -> None:
    on = mode("voucher")
    with pytest.raises(Invalid) as caught:
        await join(on, voucher=code)
    assert [fault.field for fault in caught.value.fields] == ["voucher"]
    assert await count(on, "accounts") == 1
    async with on.db.connection() as conn:
        await accounts.check_free(conn, "ada")


async def test_what_is_wrong_with_the_rest_leaves_the_voucher_good(mode: Mode) -> None:
    on = mode("voucher")
    _, (code,) = await sold(on)
    for login, password, error in (
        ("a", PASSWORD, Invalid),
        ("ada", "password123", Invalid),
        ("ROOT", PASSWORD, Conflict),
    ):
        with pytest.raises(error):
            await join(on, login, voucher=code, password=password)
    assert await count(on, "vouchers") == 1
    await join(on, voucher=code)


async def test_of_two_with_one_voucher_one_joins(mode: Mode) -> None:
    on = mode("voucher")
    _, (code,) = await sold(on)
    results = await asyncio.gather(*(join(on, login, voucher=code) for login in ("ada", "bob")), return_exceptions=True)
    assert {type(result) for result in results} == {Invalid, MadeAccount}
    assert await count(on, "accounts") == 2


async def test_of_two_with_one_login_one_joins(mode: Mode) -> None:
    on = mode("open")
    results = await asyncio.gather(join(on), join(on, "ADA"), return_exceptions=True)
    assert {type(result) for result in results} == {Conflict, MadeAccount}


async def test_so_many_join_in_an_hour_and_no_more(mode: Mode) -> None:
    on = mode("open", joining_rate=3)
    results = await asyncio.gather(*(join(on, f"user{number}") for number in range(8)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, LimitReached)]
    assert (len(refused), await count(on, "accounts")) == (5, 1 + 3)
    assert {error.retry_after for error in refused} == {12 * 60}
    await join(on, "later", now=NOW + timedelta(minutes=12))


async def test_the_hour_is_forgotten_when_it_is_over(mode: Mode) -> None:
    on = mode("open")
    await join(on)
    assert await joining.forget_pace(on.db, now=NOW + timedelta(minutes=11)) == 0
    assert await joining.forget_pace(on.db, now=NOW + timedelta(minutes=12)) == 1


async def test_who_pays_is_not_kept_waiting_by_the_hour(mode: Mode) -> None:
    on = mode("voucher", joining_rate=1)
    _, codes = await sold(on, 3)
    for number, code in enumerate(codes):
        await join(on, f"user{number}", voucher=code)


async def test_one_network_makes_few_accounts_and_tries_few_names(mode: Mode) -> None:
    on, network = mode("open", joining_rate=1000), Origin(network="4:1/24")
    for number in range(10):
        await join(on, f"user{number}", origin=network)
    with pytest.raises(LimitReached):
        await join(on, "user10", origin=network)
    await join(on, "another", origin=Origin(network="4:2/24"))
    on = msgspec.structs.replace(on, guesses=Guesses())
    for _ in range(30):
        with pytest.raises(Conflict):
            await join(on, "root", origin=network)
    with pytest.raises(LimitReached):
        await join(on, "root", origin=network)
