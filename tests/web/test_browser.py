"""The pages in a real Chromium: what it loads, what it refuses, and how they fit on a phone."""

import pytest
from playwright.async_api import BrowserContext

from tests.conftest import PASSWORD
from tests.web.conftest import CHROMIUM, Owner

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

HOSTILE = (
    b"From: spy@spy.example\r\nSubject: Look\r\nContent-Type: text/html\r\n\r\n"
    b'<body background="http://spy.example/0"><img src="http://spy.example/1" onerror="document.title=1">'
    b'<style>p{background:url(http://spy.example/2)}</style><script src="http://spy.example/3"></script>'
    b'<link rel=stylesheet href="http://spy.example/4"><meta http-equiv=refresh content="0;url=http://spy.example/5">'
    b'<iframe src="http://spy.example/6"></iframe><form action="http://spy.example/7"><input autofocus></form>'
    b'<p style="background-image:url(http://spy.example/8)">words</p><a href="http://spy.example/9" ping="/x">go</a>'
    b'<table width="2000"><tr><td>wide</td></tr></table>\r\n'
)


async def test_hostile_mail_loads_nothing_and_pages_fit_a_phone(
    origin: str, chromium: BrowserContext, ada: Owner
) -> None:
    await ada.deliver(HOSTILE)
    page = await chromium.new_page()
    asked: list[str] = []
    refused: list[str] = []
    chromium.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: refused.append(message.text))

    await page.goto(f"{origin}/inbox")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Look").click()
    words = page.frame_locator("iframe").get_by_text("words")
    await words.wait_for()
    assert (await page.title()).startswith("Look ")
    await page.get_by_text("tried to load 7 things from 1 host.").click()
    await page.get_by_text("spy.example 7 times").wait_for()

    for path in ("/inbox", "/aliases", "/", page.url.removeprefix(origin)):
        await page.goto(origin + path, wait_until="load")
        is_wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not is_wide, path
    assert asked
    assert all(url.startswith(f"{origin}/") for url in asked)
    # A policy of ours that a page of ours breaks would be told on the console.
    assert refused == []


async def test_the_keyboard_reaches_the_content_and_the_first_message(
    origin: str, chromium: BrowserContext, ada: Owner
) -> None:
    await ada.deliver(b"From: shop@shop.example\r\nSubject: Parcel\r\n\r\nIt is here.\r\n")
    page = await chromium.new_page()
    await page.goto(f"{origin}/login")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{origin}/inbox")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Enter")
    for _ in range(30):  # past the search, the folders and the actions, each of which takes the focus
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('a.row')"):
            break
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Parcel").wait_for()
    assert await page.get_by_text("It is here.").is_visible()


async def test_mail_is_filed_and_taken_back_by_keyboard_alone(
    origin: str, chromium: BrowserContext, ada: Owner
) -> None:
    await ada.deliver(b"From: shop@shop.example\r\nSubject: Parcel\r\n\r\nIt is here.\r\n")
    page = await chromium.new_page()
    await page.goto(f"{origin}/login")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{origin}/inbox")
    await page.get_by_role("checkbox", name="Tick: Parcel").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Archive").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("status").get_by_text("1 message archived.").wait_for()
    await page.get_by_role("button", name="Undo").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("status").get_by_text("1 message put back as before.").wait_for()
    # The box is no part of the row's link: a tap on it ticks, and opens nothing.
    await page.get_by_role("checkbox", name="Tick: Parcel").click()
    assert await page.get_by_role("checkbox", name="Tick: Parcel").is_checked()
    for path in ("/inbox?unread=1", "/trash", "/starred", "/settings"):
        await page.goto(origin + path, wait_until="load")
        is_wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not is_wide, path


async def test_the_list_of_aliases_is_read_on_a_phone(origin: str, chromium: BrowserContext, ada: Owner) -> None:
    page = await chromium.new_page()
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{origin}/login")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{origin}/inbox")
    await page.goto(f"{origin}/aliases")
    box = await page.get_by_role("link", name=ada.alias.address).bounding_box()
    tick = await page.get_by_role("checkbox", name=f"Tick: {ada.alias.address}").bounding_box()
    assert box is not None
    assert tick is not None
    assert box["width"] > 150
    assert box["height"] < 80
    assert tick["x"] + tick["width"] <= box["x"]
    for path in ("/aliases", "/rules", "/settings"):
        await page.goto(origin + path)
        rows = await page.evaluate("new Set([...document.querySelectorAll('.top nav a')].map(a => a.offsetTop)).size")
        assert rows == 1, path


async def test_no_word_of_the_navigation_is_broken_on_a_phone(
    origin: str, chromium: BrowserContext, ada: Owner
) -> None:
    page = await chromium.new_page()
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{origin}/login")
    await page.get_by_label("Login").fill(ada.actor.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{origin}/inbox")
    heights = await page.evaluate("[...document.querySelectorAll('.top nav a')].map(link => link.clientHeight)")
    assert len(heights) > 1
    assert max(heights) < 60
