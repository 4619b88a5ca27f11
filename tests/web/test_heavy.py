"""The heaviest mail there can be, on every page: none weighs 50 KB (`check_page` weighs each). Print views may."""

from collections.abc import Iterator

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.filing import service as filing
from app.lib.times import utc_now
from tests.web.conftest import Browser, Owner, Page

pytestmark = pytest.mark.anyio

QUOTES = '"&<' * 700
FACES = "\U0001f600" * 800
PEOPLE = ", ".join(f'"{QUOTES[:90].replace(chr(34), chr(39))}" <{"a" * 60}{n}@{"b" * 60}.example>' for n in range(40))
HEAD = f"From: '{QUOTES[3:]} <{'a' * 64}@{'b' * 60}.example>\r\nSubject: {QUOTES}\r\nTo: {PEOPLE}\r\nCc: {PEOPLE}\r\n"


def message(body: str, kind: str = "text/plain", head: str = HEAD) -> bytes:
    return f"{head}Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n".encode()


def with_many_files() -> bytes:
    name = "&" * 150
    head = "Content-Type: application/pdf\r\nContent-Disposition: attachment"
    parts = "".join(f'--b\r\n{head}; filename="{name}{n}.pdf"\r\n\r\nx\r\n' for n in range(999))
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{QUOTES}\r\n{parts}--b--\r\n".encode()


def with_many_messages() -> bytes:
    inner = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{HEAD}\r\n{QUOTES * 3}\r\n"
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{inner * 200}--b--\r\n".encode()


def with_an_invitation() -> bytes:
    attendees = "".join(f"ATTENDEE;CN={FACES[:60]}:mailto:{'a' * 60}{n}@b.example\r\n" for n in range(200))
    texts = f"SUMMARY:{FACES}\r\nLOCATION:{FACES}\r\nDESCRIPTION:{FACES}\r\n"
    event = f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261121T090000Z\r\n{texts}{attendees}END:VEVENT\r\n"
    calendar = f"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n{event * 9}END:VCALENDAR"
    return message(calendar, "text/calendar")


HEAVY = {
    "lines": message("".join(f"> {n}\r\nhttps://a.example/{n}?&&&\r\n" for n in range(30_000))),
    "a line": message(QUOTES * 300),
    "hosts": message(
        "".join(f'<img src="https://{"h" * 60}{n}.{"i" * 60}.example/">' for n in range(600)), "text/html"
    ),
    "files": with_many_files(),
    "messages": with_many_messages(),
    "an invitation": with_an_invitation(),
    "header fields": message("x", head=HEAD + f"X-Field: {QUOTES}\r\n" * 999),
    "a field": message("x", head=HEAD + "".join(f"X-{n}: {QUOTES * 8}\r\n" for n in range(20))),
}


def ways(page: Page) -> Iterator[str]:
    """Where a page leads to that is a page of the same message or list."""
    for link in page.all("a"):
        href = link["href"].partition("#")[0]
        leads_on = "part=" in href or href.endswith("/attachments") or "/enclosed/" in href or link.get("rel") == "next"
        if leads_on and "/source" not in href:
            yield href


@pytest.mark.parametrize("name", HEAVY)
async def test_pages_of_a_heavy_message_are_light(signed_in: Browser, ada: Owner, name: str) -> None:
    message_id = await ada.deliver(HEAVY[name])
    line = await ada.newest()
    await signed_in.page("/inbox")
    await signed_in.page("/search?q=is:unread")
    await signed_in.page(f"/threads/{line.thread_id}")
    for path in ("", "?view=html", "/headers", "/attachments"):
        page = await signed_in.page(f"/messages/{message_id}{path}")
        for _ in range(3):  # the parts that follow, and what it leads to
            following = next(ways(page), None)
            if following is None:
                break
            page = await signed_in.page(following)


async def test_full_lists_of_heavy_mail_are_light_and_hold_everything(signed_in: Browser, ada: Owner) -> None:
    for number in range(30):
        await ada.deliver(message(FACES, head=f"From: {FACES[:200]}@a.example\r\nSubject: {number} {QUOTES}\r\n"))
    ids = [line.message_id for line in await ada.lines()]
    await filing.apply(ada.platform, ada.actor, "star", ids, now=utc_now())
    for path in ("/inbox", "/starred", "/inbox?unread=1&starred=1", "/search?q=is:starred"):
        page = await signed_in.page(path)
        seen = shown(page)
        assert len(seen) < 30
        while (following := next(ways(page), None)) is not None:
            page = await signed_in.page(following)
            seen += shown(page)
        assert seen == [f"/messages/{one}" for one in ids], path


def shown(page: Page) -> list[str]:
    return [link["href"] for link in page.all("a") if link.get("class") == "row"]


async def test_marks_of_a_search_for_single_letters_are_weighed(signed_in: Browser, ada: Owner) -> None:
    for _ in range(30):
        await ada.deliver(message("a " * 80, head=f"From: {'a ' * 50}@a.example\r\nSubject: {'a ' * 200}\r\n"))
    page = await signed_in.page("/search?q=a")
    assert page.all("mark")
    assert next(ways(page))


async def test_a_long_conversation_of_long_mail_is_light(signed_in: Browser, ada: Owner) -> None:
    for number in range(25):
        tie = f"References: <0@a.example>\r\nMessage-ID: <{number}@a.example>\r\n"
        await ada.deliver(message(f"> {QUOTES}\r\n{FACES}\r\n" * 9, head=HEAD + tie))
    page = await signed_in.page(f"/threads/{(await ada.newest()).thread_id}")
    await signed_in.page(next(ways(page)))


async def test_many_aliases_with_long_descriptions_are_light(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        for number in range(101):
            new = NewAlias(local_part=f"{'a' * 55}{number}", description="\U0001f600" * 200)
            await aliases.create(conn, ada.actor.account_id, ada.actor.keyring, new, now=utc_now())
    await signed_in.page("/aliases")
