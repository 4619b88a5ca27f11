from datetime import UTC, datetime
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import headers
from app.core.messages.model import Correspondent, Layout
from app.core.messages.read import read

NOTHING_CUT = Layout(marker="", cuts=(), blobs=())


def parse(head: bytes) -> Message:
    return read(head + b"\r\n\r\n", NOTHING_CUT).message


def subject(raw: bytes) -> str:
    return headers.text(parse(b"Subject: " + raw).get("Subject", ""))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?Q?two_words?=", "two words"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),  # without its padding
        (b"=?utf-8?b?A?=", ""),  # one character is no byte; the library raises
        (b"a =?utf-8?q?b?= c", "a b c"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"x=?utf-8?q?a?=y", "xay"),
        (b"=?utf-8?b?w7w=?= =?utf-8?b?w7w=?=", "üü"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),  # a character split between words
        (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?gb2312?B?1tDOxA==?=", "中文"),
        (b"=?koi8-r?q?=F0=D2=C9?=", "При"),
        (b"=?utf-8*en?q?language?=", "language"),
        (b"=?nonsense?q?=C3=BC?=", "ü"),
        (b"=?utf-8?q?Really??=", "Really?"),
        (b"=?utf-8?q?with space?=", "with space"),
        (b"=?utf-8?x?unknown?=", "=?utf-8?x?unknown?="),
        (b"=?utf-8?q?no end", "=?utf-8?q?no end"),
        (b"=?utf-8?q??=", ""),
        (b"=?utf-8?q?line=0D=0Abreak?=", "linebreak"),
        (b"=?utf-7?q?+2D0-?=", "\N{REPLACEMENT CHARACTER}"),
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        ("Grüße ".encode() + b"=?utf-8?q?=C3=BC?=", "Grüße ü"),
        (b"folded\r\n\tover\r\n lines", "folded over lines"),
        (b"nul\x00 bell\x07 esc\x1b tab\t.", "nul bell esc tab\t."),
        (b"c1 \xc2\x9b31m", "c1 31m"),
        (b"", ""),
    ],
)
def test_fields_are_decoded_as_people_would_read_them(raw: bytes, text: str) -> None:
    assert subject(raw) == text


def test_a_long_field_is_cut_for_showing() -> None:
    assert len(subject(b"x" * 100_000)) == headers.MAX_VALUE_CHARS


def test_words_that_never_end_are_looked_at_once() -> None:
    hostile = "=?a?q?" * 2700
    found = list(headers._ENCODED_WORD.finditer(hostile))
    assert not found
    assert headers.text(hostile) == hostile[: headers.MAX_VALUE_CHARS]


def test_all_headers_come_in_order_and_can_be_written() -> None:
    message = parse(b"B: 1\r\na: =?utf-8?q?=C3=BC?=\r\nB: 2\r\nX-\xff: \xfe")
    found = headers.all_headers(message)
    assert [(header.name, header.value) for header in found[:3]] == [("B", "1"), ("a", "ü"), ("B", "2")]
    for header in found:
        (header.name + header.value).encode()


def test_at_most_a_thousand_headers_are_given() -> None:
    assert len(headers.all_headers(parse(b"\r\n".join([b"a: b"] * 5000)))) == headers.MAX_HEADERS


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"ada@x.test", [("", "ada@x.test")]),
        (b"Ada Lovelace <ada@x.test>", [("Ada Lovelace", "ada@x.test")]),
        (b'"Lovelace, Ada" <ada@x.test>, bob@x.test', [("Lovelace, Ada", "ada@x.test"), ("", "bob@x.test")]),
        (b"=?utf-8?q?Ad=C3=A4=2C_L?= <ada@x.test>", [("Adä, L", "ada@x.test")]),
        (b'"=?utf-8?q?Ad=C3=A4?=" <ada@x.test>', [("Adä", "ada@x.test")]),
        ("Adä <ada@x.test>".encode(), [("Adä", "ada@x.test")]),
        ("Adä <ädä@x.test>".encode("cp1252"), [("Adä", "ädä@x.test")]),
        (b"undisclosed-recipients:;", []),
        (b"Team: ada@x.test, bob@x.test;", [("", "ada@x.test"), ("", "bob@x.test")]),
        (b"<>", []),
        (b"", []),
    ],
)
def test_correspondents(raw: bytes, expected: list[tuple[str, str]]) -> None:
    found = headers.correspondents(parse(b"To: " + raw), "To")
    assert found == tuple(Correspondent(name, address) for name, address in expected)


