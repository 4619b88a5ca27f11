"""Conversations as they come together, whatever the order their messages come in."""

import asyncio
from itertools import permutations

import pytest

from tests.core.conftest import Deliver, Owner


def mail(
    name: str, *, answers: tuple[str, ...] = (), subject: str = "Plans", sender: str = "eve@b.example", field: str = ""
) -> bytes:
    head = [f"From: {sender}", f"Subject: {subject}", f"X-Name: {name}"]
    if name:
        head.append(f"Message-ID: <{name}@b.example>")
    if answers:
        head.append(f"{field or 'References'}: " + " ".join(f"<{one}@b.example>" for one in answers))
    return "\r\n".join([*head, "", "text", ""]).encode()


async def threads(owner: Owner) -> list[int]:
    """For each message, oldest first, which thread it is in: 0 for the first met, 1 for the next, and so on."""
    ids = [line.thread_id for line in reversed(await owner.lines())]
    seen = list(dict.fromkeys(ids))
    return [seen.index(one) for one in ids]


async def test_strangers_stay_apart(ada: Owner, deliver: Deliver) -> None:
    for name in ("a", "b"):
        await deliver(mail(name), ada.alias.address)
    assert await threads(ada) == [0, 1]


@pytest.mark.parametrize("field", ["References", "In-Reply-To"])
async def test_an_answer_joins_what_it_answers(ada: Owner, deliver: Deliver, field: str) -> None:
    await deliver(mail("a"), ada.alias.address)
    await deliver(mail("b", answers=("a",), subject="Re: Plans", field=field), ada.alias.address)
    await deliver(mail("c"), ada.alias.address)
    assert await threads(ada) == [0, 0, 1]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_any_order_makes_one_thread(ada: Owner, deliver: Deliver, order: tuple[int, ...]) -> None:
    chain = [mail("a"), mail("b", answers=("a",)), mail("c", answers=("b",)), mail("d", answers=("c",))]
    for place in order:
        await deliver(chain[place], ada.alias.address)
    assert await threads(ada) == [0, 0, 0, 0]


async def test_a_message_that_names_two_threads_makes_one_of_them(ada: Owner, deliver: Deliver) -> None:
    for content in (mail("a"), mail("b"), mail("x"), mail("c", answers=("a", "b"))):
        await deliver(content, ada.alias.address)
    assert await threads(ada) == [0, 0, 1, 0]


async def test_a_subject_joins_only_replies_that_name_nothing(ada: Owner, deliver: Deliver) -> None:
    await deliver(mail("a", subject="Weekly offers"), ada.alias.address)
    await deliver(mail("b", subject="Weekly offers"), ada.alias.address)
    await deliver(mail("c", subject="RE[2]: Re:  weekly OFFERS"), ada.alias.address)
    await deliver(mail("d", subject="Re: Weekly offers", sender="mallory@c.example"), ada.alias.address)
    await deliver(mail("e", subject="Re: Something else"), ada.alias.address)
    assert await threads(ada) == [0, 1, 1, 2, 3]


async def test_threads_end_at_the_account(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(mail("a"), ada.alias.address)
    await deliver(mail("b", answers=("a",)), bob.alias.address)
    await deliver(mail("c", answers=("b",)), ada.alias.address)
    assert await threads(ada) == [0, 1]
    assert await threads(bob) == [0]


async def test_messages_without_any_id_are_threads_of_their_own(ada: Owner, deliver: Deliver) -> None:
    for _ in range(2):
        await deliver(mail(""), ada.alias.address)
    assert await threads(ada) == [0, 1]


async def test_many_at_once_make_one_thread(ada: Owner, deliver: Deliver) -> None:
    """They share a batch, or meet in two: the outcome is the same."""
    chain = [mail(str(number), answers=(str(number - 1),) if number else ()) for number in range(20)]
    await asyncio.gather(*(deliver(content, ada.alias.address) for content in chain))
    assert set(await threads(ada)) == {0}


async def test_references_without_end_are_bounded(ada: Owner, deliver: Deliver) -> None:
    await deliver(mail("first"), ada.alias.address)
    await deliver(mail("last"), ada.alias.address)
    between = tuple(f"m{number}" for number in range(500))
    await deliver(mail("z", answers=("first", *between, "last")), ada.alias.address)
    assert await threads(ada) == [0, 0, 0]
    async with ada.platform.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM thread_refs")).fetchone()
    assert row is not None
    assert row[0] < 60
