"""The folders as pages: what is done to ticked messages, how it is taken back, and narrowed lists."""

import re
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from app.lib.ids import new_id
from app.lib.times import utc_today
from tests.web.conftest import Browser, MakeOwner, Owner, Page
from tests.web.test_mail import letter

pytestmark = pytest.mark.anyio

FOLDERS = ("/inbox", "/starred", "/archive", "/spam", "/trash")


def with_file() -> bytes:
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message["Subject"] = "With a file"
    message.set_content("see below")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n")


async def act(browser: Browser, page: str, action: str, ids: Sequence[UUID]) -> httpx.Response:
    """Tick messages on a page and press a button there."""
    shown = await browser.page(page)
    assert action in [button.get("value") for button in shown.all("button")]
    ticked = {box["value"] for box in shown.all("input") if box.get("name") == "id"}
    assert {str(one) for one in ids} <= ticked
    form = shown.hidden("/messages/actions") | {"action": action}
    body = [*form.items(), *(("id", str(one)) for one in ids)]
    return await browser.client.post("/messages/actions", data=dict_of(body))


def dict_of(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("path", FOLDERS)
async def test_an_empty_folder_is_a_page(signed_in: Browser, path: str) -> None:
    page = await signed_in.page(path)
    (current,) = [
        link for link in page.all("a") if link.get("aria-current") == "page" and link["href"] in FOLDERS[1:]
    ] or [{"href": "/inbox"}]
    assert current["href"] == path


@pytest.mark.parametrize(
    ("page", "action", "there", "told"),
    [
        ("/inbox", "archive", "/archive", "2 messages archived."),
        ("/inbox", "spam", "/spam", "2 messages marked as spam."),
        ("/inbox", "trash", "/trash", "2 messages moved to the trash."),
        ("/inbox", "star", "/starred", "2 messages starred."),
    ],
)
async def test_ticked_messages_go_where_the_button_says_and_undo_brings_them_back(
    signed_in: Browser, ada: Owner, page: str, action: str, there: str, told: str
) -> None:
    first, second = await ada.deliver(letter("One")), await ada.deliver(letter("Two"))
    await ada.deliver(letter("Three"))
    answer = await act(signed_in, page, action, [first, second])
    assert answer.status_code == 303
    back = await signed_in.page(answer.headers["location"])
    assert told in back.words
    moved = (await signed_in.page(there)).words
    assert "One" in moved
    assert "Two" in moved
    assert "Three" not in moved
    undone = await signed_in.post("/messages/undo", back.hidden("/messages/undo"))
    assert "2 messages put back as before." in (await signed_in.page(undone.headers["location"])).words
    assert "One" not in (await signed_in.page(there)).words
    assert "One" in (await signed_in.page("/inbox")).words


async def test_only_the_trash_deletes_for_ever_and_nothing_undoes_it(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter("Gone"))
    for path in FOLDERS[:4]:
        assert "delete" not in [button.get("value") for button in (await signed_in.page(path)).all("button")]
    await act(signed_in, "/inbox", "trash", [message_id])
    answer = await act(signed_in, "/trash", "delete", [message_id])
    page = await signed_in.page(answer.headers["location"])
    assert "1 message deleted for ever." in page.words
    assert page.hidden("/messages/undo") == {}
    await signed_in.page(f"/messages/{message_id}", status=404)


async def test_a_message_is_filed_from_its_own_page(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter("Parcel"))
    path = f"/messages/{message_id}"
    form = (await signed_in.page(path)).hidden("/messages/actions")
    starred = await signed_in.post("/messages/actions", form | {"action": "star", "back": path})
    assert starred.headers["location"] == path
    assert "Remove star" in (await signed_in.page(path)).words
    spam = await signed_in.post("/messages/actions", form | {"action": "spam", "back": "/inbox"})
    assert spam.headers["location"].startswith("/inbox?done=spam&count=1&undo=inbox.")
    page = await signed_in.page(path)
    assert "Not spam" in page.words
    assert {"href": "/spam"} in page.all("a")


async def test_messages_of_others_are_passed_over(signed_in: Browser, ada: Owner, make_owner: MakeOwner) -> None:
    await ada.deliver(letter("Mine"))
    bob = await make_owner("bob")
    theirs = await bob.deliver(letter("Theirs"))
    form = (await signed_in.page("/inbox")).hidden("/messages/actions")
    for ids in ([str(theirs)], [str(new_id())], ["nonsense"], []):
        answer = await signed_in.client.post("/messages/actions", data=form | {"action": "trash", "id": ids})
        assert parse_qs(urlsplit(answer.headers["location"]).query) == {"done": ["trash"], "count": ["0"]}
        assert "Tick the messages first" in (await signed_in.page(answer.headers["location"])).words
    assert (await bob.newest()).folder == "inbox"


async def test_two_hundred_messages_are_the_most_at_once(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(letter())
    form = (await signed_in.page("/inbox")).hidden("/messages/actions") | {"action": "read"}
    for count, status in ((200, 303), (201, 422)):
        ids = [str(new_id()) for _ in range(count)]
        assert (await signed_in.client.post("/messages/actions", data=form | {"id": ids})).status_code == status


@pytest.mark.parametrize("path", ["/messages/actions", "/messages/undo"])
async def test_forms_need_their_token_and_steps_that_we_made(signed_in: Browser, ada: Owner, path: str) -> None:
    message_id = await ada.deliver(letter())
    form = {"id": str(message_id), "action": "trash", "steps": "trash.AAAA"}
    assert (await signed_in.post(path, form)).status_code == 403
    csrf = (await signed_in.page("/inbox")).hidden("/messages/actions")["csrf"]
    for wrong in ("burn", "", "trash~", "trash.A", "trash.AAAA~", "delete.AAAA", "\u2603.\u2603"):
        answer = await signed_in.post(path, form | {"csrf": csrf, "action": wrong, "steps": wrong or "~"})
        assert answer.status_code == 422, wrong
    assert (await ada.newest()).folder == "inbox"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "inbox", ""])
