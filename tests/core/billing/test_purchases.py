"""Purchases against a fake of Stripe: every order of events, refunds, disputes, receipts, and what can be joined."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from psycopg import sql

from app.core.billing import vouchers
from app.core.billing.model import Plan
from app.core.billing.purchases import retention, service
from app.core.billing.purchases.reading import HANDLED, fact_of
from app.core.billing.purchases.service import Receipt
from app.core.billing.shop import Shop
from app.core.platform import Platform
from app.errors import Conflict, Invalid, LimitReached, NotFound, Unavailable
from app.lib.checkout import Checkout
from app.lib.times import utc_now, utc_today
from tests.conftest import MakeAccount
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, signed

MakePlan = Callable[..., Awaitable[Plan]]
TODAY = utc_today()


class Buyer:
    """Goes from the shop to Stripe and comes back with the receipt's address."""

    def __init__(self, platform: Platform, shop: Shop, stripe: StripeServer) -> None:
        self.platform, self.shop, self.stripe = platform, shop, stripe
        self.session, self.secret = "", ""

    async def choose(self, plan: Plan) -> None:
        url = await service.start(self.platform, self.shop, plan.plan_id, today=TODAY)
        self.session = urlsplit(url).path.rpartition("/")[2]
        returning = urlsplit(self.stripe.sessions[self.session]["success_url"])
        self.secret = returning.path.removeprefix("/shop/receipts/")
        assert parse_qs(returning.query) == {"session": ["{CHECKOUT_SESSION_ID}"]}

    async def take(self, *events: dict[str, Any]) -> None:
        for event in events:
            fact = fact_of(await self.shop.checkout.event(*signed(event)))
            assert fact is not None
            async with self.platform.db.transaction() as conn:
                await service.take(conn, fact, today=TODAY)

    async def take_all(self) -> Sequence[dict[str, Any]]:
        """Everything that Stripe has to say by now."""
        events, self.stripe.waiting = self.stripe.waiting, []
        await self.take(*events)
        return events

    async def receipt(self, *, today: date = TODAY) -> Receipt:
        async with self.platform.db.connection() as conn:
            return await service.receipt(conn, self.platform.instance, self.secret, self.session, today=today)


@pytest.fixture
async def buyer(platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan) -> Buyer:
    made = Buyer(platform, shop, stripe)
    await made.choose(await make_plan())
    return made


async def redeem(platform: Platform, code: str, account_id: UUID) -> Plan:
    async with platform.db.transaction() as conn:
        return await vouchers.redeem(conn, code, account_id=account_id, today=TODAY)


