import pytest

from app.lib.ids import new_id
from tests.web.conftest import Browser, MakeOwner, Owner

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


async def test_a_long_conversation_names_what_it_does_not_open(signed_in: Browser, ada: Owner) -> None:
    for number in range(22):
        await ada.deliver(part(number, f"text {number}."))
    page = await signed_in.page(f"/threads/{(await ada.newest()).thread_id}")
    assert "22 messages" in page.words
    assert "text 2." in page.words
    assert "text 1." not in page.words
    assert "eve1@a.example" in page.words


async def test_other_peoples_conversations_are_not_found(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    await bob.deliver(part(0))
    await signed_in.page(f"/threads/{(await bob.newest()).thread_id}", status=404)
    await signed_in.page(f"/threads/{new_id()}", status=404)
