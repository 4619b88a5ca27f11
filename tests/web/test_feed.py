"""The settings page of the feed, and the feed as a reader gets it."""

import xml.etree.ElementTree as ET

import httpx
import pytest

from tests.web.conftest import ORIGIN, Browser, Owner
from tests.web.test_mail import letter

pytestmark = pytest.mark.anyio

ATOM = "{http://www.w3.org/2005/Atom}"


async def make(browser: Browser, **form: str) -> str:
    """Press "make" on the settings page; the path of the feed it shows."""
    page = browser.checked(await browser.send("/settings", "/settings/feed", {"do": "make", **form}))
    (address,) = [word for word in page.words.split() if "/feed/" in word]
    assert address.startswith(f"{ORIGIN}/feed/")
    return address.removeprefix(ORIGIN)


async def feed(browser: Browser, path: str) -> tuple[httpx.Response, ET.Element]:
    """The feed as somebody gets it who is not signed in."""
    browser.client.cookies.clear()
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert "set-cookie" not in answer.headers
    return answer, ET.fromstring(answer.text)  # noqa: S314 - our own answer


async def test_a_feed_reveals_numbers_and_times_alone(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter("A secret parcel"))
    path = await make(signed_in)
    answer, root = await feed(signed_in, path)
    assert root.findtext(f"{ATOM}title") == "Restante: 1 unread"
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == f"urn:uuid:{message_id}"
    assert entry.findtext(f"{ATOM}updated")
    for private in ("parcel", "Shop", "shop.example", ada.alias.address, ada.actor.login, str(ada.actor.account_id)):
        assert private not in answer.text


async def test_senders_and_subjects_are_shown_when_asked_for_and_stay_well_formed(
    signed_in: Browser, ada: Owner
) -> None:
    await ada.deliver(
        b"From: =?utf-8?q?A=00=0B_=3CShop=3E?= <a@a.example>\r\nSubject: =?utf-8?q?]]>_&_=1B=08_<b>?=\r\n\r\nx"
    )
    path = await make(signed_in, shows_mail="yes")
    _, root = await feed(signed_in, path)
    (entry,) = root.findall(f"{ATOM}entry")
    assert "]]> &" in (entry.findtext(f"{ATOM}title") or "")
    assert "<Shop>" in (entry.findtext(f"{ATOM}author/{ATOM}name") or "")


async def test_the_address_is_shown_once_renewed_changed_and_removed(signed_in: Browser) -> None:
    first = await make(signed_in)
    assert "/feed/" not in (await signed_in.page("/settings")).words
    second = await make(signed_in, shows_mail="yes")
    assert (await signed_in.get(first)).status_code == 404
    assert "checked" in next(
        box for box in (await signed_in.page("/settings")).all("input") if box["type"] == "checkbox"
    )
    for form, status in (({"do": "change"}, 200), ({"do": "remove"}, 404)):
        assert (await signed_in.send("/settings", "/settings/feed", form)).headers["location"] == "/settings?saved=1"
        assert (await signed_in.get(second)).status_code == status
    assert "There is none now" in (await signed_in.page("/settings")).words
    assert (await signed_in.send("/settings", "/settings/feed", {"do": "dance"})).status_code == 422


@pytest.mark.parametrize("path", ["/feed/x.xml", f"/feed/{'x' * 43}.xml", f"/feed/{'x' * 43}", "/feed/%00.xml"])
async def test_what_is_no_feed_is_not_there(signed_in: Browser, path: str) -> None:
    await signed_in.page(path, status=404)


async def test_a_forged_form_changes_nothing(signed_in: Browser) -> None:
    assert (await signed_in.post("/settings/feed", {"do": "make"})).status_code == 403
    assert "There is none now" in (await signed_in.page("/settings")).words
