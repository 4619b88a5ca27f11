"""An export as a browser fetches it: begun with a fresh password, in parts, each by a link."""

import io
import zipfile

import pytest

from app.core.exports import service as exports
from app.web.pages import exports as pages
from tests.web.conftest import Browser, Owner

pytestmark = pytest.mark.anyio

RAW = b"From: a@b.example\r\nSubject: hello\r\n\r\nworld\r\n"


async def begun(browser: Browser, **chosen: str) -> str:
    answer = await browser.send("/settings/export", "/settings/export", chosen)
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_everything_is_fetched_by_links(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(RAW)
    assert "/settings/export" in [tag["href"] for tag in (await signed_in.page("/settings")).all("a")]
    place = await begun(signed_in, maildir="yes", mbox="yes", attachments="yes")
    page = await signed_in.page(place)
    links = [tag["href"] for tag in page.all("a") if "/parts/" in tag["href"]]
    assert len(links) == 2
    assert page.words.count("not yet fetched") == 2
    for link in links:
        answer = await signed_in.get(link)
        assert answer.headers["content-type"].startswith("application/zip")
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
    part = await signed_in.get(links[1], {"Range": "bytes=10-"})
    assert part.status_code == 206
    page = await signed_in.page(place)
    assert "not yet fetched" not in page.words
    assert "2 fetched" in (await signed_in.page("/settings/export")).words


async def test_without_ticks_there_is_no_mail(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(RAW)
    page = await signed_in.page(await begun(signed_in))
    assert len([tag for tag in page.all("a") if "/parts/" in tag["href"]]) == 1


async def test_it_begins_with_a_password_just_given(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE sessions SET fresh_until = now() - interval '1 minute'")
    answer = await signed_in.send("/settings/export", "/settings/export", {"maildir": "yes"})
    assert "password" in Browser.checked(answer).words.lower()
    async with ada.platform.db.connection() as conn:
        assert await exports.listed(conn, ada.actor) == []


async def test_it_is_its_owners_alone(signed_in: Browser, browser: Browser, make_owner: object) -> None:
    place = await begun(signed_in, maildir="yes")
    await make_owner("bob")  # type: ignore[operator]
    await browser.send("/settings", "/logout", {})
    browser.client.cookies.clear()
    assert (await browser.get(place)).status_code == 303
    await browser.sign_in("bob")
    await browser.page(place, 404)
    assert (await browser.get(f"{place}/parts/1")).status_code == 404


async def test_many_parts_have_pages(signed_in: Browser, ada: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART_MESSAGES", 1)
    monkeypatch.setattr(pages, "_ROWS", 2)
    for _ in range(3):
        await ada.deliver(RAW)
    place = await begun(signed_in, maildir="yes")
    first, second = await signed_in.page(place), await signed_in.page(f"{place}?part=3")
    assert ("Later parts" in first.words, "Earlier parts" in first.words) == (True, False)
    assert ("Later parts" in second.words, "Earlier parts" in second.words) == (False, True)
    await signed_in.page(f"{place}?part=99999")


async def test_it_can_be_forgotten(signed_in: Browser) -> None:
    place = await begun(signed_in, maildir="yes")
    answer = await signed_in.send(place, f"{place}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/export")
    await signed_in.page(place, 404)
