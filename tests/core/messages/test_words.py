from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import stems, words
from app.core.messages.model import Attachment, Correspondent, Layout, Summary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("Café CAFÉ cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁne №5 ①", ["fine", "no5", "1"]),
        ("İstanbul ΣΛΣ", ["istanbul", "\N{GREEK SMALL LETTER SIGMA}λ\N{GREEK SMALL LETTER SIGMA}"]),
        ("日本語 текст", ["日", "本", "語", "日本", "本語", "текст"]),
        ("東京tower ハ゜", ["東", "京", "東京", "tower", "ハ"]),
        ("안녕", ["안", "녕", "안녕"]),
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
            assert word in words.split(word)
            assert set(words.pairs(word)) <= set(words.split(word))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Café, 東京tower.", ["the", "cafe", "東", "京", "tower"]),
        ("a_b " + "x" * 100, ["a_b", "x" * 64]),
        ("", []),
    ],
)
def test_phrases_are_words_and_single_cjk_characters(text: str, expected: list[str]) -> None:
    assert words.sequence(text) == expected


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
    assert found["from"] == ["ada", "l", "x", "test", "ada@x.test", "x.test"]
    assert found["to"] == ["bob", "y", "test", "cyd", "z", "bob@y.test", "y.test", "cyd@z.test", "z.test"]
    assert found["filename"] == ["invoice", "pdf"]
    assert found[words.HAS] == ["attachment"]
    fields = [name for name in found if name.isalpha() and name != words.HAS]
    split = {word for word in chain(*map(found.__getitem__, fields)) if word.isalnum()}
    assert set(found[words.ANYWHERE]) == split | {"thank", "you"}


def test_the_number_of_words_is_bounded() -> None:
    found = words.of_message(summary(" ".join(map(str, range(9000)))), " ".join(f"w{n}" for n in range(9000)))
    assert len(found["subject"]) == words.MAX_WORDS
    assert len(found[words.ANYWHERE]) == words.MAX_WORDS


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a+tag@mail.shop.example", ["a+tag@mail.shop.example", "a+tag", "a", "mail.shop.example", "shop.example"]),
        ("shop.example", ["shop.example", "shop.example"]),
        ("x@localhost", ["x@localhost", "x", "x", "localhost"]),
        ("a.b.c.d.e.f.g", ["a.b.c.d.e.f.g", "a.b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g", "f.g"]),
    ],
)
def test_addresses_are_found_whole_and_by_their_parts(address: str, expected: list[str]) -> None:
    assert list(dict.fromkeys(words.address_parts(address))) == list(dict.fromkeys(expected))


def test_names_that_look_like_domains_count_as_addresses() -> None:
    assert "booking.com" in words.addresses([Correspondent("Booking.com (Rooms)", "x@mailer.test")])


@pytest.mark.parametrize(
    ("body", "query", "is_found"),
    [
        ("We have shipped your parcels.", "parcel", True),
        ("We have shipped your parcels.", "shipping", True),
        ("Wir haben Ihre Bestellungen erhalten.", "bestellung", True),
        ("Die Häuser sind nicht neu.", "haus", True),
        ("Vos commandes sont expédiées avec nous.", "commande", True),
        ("Мы отправили ваши новые заказы.", "новый", True),
        ("Мы отправили ваши новые заказы.", "заказ", True),
        ("The invoices", "receipt", False),
    ],
)
def test_other_forms_of_a_word_are_found_in_the_language_of_the_message(body: str, query: str, is_found: bool) -> None:
    found = words.of_message(summary("7"), body)
    asked = stems.in_any_language(query)
    assert bool(asked & {*found[words.STEMS], *found[words.ANYWHERE]}) == is_found


def test_an_endless_name_is_looked_through_once() -> None:
    name = "a" * 100_000  # a search that began anew at each letter would take minutes
    assert words.addresses([Correspondent(name, f"{name}@a.example")]) == [f"{name}@a.example", name, "a.example"]
    assert words.address_in(name) is None