async def test_a_purchase_gives_a_voucher_that_opens_an_account(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    before = await buyer.receipt()
    assert (before.state, before.code, before.price) == ("open", None, "29.00 EUR")
    stripe.pay(buyer.session)
    await buyer.take_all()
    paid = await buyer.receipt()
    assert paid.state == "paid"
    assert paid.code is not None
    assert (await buyer.receipt()).code == paid.code
    account = await make_account()
    assert (await redeem(platform, paid.code, account.account_id)).name == "Small"
    after = await buyer.receipt()
    assert (after.code, after.is_redeemed) == (None, True)


async def test_stripe_is_asked_for_one_payment_and_told_nothing_else(buyer: Buyer, stripe: StripeServer) -> None:
    (asked,) = stripe.asked
    assert asked["mode"] == "payment"
    assert asked["line_items[0][price_data][unit_amount]"] == "2900"
    assert asked["line_items[0][price_data][currency]"] == "eur"
    assert asked["line_items[0][price_data][product_data][name]"] == "Restante voucher: Small"
    assert asked["cancel_url"] == "http://restante.test/pricing?cancelled=1"
    assert asked["client_reference_id"] == asked["payment_intent_data[metadata][purchase]"]
    assert UUID(asked["client_reference_id"]).version == 4
    assert buyer.secret
    assert buyer.secret not in asked["client_reference_id"]


async def test_a_late_payment_waits_and_then_pays(buyer: Buyer, stripe: StripeServer) -> None:
    stripe.pay(buyer.session, is_late=True)
    await buyer.take_all()
    waiting = await buyer.receipt()
    assert (waiting.state, waiting.code) == ("processing", None)
    stripe.settle(buyer.session)
    await buyer.take_all()
    assert (await buyer.receipt()).code is not None


async def test_a_late_payment_may_fail_and_an_open_one_expires(
    platform: Platform, shop: Shop, buyer: Buyer, stripe: StripeServer, make_plan: MakePlan
) -> None:
    stripe.pay(buyer.session, is_late=True)
    stripe.settle(buyer.session, is_paid=False)
    await buyer.take_all()
    assert (await buyer.receipt()).state == "failed"
    other = Buyer(platform, shop, stripe)
    await other.choose(await make_plan(name="Other"))
    stripe.expire(other.session)
    await other.take_all()
    assert (await other.receipt()).state == "expired"


def _refunded(stripe: StripeServer, session: str) -> None:
    stripe.pay(session)
    stripe.refund(session, 100)
    stripe.refund(session)


def _settled_and_refunded(stripe: StripeServer, session: str) -> None:
    stripe.pay(session, is_late=True)
    stripe.settle(session)
    stripe.refund(session)


def _disputed_and_won(stripe: StripeServer, session: str) -> None:
    stripe.pay(session, is_late=True)
    stripe.settle(session)
    stripe.dispute(session)
    stripe.dispute(session, "won")


def _disputed_and_lost(stripe: StripeServer, session: str) -> None:
    stripe.pay(session)
    stripe.dispute(session)
    stripe.dispute(session, "lost")


@pytest.mark.parametrize(
    ("story", "state", "is_good"),
    [
        (_refunded, "refunded", False),
        (_settled_and_refunded, "refunded", False),
        (_disputed_and_won, "paid", True),
        (_disputed_and_lost, "lost", False),
    ],
)
async def test_events_in_every_order_and_repeated_end_alike(
    platform: Platform,
    shop: Shop,
    stripe: StripeServer,
    make_plan: MakePlan,
    story: Callable[[StripeServer, str], None],
    state: str,
    is_good: bool,
) -> None:
    plan = await make_plan()
    told = Buyer(platform, shop, stripe)
    await told.choose(plan)
    story(stripe, told.session)
    count = len(stripe.waiting)
    stripe.waiting = []
    for order in permutations(range(count)):
        buyer = Buyer(platform, shop, stripe)
        await buyer.choose(plan)
        story(stripe, buyer.session)
        events, stripe.waiting = stripe.waiting, []
        for number in order:
            await buyer.take(events[number], events[number])
        await buyer.take(*events)
        receipt = await buyer.receipt()
        assert (receipt.state, receipt.code is not None) == (state, is_good)
    async with platform.db.connection() as conn:
        stocks = await vouchers.stocks(conn)
    assert sum(stock.voucher_count for stock in stocks) == (len(list(permutations(range(count)))) if is_good else 0)


async def test_a_dispute_takes_the_voucher_until_it_is_won(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    stripe.pay(buyer.session)
    stripe.dispute(buyer.session, "warning_needs_response")
    stripe.dispute(buyer.session, "warning_closed")
    paid, *warnings = stripe.waiting
    stripe.waiting = []
    await buyer.take(paid)
    for event in warnings:
        assert fact_of(await buyer.shop.checkout.event(*signed(event))) is None
    code = (await buyer.receipt()).code
    assert code is not None
    stripe.dispute(buyer.session)
    await buyer.take_all()
    account = await make_account()
    with pytest.raises(Invalid, match="taken back"):
        await redeem(platform, code, account.account_id)
    stripe.dispute(buyer.session, "won")
    await buyer.take_all()
    assert (await buyer.receipt()).code == code
    await redeem(platform, code, account.account_id)


async def test_what_was_redeemed_stays_with_its_owner_whatever_stripe_says(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    stripe.pay(buyer.session, is_late=True)
    stripe.settle(buyer.session)
    await buyer.take_all()
    code = (await buyer.receipt()).code
    assert code is not None
    await redeem(platform, code, (await make_account()).account_id)
    stripe.settle(buyer.session)  # told again, as another event
    stripe.dispute(buyer.session)
    stripe.dispute(buyer.session, "won")
    await buyer.take_all()
    assert (await buyer.receipt()).code is None
    async with platform.db.connection() as conn:
        assert await vouchers.stocks(conn) == []


async def test_a_receipt_takes_the_secret_and_the_session(
    platform: Platform, buyer: Buyer, stripe: StripeServer
) -> None:
    stripe.pay(buyer.session)
    await buyer.take_all()
    pairs = [(buyer.secret, ""), (buyer.secret, "cs_test_other"), ("", buyer.session), ("x" * 43, buyer.session)]
    for secret, session in [*pairs, ("\ud800", "\ud800"), ("x" * 10_000, "é" * 10_000)]:
        async with platform.db.connection() as conn:
            with pytest.raises(NotFound):
                await service.receipt(conn, platform.instance, secret, session, today=TODAY)


async def test_a_code_is_shown_until_the_buyer_has_it_or_thirty_days(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict):
            await service.keep(conn, buyer.secret, buyer.session)
    stripe.pay(buyer.session)
    await buyer.take_all()
    code = (await buyer.receipt(today=TODAY + timedelta(days=30))).code
    assert code is not None
    late = await buyer.receipt(today=TODAY + timedelta(days=31))
    assert (late.state, late.code) == ("paid", None)
    async with platform.db.transaction() as conn:
        await service.keep(conn, buyer.secret, buyer.session)
    kept = await buyer.receipt()
    assert (kept.is_kept, kept.code, kept.is_redeemed) == (True, None, False)
    await redeem(platform, code, (await make_account()).account_id)


async def test_a_plan_that_is_not_on_sale_is_not_sold(
    platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan
) -> None:
    with pytest.raises(Conflict, match="no longer"):
        await service.start(platform, shop, (await make_plan(is_on_sale=False)).plan_id, today=TODAY)
    assert stripe.asked == []


async def _purchases(platform: Platform) -> int:
    async with platform.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM purchases")).fetchone()
    assert row is not None
    return int(row[0])


async def test_stripe_that_fails_once_is_asked_again_and_then_leaves_nothing(
    platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan
) -> None:
    plan = await make_plan()
    stripe.failing = 1
    await service.start(platform, shop, plan.plan_id, today=TODAY)
    assert len(stripe.asked) == 2
    assert await _purchases(platform) == 1
    stripe.failing = 2
    with pytest.raises(Unavailable, match="Nothing was paid"):
        await service.start(platform, shop, plan.plan_id, today=TODAY)
    assert await _purchases(platform) == 1


async def test_a_payment_page_elsewhere_is_not_gone_to(
    platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan
) -> None:
    stripe.elsewhere = "http://evil.example"
    with pytest.raises(Unavailable, match="not where it should be"):
        await service.start(platform, shop, (await make_plan()).plan_id, today=TODAY)
    assert await _purchases(platform) == 0


async def test_a_wrong_key_is_told_without_the_key(
    platform: Platform, stripe: StripeServer, make_plan: MakePlan
) -> None:
    wrong = Shop(Checkout(key="sk_test_wrong", webhook_secret=WEBHOOK_SECRET, api=stripe.origin))
    with pytest.raises(Unavailable) as refused:
        await service.start(platform, wrong, (await make_plan()).plan_id, today=TODAY)
    assert "sk_test" not in str(refused.value)
    assert KEY not in repr(wrong.checkout)
    await wrong.checkout.close()


async def test_one_network_begins_few_payments_and_keeps_no_other_out(shop: Shop) -> None:
    for _ in range(20):
        shop.admit("4:c00002/24", now=1.0)
    with pytest.raises(LimitReached):
        shop.admit("4:c00002/24", now=1.0)
    shop.admit("4:c00003/24", now=1.0)
    for _ in range(50):
        shop.admit("", now=1.0)
    shop.admit("4:c00002/24", now=62.0)


EVENT = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "data": {"object": {}}}


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b"{}", ""),
        (b"{}", "t=1,v1=00"),
        (b"{}", "nonsense"),
        (b"{}", "t=1,v1=\u00e9"),
        (b"{}", f"t={'9' * 5000},v1=00"),
        (b"\xff\xfe", signed(EVENT)[1]),
        (signed(EVENT)[0] + b" ", signed(EVENT)[1]),
        signed(EVENT, secret="whsec_another0123456789"),
        signed(EVENT, age=301),
    ],
    ids=["none", "forged", "nonsense", "not ascii", "huge", "not utf-8", "changed", "another secret", "old"],
)
async def test_what_stripe_did_not_sign_just_now_is_refused(shop: Shop, body: bytes, signature: str) -> None:
    with pytest.raises(Invalid, match="signature"):
        await shop.checkout.event(body, signature)


