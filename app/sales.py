"""What the plan and voucher commands do: core's verbs with a transaction around them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.commands import Command, Row
from app.core.administration import audit
from app.core.billing import money, plans, sheets, vouchers
from app.core.billing.model import NewPlan, Plan
from app.core.billing.purchases import service as purchases
from app.core.platform import Platform
from app.errors import Invalid
from app.lib.times import utc_today

Changes = Mapping[str, Any]
"""Fields of a plan by their names; `price` as people write it. What is not there stays."""
_FIRST: Changes = {"storage_limit": 10 * 10**9, "alias_limit": 1000, "domain_limit": 3, "lines": ()}


def plan_create(name: str, changes: Changes) -> Command:
    """Make a plan."""

    async def run(platform: Platform) -> Row:
        new = msgspec.convert(_priced({**_FIRST, "name": name, **changes}), NewPlan)
        async with platform.db.transaction() as conn:
            made = await plans.make(conn, new)
            await audit.note(conn, None, "plan_created", subject=made.name)
        return _plan(made)

    return run


def plan_change(name: str, changes: Changes) -> Command:
    """Change what is given."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            plan = await plans.find(conn, name)
            before = {field: getattr(plan, field) for field in NewPlan.__struct_fields__}
            before["price"] = money.plain(plan.price, plan.currency)
            changed = await plans.change(conn, plan.plan_id, msgspec.convert(_priced({**before, **changes}), NewPlan))
            is_retired = plan.is_on_sale and not changed.is_on_sale
            await audit.note(conn, None, "plan_retired" if is_retired else "plan_changed", subject=changed.name)
        return _plan(changed)

    return run


def plan_list() -> Command:
    """All plans as the shop orders them, with the number of vouchers that nobody has redeemed."""

    async def run(platform: Platform) -> list[Row]:
        async with platform.db.connection() as conn:
            left = {stock.plan_id: stock.voucher_count for stock in await vouchers.stocks(conn)}
            return [_plan(one) | {"vouchers": left.get(one.plan_id, 0)} for one in await plans.everything(conn)]

    return run


def voucher_create(plan_name: str, count: int) -> Command:
    """Make codes; they are shown this once."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            plan = await plans.find(conn, plan_name)
            codes = await vouchers.make(conn, plan.plan_id, count, today=utc_today())
            await audit.note(conn, None, "vouchers_created", subject=plan.name, details=str(len(codes)))
        directions = sheets.directions(platform.public_url, platform.joining)
        return {"plan": plan.name, "holds": sheets.contents(plan), "directions": directions, "codes": codes}

    return run


def voucher_void(code: str) -> Command:
    """Make a code worthless."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            plan = await vouchers.void(conn, code)
            await audit.note(conn, None, "voucher_revoked", subject=plan.name)
        return {"plan": plan.name, "worthless": True}

    return run


def purchase_show(payment: str) -> Command:
    """What became of the purchase that a payment of Stripe's paid."""

    async def run(platform: Platform) -> Row:
        async with platform.db.connection() as conn:
            found = await purchases.standing(conn, payment)
        return msgspec.structs.asdict(found) | {"made_on": found.made_on.isoformat()}

    return run


def _priced(fields: Changes) -> Changes:
    """With the price in minor units. Raises Invalid."""
    currency = money.currency_of(fields["currency"])
    if currency is None:
        raise Invalid.field("currency", money.NOT_A_CURRENCY)
    amount = money.amount_of(fields["price"], currency)
    if amount is None:
        raise Invalid.field("price", "Give a price above zero, as in 29 or 29.50.")
    return {**fields, "currency": currency, "price": amount}


def _plan(plan: Plan) -> Row:
    return {
        "plan_id": str(plan.plan_id),
        "name": plan.name,
        "price": money.shown(plan.price, plan.currency),
        "storage_limit": plan.storage_limit,
        "alias_limit": plan.alias_limit,
        "domain_limit": plan.domain_limit,
        "lines": list(plan.lines),
        "is_on_sale": plan.is_on_sale,
    }
