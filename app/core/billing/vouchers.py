"""Vouchers: codes for a plan, of which a hash is stored until somebody redeems them, and then nothing.

The caller owns the transaction. Codes are answered once, in groups of four characters; `app.vault.vouchers` makes them.
"""

from datetime import date
from uuid import UUID

from app.core.billing import plans, queries
from app.core.billing.model import Grant, Plan, Stock
from app.errors import Invalid, NotFound
from app.lib.db import Conn
from app.vault import vouchers as codes

MAX_AT_ONCE = 1000
_MOST_BYTES = 1 << 50
_EMPTY = "Type the code of a voucher here."
_MISTYPED = "There is a typing error in this code. It has seven groups of four letters and digits."
_UNKNOWN = "Nobody can redeem this code: it has been redeemed already, or its payment was taken back."


async def make(conn: Conn, plan_id: UUID, count: int, *, today: date) -> list[str]:
    """So many new codes for the plan, 1 to 1,000; they are shown this once. Raises Invalid, NotFound."""
    if not 1 <= count <= MAX_AT_ONCE:
        raise Invalid.field("count", f"Choose a number from 1 to {MAX_AT_ONCE:,}.")
    await plans.get(conn, plan_id)
    made = [codes.new_code() for _ in range(count)]
    await queries.insert_vouchers(conn, plan_id, [codes.hash_code(code) for code in made], made_on=today)
    return [codes.shown(code) for code in made]


async def redeem(conn: Conn, code: str, *, account_id: UUID, today: date) -> Plan:
    """Give the account that is just being made what the voucher's plan says; the voucher is forgotten.

    Of two at once one wins. Raises Invalid, on the field `voucher`, for codes that are mistyped, unknown or used.
    """
    plan = await _take(conn, code)
    await _give(conn, account_id, _as_sold(plan), plan, today=today)
    return plan


async def upgrade(conn: Conn, code: str, *, account_id: UUID, today: date) -> Plan:
    """Give an account more: the storage of all its vouchers adds up, and of the rest the larger number counts.

    What an account without a voucher had was not bought: of its storage, too, the larger counts. A voucher that would
    bring nothing is refused and stays good. Raises Invalid like `redeem`.
    """
    before = await queries.account(conn, account_id)
    if before is None:
        raise NotFound
    had = Grant(storage_limit=before.storage_limit, alias_limit=before.alias_limit, domain_limit=before.domain_limit)
    plan = await _take(conn, code)
    grant = _together(had, _as_sold(plan), adds_up=before.plan_id is not None)
    if grant == had:
        text = f"Your account has all of “{plan.name}” already. The code stays good; give it to somebody else."
        raise Invalid.field("voucher", text)
    await _give(conn, account_id, grant, plan, today=today)
    return plan


async def void(conn: Conn, code: str) -> Plan:
    """Make a code worthless, one that was lost for example; its plan. Raises Invalid like `redeem`."""
    return await _take(conn, code)


async def stocks(conn: Conn) -> list[Stock]:
    """How many vouchers of each plan nobody has redeemed yet; plans without any are left out."""
    return await queries.stocks(conn)


async def _take(conn: Conn, code: str) -> Plan:
    if not code.strip():
        raise Invalid.field("voucher", _EMPTY)
    secret = codes.typed(code)
    if secret is None:
        raise Invalid.field("voucher", _MISTYPED)
    plan_id = await queries.delete_voucher(conn, codes.hash_code(secret))
    if plan_id is None:
        raise Invalid.field("voucher", _UNKNOWN)
    return await plans.get(conn, plan_id)


async def _give(conn: Conn, account_id: UUID, grant: Grant, plan: Plan, *, today: date) -> None:
    await queries.give(conn, account_id, grant, plan_id=plan.plan_id, today=today)


def _as_sold(plan: Plan) -> Grant:
    return Grant(storage_limit=plan.storage_limit, alias_limit=plan.alias_limit, domain_limit=plan.domain_limit)


def _together(had: Grant, more: Grant, *, adds_up: bool) -> Grant:
    storage = had.storage_limit + more.storage_limit if adds_up else max(had.storage_limit, more.storage_limit)
    return Grant(
        storage_limit=min(storage, _MOST_BYTES),
        alias_limit=max(had.alias_limit, more.alias_limit),
        domain_limit=max(had.domain_limit, more.domain_limit),
    )
