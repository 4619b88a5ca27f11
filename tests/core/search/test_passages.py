"""What is shown of messages that a search found: the part of the text where the words stand."""

import random
from base64 import b64encode
from collections.abc import Sequence
from textwrap import wrap

import pytest

from app.core.messages.model import MessageLine
from app.core.search import grammar, passages, service
from app.core.search.hits import MAX_PASSAGE_CHARS, Hits
from tests.core.conftest import Deliver, Owner

pytestmark = pytest.mark.anyio

ADA = "ada-alias@restante.test"
FILLING = "Lorem ipsum dolor sit amet consetetur. " * 40


def letter(text: str, subject: str = "News", kind: str = "plain", encoding: str = "8bit") -> bytes:
    head = f"From: Eve <eve@a.example>\r\nSubject: {subject}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
    return f"{head}Content-Transfer-Encoding: {encoding}\r\n\r\n{text}\r\n".encode()


async def shown(owner: Owner, q: str) -> tuple[Sequence[MessageLine], dict[str, str]]:
    """The lines found, and the passages by subject."""
    query = grammar.parse(q)
    async with owner.platform.db.transaction() as conn:
        found = await service.page(owner.platform, conn, owner.actor, query, before=None, limit=100)
    texts = await passages.passages(owner.platform, owner.actor, Hits(query), found, seconds=600)
    return found.lines, {
        line.summary.subject: texts[line.message_id] for line in found.lines if line.message_id in texts
    }


@pytest.mark.parametrize("kind", ["plain", "html"])
async def test_a_word_deep_in_a_text_is_shown_with_its_surroundings(ada: Owner, deliver: Deliver, kind: str) -> None:
    await deliver(letter(f"{FILLING}We put a parcel for you behind the shed. {FILLING}", kind=kind), ADA)
    _, texts = await shown(ada, "parcels")
    assert "put a parcel for you behind the shed." in texts["News"]
    assert texts["News"].startswith("… ")
    assert texts["News"].endswith(" …")
    assert len(texts["News"]) <= MAX_PASSAGE_CHARS + 4


async def test_a_line_that_shows_its_words_is_not_opened(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(letter(f"A parcel. {FILLING} parcel"), ADA)
    await deliver(letter(f"{FILLING} parcel", subject="Your parcels"), ADA)

    async def small_sources(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("app.core.search.queries.small_sources", small_sources)
    for q in ("parcel", "from:eve", "is:unread", "has:attachment", "-nothing"):
        assert (await shown(ada, q))[1] == {}


async def test_the_place_with_most_of_the_words_is_chosen(ada: Owner, deliver: Deliver) -> None:
    await deliver(letter(f"{FILLING}one parcel {FILLING}the blue parcel came {FILLING}something blue"), ADA)
    assert "the blue parcel came" in (await shown(ada, "parcel blue"))[1]["News"]
    assert "the blue parcel came" in (await shown(ada, '"blue parcel"'))[1]["News"]


NOISE = random.Random(1).randbytes(250_000).hex(" ")  # what cannot be compressed is the larger in the database
FAR = f"{FILLING}parcel\r\n" + "\r\n".join(wrap(NOISE, 76))
IN_AN_OBJECT = b64encode(f"{FILLING}parcel {FILLING * 60}".encode()).decode()


@pytest.mark.parametrize(
    "raw",
    [
        letter(FAR),
        letter("\r\n".join(wrap(IN_AN_OBJECT, 76)), encoding="base64"),
    ],
)
async def test_texts_that_are_too_large_show_their_snippet(ada: Owner, deliver: Deliver, raw: bytes) -> None:
    await deliver(raw, ADA)
    lines, texts = await shown(ada, "parcel")
    assert len(lines) == 1
    assert texts == {}
