"""Buying in a real Chromium with scripts off: from the prices over a fake of Stripe to a redeemed code."""

import asyncio
import socket
from collections.abc import AsyncIterator

import msgspec
import pytest
import uvicorn
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright

from app.api.router import api_router
from app.core.billing import plans
from app.core.billing.model import NewPlan
from app.core.billing.shop import Shop
from app.core.platform import Platform
from app.lib.checkout import Checkout
from app.web.app import create_app
from tests.conftest import PASSWORD
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, sender_to
from tests.web.conftest import CHROMIUM, Owner, describe

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
PLAN = NewPlan(name="Person", price=2900, currency="eur", storage_limit=10**10, alias_limit=1000, domain_limit=3)


class Town:
    """The shop at one address, Stripe at another."""

    def __init__(self, origin: str, stripe: StripeServer) -> None:
        self.origin, self.stripe = origin, stripe


@pytest.fixture
async def town(platform: Platform) -> AsyncIterator[Town]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with StripeServer(sender_to(f"{origin}/stripe/events")) as stripe:
            checkout = Checkout(key=KEY, webhook_secret=WEBHOOK_SECRET, api=stripe.origin)
            selling = msgspec.structs.replace(platform, shop=Shop(checkout), public_url=origin)
            app = create_app(selling, is_https=False, api=api_router(selling), describe=describe)
            config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
            config.load()
            server = uvicorn.Server(config)
            server.lifespan = config.lifespan_class(config)
            await server.startup(sockets=[listener])
            async with platform.db.transaction() as conn:
                await plans.make(conn, PLAN)
            yield Town(origin, stripe)
            await server.shutdown(sockets=[listener])
            await checkout.close()


@pytest.fixture
async def chrome() -> AsyncIterator[Chromium]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


async def opened(chrome: Chromium, faults: list[str]) -> Page:
    context = await chrome.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    context.set_default_timeout(20_000)
    page = await context.new_page()
    page.on("console", lambda message: faults.append(message.text))
    return page


async def test_a_purchase_by_card_from_the_prices_to_a_redeemed_code(town: Town, chrome: Chromium, ada: Owner) -> None:
    faults: list[str] = []
    page = await opened(chrome, faults)
    await page.goto(f"{town.origin}/")
    await page.get_by_role("link", name="Prices").click()
    await page.get_by_role("button", name="Buy Person").click()
    await page.get_by_role("button", name="declined").click()
    await page.get_by_text("Your card was declined.").wait_for()
    await page.get_by_role("link", name="Back").click()
    await page.get_by_text("Nothing was paid.").wait_for()
    await page.get_by_role("button", name="Buy Person").click()
    await page.get_by_role("button", name="Pay by card", exact=True).click()
    code = await page.locator(".made .fresh").inner_text()
    assert len(code) == 34
    receipt = page.url
    await page.get_by_role("button", name="I have it").click()
    await page.get_by_text("You have your code").wait_for()
    assert page.url == receipt
    assert await page.context.cookies() == []
    await page.goto(f"{town.origin}/settings/plan")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Voucher code").fill(code.lower().replace("-", ""))
    await page.get_by_role("button", name="Redeem").click()
    await page.get_by_role("heading", name="Person").wait_for()
    await page.goto(receipt)
    await page.get_by_text("has been redeemed").wait_for()
    assert faults == []


async def test_a_receipt_waits_for_stripe_by_itself_and_for_the_bank(town: Town, chrome: Chromium) -> None:
    faults: list[str] = []
    page = await opened(chrome, faults)
    town.stripe.is_held = True
    await page.goto(f"{town.origin}/pricing")
    await page.get_by_role("button", name="Buy Person").click()
    await page.get_by_role("button", name="Pay by bank transfer").click()
    await page.get_by_role("heading", name="Waiting for Stripe").wait_for()
    (session,) = town.stripe.sessions
    await asyncio.to_thread(town.stripe.deliver, town.stripe.waiting.pop())
    await page.get_by_role("heading", name="The payment is on its way").wait_for()  # nobody has clicked
    town.stripe.settle(session)
    await asyncio.to_thread(town.stripe.deliver, town.stripe.waiting.pop())
    await page.get_by_role("link", name="look now").click()
    await page.get_by_text("Your voucher for").wait_for()
    await asyncio.to_thread(town.stripe.refund, session)
    await asyncio.to_thread(town.stripe.deliver, town.stripe.waiting.pop())
    await page.reload()
    await page.get_by_role("heading", name="The money was given back").wait_for()
    assert faults == []
