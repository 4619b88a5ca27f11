"""Plans: what can be bought, written by administrators. The caller owns the transaction."""

from collections.abc import Mapping
from uuid import UUID

from app.core.billing import money, queries
from app.core.billing.model import Held, NewPlan, Plan
from app.errors import FieldError, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id

MAX_PLANS = 100
MAX_NAME_CHARS = 60
MAX_LINES = 12
MAX_LINE_CHARS = 200
_MOST: Mapping[str, int] = {"storage_limit": 1 << 50, "alias_limit": 1_000_000, "domain_limit": 100}
"""As of accounts."""
_MAX_POSITION = 1000


async def everything(conn: Conn) -> list[Plan]:
    """All plans as the shop orders them, also those that are not on sale."""
    return await queries.plans(conn, limit=MAX_PLANS)


async def on_sale(conn: Conn) -> list[Plan]:
    """What the shop shows."""
    return [plan for plan in await everything(conn) if plan.is_on_sale]


async def get(conn: Conn, plan_id: UUID) -> Plan:
    """The plan. Raises NotFound."""
    plan = await queries.plan(conn, plan_id)
    if plan is None:
        raise NotFound("There is no such plan.")
    return plan


async def find(conn: Conn, name: str) -> Plan:
    """The plan of this name or id, however its letters are cased. Raises NotFound; Invalid where two have the name."""
    wanted = name.strip().casefold()
    found = [plan for plan in await everything(conn) if wanted in {plan.name.casefold(), str(plan.plan_id)}]
    if not found:
        raise NotFound("There is no plan of this name; `restante plan list` shows them.")
    if len(found) > 1:
        raise Invalid.field("plan", "Several plans have this name; give the id that `restante plan list` shows.")
    return found[0]


async def held(conn: Conn, account_id: UUID) -> Held | None:
    """The plan of the account's newest voucher and the day it was redeemed; None without one."""
    row = await queries.held(conn, account_id)
    return Held(plan=await get(conn, row[0]), since=row[1]) if row else None


async def make(conn: Conn, new: NewPlan) -> Plan:
    """A new plan. Raises Invalid with every fault, LimitReached."""
    _check(new)
    if len(await everything(conn)) >= MAX_PLANS:
        raise LimitReached(f"There are {MAX_PLANS} plans already; change one of them.", code="too_many_plans")
    plan_id = new_id()
    await queries.insert_plan(conn, plan_id, new)
    return await get(conn, plan_id)


async def change(conn: Conn, plan_id: UUID, new: NewPlan) -> Plan:
    """Another name, price or content; accounts that have the plan keep what they have.

    While vouchers of it are out it cannot become smaller: they were sold for what it says. Raises Invalid with every
    fault, NotFound.
    """
    _check(new)
    await queries.lock_plan(conn, plan_id)
    before = await get(conn, plan_id)
    less = [name for name in _MOST if getattr(new, name) < getattr(before, name)]
    if less and await queries.is_promised(conn, plan_id):
        text = "Vouchers were sold for more, and are not all redeemed. Take this plan off sale and make another."
        raise Invalid(text, fields=[FieldError(field=name, message=text) for name in less])
    await queries.update_plan(conn, plan_id, new)
    return await get(conn, plan_id)


def _check(new: NewPlan) -> None:
    faults = {
        f"{name}": f"Choose a number from 0 to {most:,}."
        for name, most in _MOST.items()
        if not 0 <= getattr(new, name) <= most
    }
    if not new.name.strip() or len(new.name) > MAX_NAME_CHARS or not new.name.isprintable():
        faults["name"] = f"Give it a name of 1 to {MAX_NAME_CHARS} characters."
    if money.currency_of(new.currency) != new.currency:
        faults["currency"] = money.NOT_A_CURRENCY
    if not 1 <= new.price <= money.MOST:
        faults["price"] = "Give a price above zero, of at most eight digits."
    if len(new.lines) > MAX_LINES or any(not 0 < len(line) <= MAX_LINE_CHARS or "\0" in line for line in new.lines):
        faults["lines"] = f"At most {MAX_LINES} lines of at most {MAX_LINE_CHARS} characters."
    if not 0 <= new.position <= _MAX_POSITION:
        faults["position"] = f"Choose a number from 0 to {_MAX_POSITION}."
    if faults:
        fields = [FieldError(field=name, message=message) for name, message in faults.items()]
        raise Invalid("The plan cannot be kept like this.", fields=fields)
