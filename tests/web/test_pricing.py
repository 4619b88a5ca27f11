"""The shop by its pages, against a fake of Stripe: prices, events, receipts, redeeming, and no cookie anywhere."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from app.api.router import api_router
from app.core.billing import plans, vouchers
from app.core.billing.model import NewPlan, Plan
from app.core.billing.shop import Shop
from app.core.platform import Platform
from app.lib.checkout import Checkout
from app.lib.times import utc_today
from app.web.app import create_app
from app.web.headers import CSP
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, signed
from tests.web.conftest import Browser, Owner, Page, client_of, describe

pytestmark = pytest.mark.anyio
CODE = re.compile(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}")
PLAN = NewPlan(
    name="Person",
    price=2900,
    currency="eur",
    storage_limit=10**10,
    alias_limit=1,
    domain_limit=0,
    lines=("<b>Calm</b>",),
)


@pytest.fixture
def stripe() -> Iterator[StripeServer]:
    with StripeServer() as server:
        yield server


@pytest.fixture
async def selling(platform: Platform, stripe: StripeServer) -> AsyncIterator[Platform]:
    checkout = Checkout(key=KEY, webhook_secret=WEBHOOK_SECRET, api=stripe.origin)
    yield msgspec.structs.replace(platform, shop=Shop(checkout))
    await checkout.close()


@pytest.fixture
async def buyer(selling: Platform) -> AsyncIterator[Browser]:
    app: Litestar = create_app(selling, is_https=False, api=api_router(selling), describe=describe)
    async with client_of(app, "http://restante.test") as client:
        yield Browser(selling, client)


@pytest.fixture
async def plan(platform: Platform) -> Plan:
    async with platform.db.transaction() as conn:
        return await plans.make(conn, PLAN)


async def tell(buyer: Browser, event: dict[str, Any]) -> int:
    body, signature = signed(event)
    answer = await buyer.client.post("/stripe/events", content=body, headers={"Stripe-Signature": signature})
    return answer.status_code


async def buy(buyer: Browser, plan: Plan) -> str:
    """To Stripe's page; the session's id."""
    answer = await buyer.post("/pricing/buy", {"plan": str(plan.plan_id)})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    return answer.headers["location"].rpartition("/")[2]


async def test_without_plans_and_keys_the_shop_says_so(browser: Browser, platform: Platform) -> None:
    assert "Nothing is for sale yet" in (await browser.page("/pricing")).words
    async with platform.db.transaction() as conn:
        await plans.make(conn, PLAN)
        await plans.make(conn, msgspec.structs.replace(PLAN, name="Hidden", is_on_sale=False))
    page = await browser.page("/pricing")
    assert "Vouchers are had from whoever runs this service" in page.words
    assert "29.00 EUR" in page.words
    assert "<b>Calm</b>" in page.words
    assert "1 alias\n" in page.words
    assert "No domains" in page.words
    assert "Hidden" not in page.words
    assert page.all("form") == []
    for path in ("/pricing/buy", "/stripe/events"):
        assert (await browser.post(path, {})).status_code == 404


async def test_the_whole_purchase(buyer: Browser, stripe: StripeServer, plan: Plan) -> None:
    prices = await buyer.get("/pricing")
    assert "set-cookie" not in prices.headers
    assert "<script" not in prices.text
    assert prices.headers["content-security-policy"] == CSP.replace(
        "form-action 'self'", f"form-action 'self' {stripe.origin}"
    )
    assert "Nobody is charged" in Page(prices.text).words
    session = await buy(buyer, plan)
    back = stripe.pay(session, is_late=True).removeprefix("http://restante.test")
    waiting = await buyer.page(back)
    assert "Waiting for Stripe" in waiting.words
    assert [meta["content"] for meta in waiting.all("meta") if "http-equiv" in meta] == ["5"]
    assert not [meta for meta in (await buyer.page(back + "&still=1")).all("meta") if "http-equiv" in meta]
    assert await tell(buyer, stripe.waiting[0]) == 200
    processing = await buyer.page(back)
    assert "Keep the address of this page" in processing.words
    assert [meta["content"] for meta in processing.all("meta") if "http-equiv" in meta] == ["600"]
    stripe.settle(session)
    assert [await tell(buyer, event) for event in [*stripe.waiting, *stripe.waiting]] == [200] * 4
    paid = await buyer.page(back)
    assert not [meta for meta in paid.all("meta") if "http-equiv" in meta]
    path = back.partition("?")[0] + "/kept"
    kept = await buyer.post(path, paid.hidden(path))
    assert (kept.status_code, kept.headers["location"]) == (303, back)
    assert "it is not shown again" in (await buyer.page(back)).words
    assert (await buyer.post(path, {"session": "cs_test_other"})).status_code == 404
    assert (await buyer.get(back + "x")).status_code == 404
    assert not buyer.client.cookies


async def test_a_code_is_redeemed_in_the_settings(signed_in: Browser, platform: Platform, plan: Plan) -> None:
    async with platform.db.transaction() as conn:
        (code,) = await vouchers.make(conn, plan.plan_id, 1, today=utc_today())
    page = await signed_in.page("/settings/plan")
    assert "no plan of a voucher" in page.words
    wrong = await signed_in.send("/settings/plan", "/settings/plan", {"voucher": code[:-1]})
    assert wrong.status_code == 422
    assert "typing error" in wrong.text
    assert code[:-1] in wrong.text
    answer = await signed_in.send("/settings/plan", "/settings/plan", {"voucher": code.lower()})
    assert answer.headers["location"] == "/settings/plan?redeemed=1"
    page = await signed_in.page("/settings/plan?redeemed=1")
    assert "Redeemed." in page.words
    assert "Person" in page.words
    assert "of 10 GB" in page.words
    again = await signed_in.send("/settings/plan", "/settings/plan", {"voucher": code})
    assert (again.status_code, "redeemed already" in again.text) == (422, True)
    assert (await signed_in.post("/settings/plan", {"voucher": code})).status_code == 403


async def test_codes_are_guessed_slowly_from_one_network_and_freely_from_others(platform: Platform, ada: Owner) -> None:
    app = create_app(platform, is_https=False, api=api_router(platform), describe=describe)
    answers = []
    for host in ("192.0.2.7", "198.51.100.7"):
        transport = httpx.ASGITransport(app=cast("Any", app), client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://restante.test") as client:
            guesser = Browser(platform, client)
            await guesser.sign_in(ada.actor.login)
            token = (await guesser.page("/settings/plan")).hidden("/settings/plan")
            count = 32 if host == "192.0.2.7" else 1
            answers.append([await guesser.post("/settings/plan", token | {"voucher": "x"}) for _ in range(count)])
    (*before, last), (other,) = answers
    assert {answer.status_code for answer in before[:30]} == {422}
    assert (last.status_code, "Please wait" in last.text) == (429, True)
    assert other.status_code == 422


async def test_logs_tell_nothing_of_a_purchase_but_that_there_was_one(
    buyer: Browser, stripe: StripeServer, plan: Plan
) -> None:
    with capture_logs() as lines:
        session = await buy(buyer, plan)
        back = stripe.pay(session).removeprefix("http://restante.test")
        assert await tell(buyer, stripe.waiting[0]) == 200
        words = (await buyer.page(back)).words
        await buyer.client.post("/stripe/events", content=b"private.example", headers={"Stripe-Signature": "t=1,v1=x"})
        stripe.failing = 2
        await buyer.post("/pricing/buy", {"plan": str(plan.plan_id)})
    assert [line["event"] for line in lines] == ["purchase_changed", "checkout_failed", "page_unavailable"]
    (code,) = CODE.findall(words)
    asked = stripe.sessions[session]
    secret = back.removeprefix("/shop/receipts/").partition("?")[0]
    for hidden in (
        code,
        secret,
        session,
        asked["payment_intent"],
        asked["client_reference_id"],
        "private.example",
        KEY,
    ):
        assert hidden not in str(lines)


async def test_a_plan_that_is_gone_and_nonsense_are_told_calmly(
    buyer: Browser, stripe: StripeServer, plan: Plan
) -> None:
    for wrong in ("", "x", "019a3b2c-1d4e-7000-8000-000000000000"):
        assert (await buyer.post("/pricing/buy", {"plan": wrong})).status_code == 404
    forged = await buyer.post("/pricing/buy", {"plan": str(plan.plan_id)}, {"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    stripe.failing = 2
    answer = await buyer.post("/pricing/buy", {"plan": str(plan.plan_id)})
    assert (answer.status_code, "Nothing was paid" in answer.text) == (503, True)
    assert (await buyer.page("/shop/receipts/x?session=y", 404)).words


async def test_events_that_are_not_stripes_get_400_and_large_ones_413(buyer: Browser) -> None:
    body, signature = signed({"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {}}})
    good = {"Stripe-Signature": signature}
    for content, headers, status in (
        (body, good, 200),
        (body + b" ", good, 400),
        (body, {}, 400),
        (b"", good, 400),
        (b"x" * 65_537, good, 413),
    ):
        answer = await buyer.client.post("/stripe/events", content=content, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/plain")
        assert "set-cookie" not in answer.headers
    assert (await buyer.get("/stripe/events")).status_code == 405
