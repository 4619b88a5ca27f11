"""Purchases: from the shop to Stripe, what its events change, and the receipt that shows the voucher.

A purchase knows no account and an account no purchase; `docs/threat-model.md` says what that leaves to be seen.
"""

from datetime import date, timedelta
from uuid import UUID, uuid4

import msgspec

from app.core.billing import money, plans
from app.core.billing import queries as stock
from app.core.billing.model import Plan
from app.core.billing.purchases import queries
from app.core.billing.purchases.model import Fact, NewPurchase, Purchase, State, VoucherState
from app.core.billing.purchases.state import change_of, state_of
from app.core.billing.shop import Shop
from app.core.platform import Platform
from app.errors import Conflict, NotFound, Unavailable
from app.lib.db import Conn
from app.lib.logs import logger
from app.vault import tokens
from app.vault import vouchers as codes
from app.vault.instance import InstanceKey

SHOWN_FOR = timedelta(days=30)
"""From the purchase on; the code itself has no end."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer sees of a purchase."""

    plan: Plan
    price: str
    made_on: date
    state: State
    code: str | None
    """The voucher's, as long as it is shown."""
    is_kept: bool
    """The buyer has it, and wants it shown no more."""
    is_redeemed: bool
    shown_until: date

    def __repr__(self) -> str:
        return f"Receipt(state={self.state!r})"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator may know of a purchase."""

    plan: str
    price: str
    made_on: date
    state: State
    is_redeemable: bool
    """Its voucher is there: a refund makes it worthless."""


async def start(platform: Platform, shop: Shop, plan_id: UUID, *, today: date) -> str:
    """Where the buyer pays for the plan: an address of Stripe's.

    The purchase is stored before Stripe hears of it, so no event comes too early. Raises NotFound, Unavailable, and
    Conflict for a plan that is no longer on sale.
    """
    secret = tokens.new_secret()
    async with platform.db.transaction() as conn:
        plan = await plans.get(conn, plan_id)
        if not plan.is_on_sale:
            raise Conflict("This plan is no longer for sale. Open the prices again.", code="not_on_sale")
        purchase_id = uuid4()  # random: ids of purchases tell no time
        new = NewPurchase(
            purchase_id=purchase_id,
            plan_id=plan.plan_id,
            price=plan.price,
            currency=plan.currency,
            made_on=today,
            receipt_hash=tokens.hash_secret(secret),
            voucher_hash=codes.hash_code(codes.code_of_receipt(platform.instance, secret)),
        )
        await queries.insert_purchase(conn, new)
    try:
        opened = await shop.checkout.open(
            name=f"Restante voucher: {plan.name}",
            amount=plan.price,
            currency=plan.currency,
            reference=str(purchase_id),
            success_url=f"{platform.public_url}/shop/receipts/{secret}?session={{CHECKOUT_SESSION_ID}}",
            cancel_url=f"{platform.public_url}/pricing?cancelled=1",
        )
    except Unavailable:
        async with platform.db.transaction() as conn:
            await queries.delete_purchase(conn, purchase_id)
        raise
    async with platform.db.transaction() as conn:
        await queries.set_session(conn, purchase_id, opened.session)
    return opened.url


async def take(conn: Conn, fact: Fact, *, today: date) -> None:
    """Let an event of Stripe's count, once, in whatever order events come: make the voucher, or make it worthless."""
    if fact.payment is not None:
        await queries.lock_payment(conn, fact.payment)
    purchase = await queries.held(conn, fact.purchase_id, fact.payment)
    is_new = await queries.insert_fact(conn, fact, today=today)
    if purchase is None or not is_new:
        return
    payment = purchase.payment or fact.payment
    state = state_of(await queries.facts(conn, purchase.purchase_id, payment))
    voucher = await _adjusted(conn, purchase, state, today=today)
    await queries.set_state(conn, purchase.purchase_id, state=state, voucher=voucher, payment=payment)
    if state != purchase.state:
        logger().info("purchase_changed", state=state)  # no id: lines have times


async def receipt(conn: Conn, instance: InstanceKey, secret: str, session: str, *, today: date) -> Receipt:
    """The receipt, for who has both its secret and the id of its Checkout session. Raises NotFound."""
    purchase = await _found(conn, secret, session)
    plan = await plans.get(conn, purchase.plan_id)
    is_there = purchase.voucher_hash is not None and await stock.is_voucher(conn, purchase.voucher_hash)
    shown_until = purchase.made_on + SHOWN_FOR
    is_shown = purchase.state == "paid" and is_there and not purchase.is_kept and today <= shown_until
    return Receipt(
        plan=plan,
        price=money.shown(purchase.price, purchase.currency),
        made_on=purchase.made_on,
        state=purchase.state,
        code=codes.shown(codes.code_of_receipt(instance, secret)) if is_shown else None,
        is_kept=purchase.is_kept,
        is_redeemed=purchase.voucher == "redeemed" or (purchase.voucher == "made" and not is_there),
        shown_until=shown_until,
    )


async def standing(conn: Conn, payment: str) -> Standing:
    """What became of the purchase that a payment of Stripe's paid: look before money is given back. Raises NotFound."""
    purchase = await queries.by_payment(conn, payment)
    if purchase is None:
        raise NotFound("No purchase here was paid by this payment; its number begins with pi_.")
    plan = await plans.get(conn, purchase.plan_id)
    return Standing(
        plan=plan.name,
        price=money.shown(purchase.price, purchase.currency),
        made_on=purchase.made_on,
        state=purchase.state,
        is_redeemable=purchase.voucher_hash is not None and await stock.is_voucher(conn, purchase.voucher_hash),
    )


async def keep(conn: Conn, secret: str, session: str) -> None:
    """The buyer has the code; it is shown no more. Raises NotFound, and Conflict before there is one."""
    purchase = await _found(conn, secret, session)
    if purchase.voucher != "made":
        raise Conflict("There is no code yet that you could have.", code="no_code")
    await queries.set_kept(conn, purchase.purchase_id)


async def _found(conn: Conn, secret: str, session: str) -> Purchase:
    purchase = await queries.by_receipt(conn, tokens.hash_secret(secret))
    if purchase is None or purchase.session is None or not tokens.secrets_equal(purchase.session, session):
        raise NotFound("There is no such receipt. Its address is long: see whether all of it was copied.")
    return purchase


async def _adjusted(conn: Conn, purchase: Purchase, state: State, *, today: date) -> VoucherState:
    """Make or take back the voucher as the state asks; how it stands then.

    The voucher's day is that of the payment, or of a dispute that was won.
    """
    change = change_of(state, purchase.voucher)
    if change is None or purchase.voucher_hash is None:
        return purchase.voucher
    if change == "make":
        await stock.insert_vouchers(conn, purchase.plan_id, [purchase.voucher_hash], made_on=today)
        return "made"
    return "redeemed" if await stock.delete_voucher(conn, purchase.voucher_hash) is None else "withdrawn"
