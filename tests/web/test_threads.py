import pytest

from app.lib.ids import new_id
from tests.web.conftest import Browser, MakeOwner, Owner, Page

pytestmark = pytest.mark.anyio


def part(number: int, text: str = "words") -> bytes:
    answers = f"References: <{number - 1}@a.example>\r\n" if number else ""
    head = (
        f"From: eve{number}@a.example\r\nSubject: {'Re: ' if number else ''}Plans\r\nMessage-ID: <{number}@a.example>"
    )
    return f"{head}\r\n{answers}\r\n{text}\r\n".encode()


async def test_the_newest_is_open_and_quotes_are_folded(signed_in: Browser, ada: Owner) -> None:
    for number in range(3):
        await ada.deliver(part(number, f"> said before\r\nnew in {number}"))
    newest = await ada.newest()
    links = (await signed_in.page(f"/messages/{newest.message_id}")).all("a")
    assert {"href": f"/threads/{newest.thread_id}"} in links
    page = await signed_in.page(f"/threads/{newest.thread_id}")
    letters = [one for one in page.all("details") if one["class"] == "letter"]
    assert ["open" in one for one in letters] == [True, False, False]
    assert len([one for one in page.all("details") if one["class"] == "quoted"]) == 3
    assert page.words.index("new in 2") < page.words.index("new in 1") < page.words.index("new in 0")


async def test_a_single_message_names_no_conversation(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(part(0))
    assert "Conversation" not in (await signed_in.page(f"/messages/{message_id}")).words


async def test_a_damaged_message_is_told_in_its_place(signed_in: Browser, ada: Owner) -> None:
    for number in range(3):
        await ada.deliver(part(number))
    newest = await ada.newest()
    async with ada.platform.db.transaction() as conn:
        row = await (
            await conn.execute("SELECT message_id FROM messages ORDER BY message_id LIMIT 1 OFFSET 1")
        ).fetchone()
        assert row is not None
        await conn.execute("UPDATE message_summaries SET summary = 'x' WHERE message_id = %s", row)
    thread = await signed_in.page(f"/threads/{newest.thread_id}")
    assert "A message that is damaged" in thread.words
    assert "eve2@a.example" in thread.words
    for path in ("/inbox", "/search?q=words"):
        page = await signed_in.page(path)
        assert page.words.count("(damaged: it cannot be opened)") == 1, path
        assert page.words.count("Plans") == 2


def link(page: Page, rel: str) -> str:
    (found,) = [one["href"] for one in page.all("a") if one.get("rel") == rel]
    return found


async def test_a_long_conversation_goes_on_page_by_page_both_ways(signed_in: Browser, ada: Owner) -> None:
    for number in range(22):
        await ada.deliver(part(number, f"text {number}."))
    first = await signed_in.page(f"/threads/{(await ada.newest()).thread_id}")
    assert "22 messages" in first.words
    assert "text 12." in first.words
    assert "text 11." not in first.words
    assert "eve11@a.example" in first.words
    second = await signed_in.page(link(first, "next"))
    assert "from number 11 on" in second.words
    assert "text 11." in second.words
    assert "text 12." not in second.words
    third = await signed_in.page(link(second, "next"))
    assert "text 0." in third.words
    assert not [one for one in third.all("a") if one.get("rel") == "next"]
    assert (await signed_in.page(link(third, "prev"))).words == second.words
    assert (await signed_in.page(link(second, "prev"))).words == first.words
    assert (await signed_in.page(f"{link(second, 'first')}?before={new_id()}")).words == first.words


async def test_html_is_shown_as_words_with_its_quotes_folded(signed_in: Browser, ada: Owner) -> None:
    html = "<p>New &lt;words&gt;</p><ul><li>one</li></ul><blockquote>said before</blockquote><script>alert(1)</script>"
    head = b"From: eve@a.example\r\nSubject: Plans\r\nContent-Type: text/html\r\n\r\n"
    message_id = await ada.deliver(head + html.encode())
    page = await signed_in.page(f"/threads/{(await ada.newest()).thread_id}")
    assert "New <words>\n\n- one\n" in page.words
    assert len([one for one in page.all("details") if one["class"] == "quoted"]) == 1
    assert "> said before" in page.words
    assert "alert" not in page.words
    assert "which was written in HTML" in page.words
    assert f"/messages/{message_id}" in [one["href"] for one in page.all("a")]


async def test_other_peoples_conversations_are_not_found(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    await bob.deliver(part(0))
    await signed_in.page(f"/threads/{(await bob.newest()).thread_id}", status=404)
    await signed_in.page(f"/threads/{new_id()}", status=404)
