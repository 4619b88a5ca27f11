"""Pictures that a message brings along: shown from here by signed paths, and nothing but pictures."""

import re
from base64 import b64encode
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from playwright.async_api import BrowserContext

from tests.core.messages.test_images import PNG
from tests.web.conftest import CHROMIUM, Browser, Owner

pytestmark = pytest.mark.anyio


def letter(html: str, pictures: dict[str, bytes] | None = None, subtype: str = "png") -> bytes:
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message["Subject"] = "Look"
    message.set_content(html, subtype="html")
    for content_id, content in (pictures or {}).items():
        message.add_related(content, maintype="image", subtype=subtype, cid=f"<{content_id}>")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def paths(browser: Browser, owner: Owner, raw: bytes) -> list[str]:
    framed = await browser.get(f"/messages/{await owner.deliver(raw)}/html")
    return re.findall(r'<img src="([^"]+)"', framed.text)


async def test_a_picture_of_the_message_is_handed_out_without_a_session(signed_in: Browser, ada: Owner) -> None:
    (path,) = await paths(signed_in, ada, letter('<img src="cid:a@b"><img src="cid:other">', {"a@b": PNG}))
    signed_in.client.cookies.clear()
    answer = await signed_in.get(path)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert answer.headers["cache-control"] == "no-store"
    assert (await signed_in.get(path[:-2] + "xx")).status_code == 404


async def test_a_large_picture_comes_whole_out_of_the_store(signed_in: Browser, ada: Owner) -> None:
    large = PNG + bytes(200_000)
    (path,) = await paths(signed_in, ada, letter('<img src="cid:a">', {"a": large}))
    assert (await signed_in.get(path)).content == large


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>alert(1)</script>", b"P"])
async def test_what_only_says_it_is_a_picture_is_not_handed_out(signed_in: Browser, ada: Owner, content: bytes) -> None:
    (path,) = await paths(signed_in, ada, letter('<img src="cid:a">', {"a": content}))
    assert (await signed_in.get(path)).status_code == 404


async def test_pictures_in_addresses_are_checked_like_others(signed_in: Browser, ada: Owner) -> None:
    data = f"data:image/png;base64,{b64encode(PNG).decode()}"
    lie = "data:image/png;base64,PHN2Zy8+PHN2Zy8+PHN2Zy8+"
    broken = "data:image/png;base64,x"
    html = f'<img src="{data}"><img src="{lie}"><img src="{broken}"><img src="data:image/svg+xml,{quote("<svg/>")}">'
    found = await paths(signed_in, ada, letter(html))
    assert [(await signed_in.get(path)).status_code for path in found] == [200, 404, 404, 404]
    assert (await signed_in.get(found[0])).content == PNG


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_the_sandboxed_frame_shows_pictures_of_the_message_alone(
    origin: str, chromium: BrowserContext, signed_in: Browser, ada: Owner
) -> None:
    cookie = next(one for one in signed_in.client.cookies.jar if "known" not in one.name)
    assert cookie.value is not None
    await chromium.add_cookies([{"name": cookie.name, "value": cookie.value, "url": origin}])
    message_id = await ada.deliver(letter('<img id=a alt=a src="cid:a"><img id=b alt=b src="cid:b">', {"a": PNG}))
    page = await chromium.new_page()
    await page.goto(f"{origin}/messages/{message_id}", wait_until="load")
    assert await page.frames[1].eval_on_selector("#a", "image => image.naturalWidth") == 1
    assert await page.frames[1].eval_on_selector("#b", "box => box.tagName + box.textContent") == "SPANb"