async def test_the_way_back_stays_on_this_site(signed_in: Browser, ada: Owner, back: str) -> None:
    await ada.deliver(letter())
    form = (await signed_in.page("/inbox")).hidden("/messages/actions") | {"action": "read", "back": back}
    location = (await signed_in.post("/messages/actions", form)).headers["location"]
    assert location.startswith("/inbox?")


@pytest.mark.parametrize(
    "query", ["done=burn&count=1", "done=trash&count=-1", "done=trash&count=201", "done=trash&count=\u00b2"]
)
async def test_a_made_up_notice_is_not_shown(signed_in: Browser, query: str) -> None:
    assert [one for one in (await signed_in.page(f"/inbox?{query}")).all("div") if one.get("role") == "status"] == []


async def test_lists_are_narrowed_and_keep_it_on_the_way(signed_in: Browser, ada: Owner, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    plain, filed = await ada.deliver(letter("Plain")), await ada.deliver(with_file())
    await act(signed_in, "/inbox", "star", [plain])
    await act(signed_in, "/inbox", "read", [filed])
    today, tomorrow = utc_today(), utc_today() + timedelta(days=1)
    for query, shown in [
        ("unread=1", ["Plain"]),
        ("starred=1", ["Plain"]),
        ("files=1", ["With a file"]),
        (f"alias={ada.alias.address}", ["Plain", "With a file"]),
        (f"alias={ada.alias.address.upper()}&files=1", ["With a file"]),
        (f"alias={bob.alias.address}", []),
        ("alias=nobody", []),
        (f"since={today}&until={today}", ["Plain", "With a file"]),
        (f"since={tomorrow}", []),
        (f"until={today - timedelta(days=1)}&unread=", []),
    ]:
        words = (await signed_in.page(f"/inbox?{query}")).words
        assert [one for one in ("Plain", "With a file") if one in words] == shown, query
        assert ("Nothing like that here" in words) == (not shown)
    place = "/inbox?unread=1&before=ffffffff-ffff-7fff-bfff-ffffffffffff"
    assert (await signed_in.page(place)).hidden("/messages/actions")["back"] == place


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-02-30", "since=9999-12-31", "until=\u0662"])
async def test_days_that_are_none_are_told_calmly(signed_in: Browser, query: str) -> None:
    assert "2026-11-21" in (await signed_in.page(f"/inbox?{query}", status=422)).words


async def test_counts_stand_beside_inbox_and_spam(signed_in: Browser, ada: Owner) -> None:
    ids = [await ada.deliver(letter(str(number))) for number in range(3)]
    await act(signed_in, "/inbox", "spam", ids[:1])
    page = await signed_in.page("/archive")
    assert "Inbox 2 unread" in page.words
    assert "Spam 1 unread" in page.words


async def test_the_print_view_has_nothing_around_the_message(signed_in: Browser, ada: Owner) -> None:
    hostile = '<p onclick="x()">Hi<script>alert(1)</script><img src="https://spy.example/1.gif"></p>'
    message_id = await ada.deliver(letter("Parcel", text="In words", html=hostile))
    for view, words in (("text", "In words"), ("html", "Hi")):
        answer = await signed_in.get(f"/messages/{message_id}/print?view={view}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
        assert "frame-ancestors 'none'" in policy
        assert "sandbox" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert words in answer.text
        assert "Parcel" in answer.text
        for foreign in ("<script", "onclick", "spy.example/1", "<nav", "<form"):
            assert foreign not in answer.text
    assert (await ada.newest()).is_read is False


def rows(page: Page) -> list[str]:
    """The numbers of the messages on a page."""
    return re.findall(r"Number (\d+)\.", page.words)


def link(page: Page, rel: str) -> str:
    (found,) = [one["href"] for one in page.all("a") if one.get("rel") == rel]
    return found


async def test_pages_are_turned_both_ways_while_mail_arrives(signed_in: Browser, ada: Owner) -> None:
    for number in range(123):
        await ada.deliver(letter(f"Number {number}.", text="x"))
    first = await signed_in.page("/inbox")
    assert not [one for one in first.all("a") if one.get("rel") in {"prev", "first"}]
    second = await signed_in.page(link(first, "next"))
    third = await signed_in.page(link(second, "next"))
    assert rows(third) == [str(number) for number in range(22, -1, -1)]
    for number in range(123, 125):
        await ada.deliver(letter(f"Number {number}.", text="x"))
    again = await signed_in.page(link(third, "prev"))
    assert rows(again) == rows(second)
    assert rows(await signed_in.page(link(again, "next"))) == rows(third)
    assert link(again, "first") == "/inbox"
    above = await signed_in.page(link(again, "prev"))
    assert rows(above) == rows(first)
    top = await signed_in.get(link(above, "prev"))
    assert (top.status_code, top.headers["location"]) == (303, "/inbox")
    assert rows(await signed_in.page("/inbox"))[:3] == ["124", "123", "122"]


async def test_a_page_that_lies_nowhere_leads_to_the_first(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter("Alone"))
    for after in (message_id, UUID(int=0), UUID(int=2**128 - 1)):
        answer = await signed_in.get(f"/inbox?unread=1&after={after}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/inbox?unread=1")
    assert "Alone" not in (await signed_in.page(f"/inbox?before={message_id}&after={UUID(int=0)}")).words


async def test_filing_leads_back_to_the_same_page(signed_in: Browser, ada: Owner) -> None:
    for number in range(52):
        await ada.deliver(letter(f"Number {number}.", text="x"))
    path = link(await signed_in.page("/inbox"), "next")
    answer = await act(signed_in, path, "star", [(await ada.lines())[-1].message_id])
    assert answer.headers["location"].startswith(f"{path}&done=star&count=1&undo=")
    back = await signed_in.page(answer.headers["location"])
    assert rows(back) == ["1", "0"]
    undone = await signed_in.post("/messages/undo", back.hidden("/messages/undo"))
    assert undone.headers["location"] == f"{path}&done=undo&count=1"


async def test_a_full_page_of_long_mail_stays_light(signed_in: Browser, ada: Owner) -> None:
    for number in range(50):
        await ada.deliver(
            letter(f"Your order {number} at the shop is on its way to you", text="Good morning, Ada. " * 30)
        )
    response = await signed_in.get("/inbox")
    signed_in.checked(response)
    assert response.text.count('type="checkbox" name="id"') == 50