def test_all_fields_of_a_name_are_read_but_not_endlessly() -> None:
    assert len(headers.correspondents(parse(b"To: a@x.test\r\nTo: b@x.test"), "to")) == 2
    many = parse(b"\r\n".join([b"To: a@x.test, b@x.test"] * 500))
    assert len(headers.correspondents(many, "To")) == 20
    assert len(headers.correspondents(parse(b"To: " + b"a@x.test," * 1000), "To")) == headers.MAX_CORRESPONDENTS
    twice = parse(b"To: " + b"a@x.test," * 150 + b"\r\nTo: " + b"b@x.test," * 150)
    assert [one.address for one in headers.correspondents(twice, "To")] == ["a@x.test"] * 150 + ["b@x.test"] * 50


def test_a_field_that_is_not_ended_swallows_no_other() -> None:
    found = headers.correspondents(parse(b'To: "never <a@x.test>\r\nTo: b@x.test'), "To")
    assert "b@x.test" in [one.address for one in found]


def test_the_head_tells_what_lists_show() -> None:
    message = parse(
        b"From: Ida <i@x>, j@x\r\nTo: a@x\r\nCc: b@x\r\nDate: Fri, 20 Nov 2026 08:30:00 +0100\r\nSubject: Hi"
    )
    head = headers.head(message)
    assert head.people == (Correspondent("Ida", "i@x"), Correspondent("", "j@x"))
    assert (head.to, head.cc) == ((Correspondent("", "a@x"),), (Correspondent("", "b@x"),))
    assert head.subject == "Hi"
    assert head.sent_at is not None
    assert head.sent_at.isoformat() == "2026-11-20T07:30:00+00:00"


@pytest.mark.parametrize("piece", ["(", "a:", "<", '"', "a:b,", "[", "\\", "@,"])
def test_addresses_nested_without_end_are_still_shown(piece: str) -> None:
    found = headers.correspondents(parse(b"From: " + piece.encode() * 8000), "From")
    assert len(found) <= headers.MAX_CORRESPONDENTS


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (b"Sat, 21 Nov 2026 10:00:00 +0200", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        (b"21 Nov 2026 10:00 GMT", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        (b"Sat, 21 Nov 26 10:00:00 EST (a comment)", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        (b"Sat, 21 Nov 2026 10:00:00 -0000", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        (b"yesterday", None),
        (b"", None),
        (b"Sat, 32 Nov 2026 10:00:00 +0000", None),
        (b"Sat, 21 Nov 2026 99:00:00 +0000", None),
        (b"Fri, 31 Dec 9999 23:59:59 -2359", None),
        (b"1 Jan 1 00:00:00 +9999999999", None),
        (b"\xff\xfe", None),
    ],
)
def test_dates(raw: bytes, moment: datetime | None) -> None:
    assert headers.sent_at(parse(b"Date: " + raw)) == moment


def test_a_missing_date_is_none() -> None:
    assert headers.sent_at(parse(b"Subject: x")) is None


@given(st.binary(max_size=300).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"\r\n ")))
def test_no_field_raises_and_everything_can_be_written(raw: bytes) -> None:
    message = parse(b"\r\n".join(name + b": " + raw for name in (b"From", b"To", b"Date", b"Subject", b"X")))
    headers.sent_at(message)
    for person in headers.correspondents(message, "From") + headers.correspondents(message, "To"):
        (person.name + person.address).encode()
    for header in headers.all_headers(message):
        (header.name + header.value).encode()


@given(st.lists(st.sampled_from(["=?", "utf-8", "utf-7", "?q?", "?b?", "?=", "=C3", "_", "+2D0-", " ", "A", "\udcff"])))
def test_no_mixture_of_encoded_words_raises(pieces: list[str]) -> None:
    headers.text("".join(pieces)).encode()


@given(st.text(st.sampled_from("0123456789:+- ,()JanFeMrSTuGMZEST\x00"), max_size=60))
def test_no_date_raises(text: str) -> None:
    headers.sent_at(parse(b"Date: " + text.encode()))