@pytest.mark.parametrize(
    "event", [{}, {"id": 1, "type": "x", "data": {"object": {}}}, EVENT, EVENT | {"type": "charge.refunded"}], ids=str
)
async def test_signed_nonsense_is_refused_too(shop: Shop, event: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="event"):
        fact_of(await shop.checkout.event(*signed(event)))


async def test_events_of_other_sales_change_nothing(buyer: Buyer) -> None:
    others: list[tuple[str, dict[str, Any]]] = [
        ("customer.created", {"id": "cus_1"}),
        ("checkout.session.completed", {"payment_status": "paid", "client_reference_id": "order 12"}),
        ("checkout.session.completed", {"payment_status": "paid"}),
        ("charge.refunded", {"refunded": True}),
    ]
    for number, (kind, data) in enumerate(others):
        event = {"id": f"evt_{number}", "type": kind, "data": {"object": data}}
        assert fact_of(await buyer.shop.checkout.event(*signed(event))) is None
    stranger = {
        "id": "evt_x",
        "type": "charge.refunded",
        "data": {"object": {"refunded": True, "payment_intent": "pi_x"}},
    }
    await buyer.take(stranger)
    assert (await buyer.receipt()).state == "open"
    assert "charge.refunded" in HANDLED


async def dump(platform: Platform) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with platform.db.connection() as conn:
        tables = await (await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT to_jsonb(t) || jsonb_build_object('xmin', t.xmin::text) FROM {} t")
            rows = await (await conn.execute(query.format(sql.Identifier(table)))).fetchall()
            found[table] = [row[0] for row in rows]
    return found


def values(row: dict[str, Any]) -> set[str]:
    """All that could join one row with another; not what every row of a kind has, such as true, or the day."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\d{4,})', json.dumps(list(row.values())))
    return {text for pair in found for text in pair if text}


async def test_nothing_that_is_stored_joins_a_purchase_with_an_account(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    """After redeeming, and again after the night; the plan and days aside, which are said to be shared."""
    stripe.pay(buyer.session)
    await buyer.take_all()
    code = (await buyer.receipt()).code
    assert code is not None
    async with platform.db.transaction() as conn:
        await service.keep(conn, buyer.secret, buyer.session)
    account = await make_account()
    plan = await redeem(platform, code, account.account_id)
    tables: dict[str, list[dict[str, Any]]] = {}
    for is_night in (False, True):
        if is_night:
            assert await retention.forget_redeemed(platform) == 1
            assert await retention.forget_redeemed(platform) == 0
        tables = await dump(platform)
        assert tables["vouchers"] == []
        ours = {name: rows for name, rows in tables.items() if name in {"purchases", "payment_facts"}}
        assert [len(rows) for rows in ours.values()] == [1, 1]
        bought = set().union(*(values(row) for rows in ours.values() for row in rows))
        shared = {str(plan.plan_id), TODAY.isoformat(), str(plan.price), plan.currency}
        owned = [
            (name, value)
            for name, rows in tables.items()
            if name not in ours and name not in {"plans", "schema_migrations"}
            for row in rows
            for value in values(row) & (bought - shared)
        ]
        assert owned == []
        assert not [text for text in bought if re.match(r"\d{4}-\d\d-\d\d.\d\d", text)], "a time within the day"
        (purchase,) = ours["purchases"]
        assert (purchase["voucher_hash"] is None) == is_night
        assert (purchase["state"], purchase["voucher"]) == ("paid", "redeemed" if is_night else "made")
    everything = json.dumps(tables)
    for secret in (code, code.replace("-", ""), buyer.secret, "private.example", "Buyer"):
        assert secret not in everything


async def test_events_that_come_at_once_wait_for_each_other(
    platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan
) -> None:
    """The same one eight times; and a dispute beside the payment that it is about."""
    plan = await make_plan()
    for _ in range(4):
        buyer = Buyer(platform, shop, stripe)
        await buyer.choose(plan)
        stripe.pay(buyer.session)
        stripe.dispute(buyer.session)
        events, stripe.waiting = stripe.waiting, []
        await asyncio.gather(*(buyer.take(event) for event in events * 4))
        assert (await buyer.receipt()).state == "disputed"
        stripe.dispute(buyer.session, "won")
        events, stripe.waiting = stripe.waiting, []
        await asyncio.gather(*(buyer.take(event) for event in events * 8))
        assert (await buyer.receipt()).code is not None
    async with platform.db.connection() as conn:
        assert [stock.voucher_count for stock in await vouchers.stocks(conn)] == [4]


async def test_a_refund_and_a_redemption_at_once_have_one_winner(
    platform: Platform, shop: Shop, stripe: StripeServer, make_plan: MakePlan, make_account: MakeAccount
) -> None:
    plan = await make_plan()
    for number in range(6):
        buyer = Buyer(platform, shop, stripe)
        await buyer.choose(plan)
        stripe.pay(buyer.session)
        await buyer.take_all()
        code = (await buyer.receipt()).code
        assert code is not None
        stripe.refund(buyer.session)
        events, stripe.waiting = stripe.waiting, []
        account = await make_account(f"racer{number}")
        redeemed, told = await asyncio.gather(
            redeem(platform, code, account.account_id), buyer.take(*events), return_exceptions=True
        )
        assert told is None
        receipt = await buyer.receipt()
        assert (receipt.state, receipt.is_redeemed) == ("refunded", isinstance(redeemed, Plan))
        assert isinstance(redeemed, Plan | Invalid)


async def test_the_operator_looks_before_money_is_given_back(
    platform: Platform, buyer: Buyer, stripe: StripeServer, make_account: MakeAccount
) -> None:
    stripe.pay(buyer.session)
    await buyer.take_all()
    payment = stripe.sessions[buyer.session]["payment_intent"]
    async with platform.db.connection() as conn:
        before = await service.standing(conn, payment)
        with pytest.raises(NotFound, match="pi_"):
            await service.standing(conn, "pi_other")
    assert (before.plan, before.price, before.state, before.is_redeemable) == ("Small", "29.00 EUR", "paid", True)
    code = (await buyer.receipt()).code
    assert code is not None
    await redeem(platform, code, (await make_account()).account_id)
    async with platform.db.connection() as conn:
        assert not (await service.standing(conn, payment)).is_redeemable


async def test_purchases_are_forgotten_in_time(platform: Platform, buyer: Buyer, stripe: StripeServer) -> None:
    now = utc_now()
    assert await retention.forget_purchases(platform, now=now + timedelta(days=30)) == 0
    stripe.pay(buyer.session)
    await buyer.take_all()
    assert await retention.forget_purchases(platform, now=now + timedelta(days=540)) == 0
    assert (await buyer.receipt()).state == "paid"
    assert await retention.forget_purchases(platform, now=now + timedelta(days=541)) == 2
    assert await _purchases(platform) == 0


async def test_purchases_that_nobody_paid_are_forgotten_sooner(platform: Platform, buyer: Buyer) -> None:
    assert await _purchases(platform) == 1
    assert buyer.session
    assert await retention.forget_purchases(platform, now=utc_now() + timedelta(days=31)) == 1
