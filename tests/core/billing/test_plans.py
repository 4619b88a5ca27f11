"""Plans: what an administrator may write, and that nobody who holds a voucher is given less than it was sold for."""

from typing import Any

import msgspec
import pytest

from app.core.billing import money, plans, vouchers
from app.core.billing.model import NewPlan, Plan
from app.core.platform import Platform
from app.errors import Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_today

GOOD = NewPlan(
    name="Person",
    price=2900,
    currency="eur",
    storage_limit=10 << 30,
    alias_limit=1000,
    domain_limit=3,
    lines=("Mail.",),
)


async def made(platform: Platform, **changes: object) -> Plan:
    async with platform.db.transaction() as conn:
        return await plans.make(conn, msgspec.structs.replace(GOOD, **changes))


async def test_plans_are_listed_as_the_shop_orders_them(platform: Platform) -> None:
    second, first = await made(platform, position=2), await made(platform, name="Café", position=1)
    hidden = await made(platform, name="Old", position=3, is_on_sale=False)
    async with platform.db.connection() as conn:
        assert await plans.everything(conn) == [first, second, hidden]
        assert await plans.on_sale(conn) == [first, second]
        assert await plans.find(conn, " CAFÉ ") == first
        assert await plans.find(conn, str(second.plan_id)) == second
        with pytest.raises(NotFound, match="restante plan list"):
            await plans.find(conn, "nothing")
        with pytest.raises(NotFound):
            await plans.get(conn, new_id())


async def test_a_name_of_two_plans_names_neither(platform: Platform) -> None:
    await made(platform)
    await made(platform)
    async with platform.db.connection() as conn:
        with pytest.raises(Invalid, match="Several"):
            await plans.find(conn, "person")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"name": "a\nb"},
        {"currency": "EUR"},
        {"currency": "euro"},
        {"currency": "zzz"},
        {"price": 0},
        {"price": 100_000_000},
        {"storage_limit": -1},
        {"alias_limit": 1_000_001},
        {"domain_limit": 101},
        {"lines": ("x",) * 13},
        {"lines": ("x" * 201,)},
        {"lines": ("a\0b",)},
        {"position": -1},
    ],
    ids=str,
)
async def test_what_cannot_be_sold_is_refused(platform: Platform, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        await made(platform, **changes)
    assert [fault.field for fault in refused.value.fields] == list(changes)


async def test_a_plan_does_not_shrink_while_vouchers_of_it_are_out(platform: Platform) -> None:
    plan = await made(platform)
    async with platform.db.transaction() as conn:
        (code,) = await vouchers.make(conn, plan.plan_id, 1, today=utc_today())
    dearer = msgspec.structs.replace(GOOD, name="Person+", price=3900, storage_limit=20 << 30)
    less = msgspec.structs.replace(GOOD, alias_limit=999)
    async with platform.db.transaction() as conn:
        assert (await plans.change(conn, plan.plan_id, dearer)).storage_limit == 20 << 30
        with pytest.raises(Invalid, match="sold for more") as refused:
            await plans.change(conn, plan.plan_id, less)
        assert [fault.field for fault in refused.value.fields] == ["storage_limit", "alias_limit"]
        await vouchers.void(conn, code)
        assert (await plans.change(conn, plan.plan_id, less)).alias_limit == 999


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("29", "eur", 2900),
        ("29.90", "eur", 2990),
        (" 29,9 ", "eur", 2990),
        ("0.01", "usd", 1),
        ("2900", "jpy", 2900),
        ("1.234", "kwd", 1234),
        ("999999.99", "eur", 99_999_999),
        ("29.999", "eur", None),
        ("29.5", "jpy", None),
        ("0", "eur", None),
        ("-1", "eur", None),
        ("1000000", "eur", None),
        ("1e400", "eur", None),
        ("NaN", "eur", None),
        ("Infinity", "eur", None),
        ("", "eur", None),
        ("free", "eur", None),
    ],
)
def test_prices_are_read_as_people_write_them(text: str, currency: str, amount: int | None) -> None:
    assert money.amount_of(text, currency) == amount
    if amount is not None:
        assert money.amount_of(money.plain(amount, currency), currency) == amount


def test_prices_are_shown_with_their_currency() -> None:
    assert money.shown(2990, "eur") == "29.90 EUR"
    assert money.shown(2900, "jpy") == "2900 JPY"
    assert money.shown(1234, "kwd") == "1.234 KWD"
    assert money.currency_of(" Eur ") == "eur"
    assert money.currency_of("€") is None
