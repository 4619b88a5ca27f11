from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import words
from app.core.messages.model import Attachment, Correspondent, Layout, Summary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("Café CAFÉ cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁne №5 ①", ["fine", "no5", "1"]),
        ("İstanbul ΣΛΣ", ["istanbul", "\N{GREEK SMALL LETTER SIGMA}λ\N{GREEK SMALL LETTER SIGMA}"]),
        ("日本語 текст", ["日本語", "текст"]),
        ("a_b user@shop.test 1,234.5", ["a_b", "user", "shop", "test", "1", "234", "5"]),
        ("x" * 100, ["x" * 64]),
        ("", []),
        (" \r\n\t—…", []),
    ],
)
def test_words_are_folded_alike(text: str, expected: list[str]) -> None:
    assert words.split(text) == expected


@given(st.text(max_size=100))
def test_a_word_that_was_found_finds_itself(text: str) -> None:
    for word in words.split(text):
        if len(word) < 64:
            assert words.split(word) == [word]


def summary(subject: str) -> Summary:
    return Summary(
        sender=Correspondent("Ada L", "ada@x.test"),
        to=(Correspondent("Bob", "bob@y.test"),),
        cc=(Correspondent("", "cyd@z.test"),),
        subject=subject,
        snippet="",
        sent_at=None,
        attachments=(Attachment(1, "invoice.pdf", "application/pdf", 1),),
        delivered_to="",
        envelope_from="",
        tls=None,
        layout=Layout("", (), ()),
    )


def test_each_field_is_found_by_itself_and_everything_anywhere() -> None:
    found = words.of_message(summary("Order order 7"), "Thank you")
    assert found["subject"] == ["order", "7"]
    assert found["from"] == ["ada", "l", "x", "test"]
    assert found["to"] == ["bob", "y", "test", "cyd", "z"]
    assert found["filename"] == ["invoice", "pdf"]
    assert set(found[words.ANYWHERE]) == {*chain(*(found[name] for name in found if name)), "thank", "you"}


def test_the_number_of_words_is_bounded() -> None:
    found = words.of_message(summary(" ".join(map(str, range(9000)))), " ".join(f"w{n}" for n in range(9000)))
    assert len(found["subject"]) == words.MAX_WORDS
    assert len(found[words.ANYWHERE]) == words.MAX_WORDS
