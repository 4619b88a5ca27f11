"""Messages inside messages on pages of their own."""

import re
from base64 import b64encode

import pytest

from app.lib.ids import new_id
from app.web.headers import MAIL_CSP
from tests.core.messages.letters import BOUNCE, INNER, OUTER, multipart
from tests.core.messages.test_images import PNG
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


async def test_the_message_shows_a_card_that_leads_to_the_page(signed_in: Browser, ada: Owner) -> None:
    base = f"/messages/{await ada.deliver(OUTER)}"
    page = await signed_in.page(base)
    assert "1 message inside" in page.words
    assert "The keys lie under the flowerpot." in page.words
    assert {"href": f"{base}/enclosed/0"} in page.all("a")
    assert "1 attachment\n" in page.words
    assert "rent.pdf" in page.words


async def test_an_enclosed_message_is_shown_as_one(signed_in: Browser, ada: Owner) -> None:
    base = f"/messages/{await ada.deliver(OUTER)}"
    page = await signed_in.page(f"{base}/enclosed/0")
    assert "Lena <lena@inner.example>" in page.words
    assert "The keys lie under the flowerpot." in page.words
    assert "map.pdf" in page.words
    assert "rent.pdf" not in page.words
    links = [link["href"] for link in page.all("a")]
    assert f"{base}/enclosed/1" in links
    (pdf,) = [link for link in links if link.startswith(f"{base}/attachments/") and link.endswith("/4")]
    hop = await signed_in.get(pdf)
    assert (await signed_in.get(hop.headers["location"])).content == b"%PDF of a map"
    source = await signed_in.get(f"{base}/enclosed/0/source?download=1")
    assert source.content == INNER
    assert source.headers["content-disposition"] == 'attachment; filename="The keys.eml"'
    assert (await signed_in.get(f"{base}/enclosed/0/source")).headers["content-type"] == "text/plain; charset=utf-8"
    deep = await signed_in.page(f"{base}/enclosed/1")
    assert "Where are the keys?" in deep.words
    assert {"href": f"{base}/enclosed/0"} in [{"href": link["href"]} for link in deep.all("a")]


async def test_its_html_stands_in_a_frame_with_its_own_pictures(signed_in: Browser, ada: Owner) -> None:
    base = f"/messages/{await ada.deliver(OUTER)}/enclosed/0"
    (frame,) = (await signed_in.page(f"{base}?view=html")).all("iframe")
    assert frame["src"] == f"{base}/html"
    assert frame["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    framed = await signed_in.get(frame["src"])
    assert framed.headers["content-security-policy"] == MAIL_CSP
    (path,) = re.findall(r'<img src="([^"]+)"', framed.text)
    assert (await signed_in.get(path)).content.startswith(b"\x89PNG")


async def test_pictures_written_into_enclosed_html_are_found(signed_in: Browser, ada: Owner) -> None:
    html = b"Content-Type: text/html\r\n\r\n<img src='data:image/png;base64," + b64encode(PNG) + b"'>"
    raw = multipart(b"\r\nsee", b"Content-Type: message/rfc822\r\n\r\n" + html)
    framed = await signed_in.get(f"/messages/{await ada.deliver(raw)}/enclosed/0/html")
    (path,) = re.findall(r'<img src="([^"]+)"', framed.text)
    assert (await signed_in.get(path)).content == PNG


async def test_a_bounce_says_why_and_shows_what_came_back(signed_in: Browser, ada: Owner) -> None:
    page = await signed_in.page(f"/messages/{await ada.deliver(BOUNCE)}")
    for words in ("Your message did not arrive.", "Status: 5.1.1", "Hello there", "Are you there?"):
        assert words in page.words


async def test_notes_are_told(signed_in: Browser, ada: Owner) -> None:
    raw = multipart(b"\r\nwords", b"Content-Type: application/pgp-signature\r\n\r\nx", kind=b"signed")
    page = await signed_in.page(f"/messages/{await ada.deliver(raw)}")
    assert "Signed (OpenPGP). Restante did not check the signature." in page.words
    assert "has no text" not in page.words


@pytest.mark.parametrize("tail", ["", "/html", "/source"])
async def test_what_is_not_there_or_anothers_is_not_found(
    signed_in: Browser, ada: Owner, make_owner: MakeOwner, tail: str
) -> None:
    bob = await make_owner("bob")
    mine, theirs = await ada.deliver(OUTER), await bob.deliver(OUTER)
    for path in (f"{theirs}/enclosed/0", f"{new_id()}/enclosed/0", f"{mine}/enclosed/2", f"{mine}/enclosed/x"):
        await signed_in.page(f"/messages/{path}{tail}", status=404)


async def test_a_conversation_tells_of_messages_inside(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(multipart(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nwords", kind=b"digest"))
    page = await signed_in.page(f"/threads/{(await ada.newest()).thread_id}")
    assert "no text of its own" in page.words
    assert "Open the message, 1 attachment" in page.words
