import sys
from collections import Counter
from collections.abc import Callable
from email import feedparser
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import headers, read
from app.core.messages.model import Layout
from app.core.messages.read import Leaf, Reading

NOTHING_CUT = Layout(marker="", cuts=(), blobs=())


def reading(raw: bytes) -> Reading:
    return read.read(raw.replace(b"\n", b"\r\n"), NOTHING_CUT)


def body(leaves: Leaf | tuple[Leaf, ...]) -> bytes:
    """What the only one of them holds."""
    (leaf,) = (leaves,) if isinstance(leaves, Leaf) else leaves
    return b"".join(piece for piece in leaf.pieces if isinstance(piece, bytes))


def bodies(leaves: tuple[Leaf, ...]) -> list[bytes]:
    return [body(leaf) for leaf in leaves]


def only(raw: bytes) -> Leaf:
    (leaf,) = reading(raw).leaves
    return leaf


def multipart(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    inside = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return b"Content-Type: multipart/" + kind + b"; boundary=b\n\n" + inside + b"--b--\n"


def test_a_plain_message_is_its_text() -> None:
    found = reading(b"Subject: hi\n\nHello.\n")
    assert body(found.text) == b"Hello.\r\n"
    assert found.html == ()
    assert found.attachments == ()


@pytest.mark.parametrize("raw", [b"", b"\n", b"Subject: only a header\n", b"Subject: no line end"])
def test_a_message_without_a_body_has_an_empty_text(raw: bytes) -> None:
    found = reading(raw)
    assert body(found.text) == b""
    assert found.attachments == ()


def test_a_message_without_a_header_is_its_text() -> None:
    assert b"Just words." in body(reading(b"\nJust words.\n").text)
    assert b"Just words." in body(reading(b"Just words.\nMore: words\n").text)


def test_alternatives_and_attachments_are_told_apart() -> None:
    found = reading(
        multipart(
            multipart(b"Content-Type: text/plain\n\ntext", b"Content-Type: text/html\n\n<p>html", kind=b"alternative")
            .replace(b"=b\n", b"=c\n")
            .replace(b"--b", b"--c"),
            b"Content-Type: image/png; name=a.png\nContent-ID: <i@x>\n\nbits",
            b"Content-Type: text/plain\nContent-Disposition: attachment\n\nattached",
            b"Content-Type: text/plain\n\nfooter",
            b"Content-Type: text/plain\n\n",
        )
    )
    assert bodies(found.text) == [b"text", b"footer", b""]
    assert bodies(found.html) == [b"<p>html", b"footer", b""]
    assert [leaf.filename for leaf in found.attachments] == ["a.png", "part-4.txt"]
    assert found.attachments[0].content_id == "i@x"
    assert [leaf.ordinal for leaf in found.leaves] == [0, 1, 2, 3, 4, 5]


def test_the_text_of_an_attached_message_is_not_shown_as_ours() -> None:
    found = reading(multipart(b"Content-Type: message/rfc822\n\nSubject: inner\nContent-Type: text/html\n\ninner"))
    assert found.text == ()
    assert found.html == ()
    assert found.attachments == ()
    (enclosed,) = found.enclosed
    assert body(enclosed.reading.html) == b"inner"


@pytest.mark.parametrize("encoding", [b"base64", b"x-uuencode"])
def test_an_attached_message_that_was_encoded_is_one_attachment(encoding: bytes) -> None:
    part = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: " + encoding + b"\n\nU3ViamVjdDogeA=="
    found = reading(multipart(part))
    (leaf,) = found.attachments
    assert (leaf.content_type, leaf.transfer_encoding) == ("message/rfc822", encoding.decode())
    assert (leaf.filename, body(leaf)) == ("part-1.eml", b"U3ViamVjdDogeA==")


def test_a_text_with_a_name_is_shown_where_there_is_no_other() -> None:
    named = b"Content-Type: text/plain; name=a.txt\n\nnamed"
    assert body(reading(named).text) == b"named"
    found = reading(multipart(named, b"Content-Type: text/plain\n\nunnamed"))
    assert body(found.text) == b"unnamed"
    assert [leaf.filename for leaf in found.attachments] == ["a.txt"]
    assert reading(b"Content-Disposition: attachment\n" + named).text == ()


def test_a_multipart_without_parts_is_what_stands_before_them() -> None:
    found = reading(b"Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b--\nepilogue\n")
    assert body(found.text) == b"preamble\r\n"
    assert found.attachments == ()
    assert reading(b"Content-Type: multipart/mixed; boundary=b\n\n--b--\n").attachments == ()


@pytest.mark.parametrize("parameter", [b"", b"; boundary=", b"; boundary=other"])
def test_a_multipart_without_its_boundary_is_shown_as_text(parameter: bytes) -> None:
    found = reading(b"Content-Type: multipart/mixed" + parameter + b"\n\n--b\n\ntext\n--b--\n")
    assert body(found.text) == b"--b\r\n\r\ntext\r\n--b--\r\n"
    assert found.attachments == ()


def test_a_boundary_that_was_folded_is_found() -> None:
    found = reading(b'Content-Type: multipart/mixed; boundary="two\n words"\n\n--two words\n\ntext\n--two words--\n')
    assert body(found.text) == b"text"


@pytest.mark.parametrize(
    ("fields", "filename"),
    [
        (b"Content-Disposition: attachment; filename=plain.txt", "plain.txt"),
        (b'Content-Disposition: attachment; filename="two words.txt"', "two words.txt"),
        (b'Content-Type: a/b; name="by type.txt"', "by type.txt"),
        (b'Content-Type: a/b; name="second"\nContent-Disposition: attachment; filename="first"', "first"),
        (b"Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        (b"Content-Disposition: attachment; filename*0*=utf-8''Gr%C3%BC; filename*1=sse.txt", "Grüsse.txt"),
        (b"Content-Disposition: attachment;\n filename*0=long;\n filename*1=name.txt", "longname.txt"),
        (b"Content-Disposition: attachment; filename*=gb18030''%D6%D0.txt", "中.txt"),
        (b"Content-Disposition: attachment; filename*=nonsense''%C3%BC.txt", "ü.txt"),
        (b"Content-Disposition: attachment; filename*=utf-7''+2D0-.txt", "\N{REPLACEMENT CHARACTER}.txt"),
        (b"Content-Disposition: attachment; filename*99999999999=x", "x"),
        (b"Content-Disposition: attachment; filename=Gr.txt; filename*=utf-8''Gr%C3%BC.txt", "Grü.txt"),
        (b"Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC.txt; filename=Gr.txt", "Grü.txt"),
        (b'Content-Disposition: attachment; filename="open.txt', "open.txt"),
        (b'Content-Disposition: attachment; filename="named.txt" (a comment)', "named.txt"),
        (b'Content-Disposition: attachment; filename="=?utf-8?q?Gr=C3=BC.txt?="', "Grü.txt"),
        ('Content-Disposition: attachment; filename="Grüße.txt"'.encode(), "Grüße.txt"),
        ('Content-Disposition: attachment; filename="Grüße.txt"'.encode("cp1252"), "Grüße.txt"),
        (b'Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        (rb'Content-Disposition: attachment; filename="C:\\dir\\x.txt"', "x.txt"),
        (b'Content-Disposition: attachment; filename="..."', "part-1.bin"),
        (b'Content-Disposition: attachment; filename=""', "part-1.bin"),
        (b'Content-Disposition: attachment; filename="a\x00b\x7f.txt"', "ab.txt"),
        ('Content-Disposition: attachment; filename="gpj\u202e\u2067.exe"'.encode(), "gpj.exe"),
        (b"Content-Disposition: attachment; filename=" + b"x" * 1000 + b".txt", "x" * 180 + ".txt"),
        (b"Content-Disposition: attachment; filename=" + b"x" * 1000, "x" * 180),
    ],
)
def test_file_names_are_decoded_and_harmless(fields: bytes, filename: str) -> None:
    leaf = only((b"" if b"Content-Type" in fields else b"Content-Type: a/b\n") + fields + b"\n\nx")
    assert leaf.filename == filename


@pytest.mark.parametrize(
    ("field", "token"),
    [
        (b"base64", "base64"),
        (b" BASE64 ", "base64"),
        (b'"base64"', "base64"),
        (b"base64;", "base64"),
        (b"quoted-printable (really)", "quoted-printable"),
        (b"", ""),
        (b"\xff", ""),
    ],
)
def test_transfer_encodings_are_read_leniently(field: bytes, token: str) -> None:
    assert only(b"Content-Transfer-Encoding: " + field + b"\n\nx").transfer_encoding == token


@pytest.mark.parametrize(
    ("field", "content_type"),
    [
        (b"text/plain; charset=utf-8", "text/plain"),
        (b"TEXT/HTML", "text/html"),
        (b"text", "text/plain"),
        (b"a/b/c", "text/plain"),
        (b"image/<script>", "application/octet-stream"),
        (b"imag\xe9/png", "application/octet-stream"),
    ],
)
def test_content_types_are_well_formed(field: bytes, content_type: str) -> None:
    assert only(b"Content-Type: " + field + b"\n\nx").content_type == content_type


def test_the_charset_may_be_encoded_too() -> None:
    assert only(b"Content-Type: text/plain; charset*=us-ascii''koi8-r\n\nx").charset == "koi8-r"
    assert only(b"Content-Type: text/plain; charset=\n\nx").charset == ""
    assert only(b"Subject: x\n\nx").charset is None


@pytest.mark.parametrize("encoding", [b"", b"8bit", b"binary", b"quoted-printable", b"base64", b"x-unknown"])
@pytest.mark.parametrize(
    "charset", [b"", b"; charset=iso-8859-1", b"; charset=koi8-r", b"; charset=cp037", b"; charset=x"]
)
def test_eight_bit_content_stays_as_it_was_sent(charset: bytes, encoding: bytes) -> None:
    field = b"\nContent-Transfer-Encoding: " + encoding if encoding else b""
    found = only(b"Content-Type: text/plain" + charset + field + b"\n\ncaf\xe9 \xc3\xa9\x00\xff")
    assert body(found) == b"caf\xe9 \xc3\xa9\x00\xff"


def nested(depth: int) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"Subject: deep\r\n" + b"".join(heads)


@pytest.mark.parametrize("depth", [20, 200, 2000])
def test_nesting_of_any_depth_is_read(depth: int) -> None:
    found = read.read(nested(depth) + b"\r\nthe text", NOTHING_CUT)
    assert body(found.text).endswith(b"the text")
    assert headers.text(found.message.get("Subject", "")) == "deep"


def test_what_the_parser_cannot_descend_into_is_one_text() -> None:
    limit = sys.getrecursionlimit()
    raw = nested(limit) + b"\r\nthe text"
    found = read.read(raw, NOTHING_CUT)
    assert body(found.text) == raw.partition(b"\r\n\r\n")[2]


def test_attached_messages_nested_too_deeply_are_one_text() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"the text"
    assert body(read.read(raw, NOTHING_CUT).leaves[0]).endswith(b"the text")


def test_of_ten_thousand_parts_a_thousand_are_listed() -> None:
    found = reading(multipart(*[b"Content-Type: image/gif\n\nx"] * 9_990))
    assert len(found.leaves) == read.MAX_LEAVES


def test_parts_beyond_reason_are_one_text() -> None:
    found = reading(multipart(*[b"\n"] * 20_000))
    assert len(found.leaves) == 1
    assert body(found.text).startswith(b"--b\r\n")


def test_deep_nesting_over_many_lines_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is held against every open boundary: counted here, so that the bound is one of work and not of time."""
    checks = Counter[str]()
    lines_of_input: Any = vars(feedparser)["BufferedSubFile"]
    push = lines_of_input.push_eof_matcher

    def counting_push(self: object, matcher: Callable[[str], object]) -> None:
        def count(line: str) -> object:
            checks["all"] += 1
            return matcher(line)

        push(self, count)

    monkeypatch.setattr(lines_of_input, "push_eof_matcher", counting_push)
    for depth, lines in [(3, 20_000), (100, 1_000)]:
        checks.clear()
        read.read(nested(depth) + b"\r\nx" * lines, NOTHING_CUT)
        assert 0 < checks["all"] < 2 * depth * (lines + 2 * depth + 10)
    checks.clear()
    found = read.read(nested(250) + b"\r\nx" * 100_000, NOTHING_CUT)
    assert checks["all"] == 0
    assert len(found.leaves) == 1


def calls_to_read(raw: bytes) -> int:
    count = 0

    def step(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(step)
    try:
        read.read(raw, NOTHING_CUT)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        b"Content-Type: text/plain" + b";" * 900 + b"\r\n",
        b'Content-Disposition: attachment; filename="' + b";" * 900 + b"\r\n",
        b"X: =?utf-8?q?" * 60 + b"\r\n",
        b"\r\n--b\r\n" * 100,
        b"a:\r\n" * 200,
        b" folded\r\n" * 100,
    ],
)
def test_twice_as_much_takes_about_twice_as_many_steps(piece: bytes) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n"
    once, twice = (calls_to_read(head + piece * count) for count in (40, 80))
    assert twice < 2.5 * once + 1000


def test_parameters_beyond_reason_are_not_read() -> None:
    """The library's reader of parameters walks the rest of the field at each semicolon."""
    many = only(b"Content-Type: image/png" + b";" * 100_000 + b"name=x.png\n\nx")
    assert (many.content_type, many.filename) == ("image/png", "part-1.png")
    quoted = only(b'Content-Type: image/png; x="' + b";" * 100_000 + b"\n\nx")
    assert quoted.content_type == "image/png"
    value = read._POLICY.header_fetch_parse("content-type", 'a/b; x="' + ";" * 100_000)
    assert value.count(";") < 100


def test_a_report_of_nothing_but_empty_lines_is_not_parsed() -> None:
    found = read.read(b"Content-Type: message/Delivery-Status\r\n\r\n" + b"\r\n" * 50_000, NOTHING_CUT)
    assert [leaf.content_type for leaf in found.leaves] == ["text/plain"]
    assert calls_to_read(b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n" * 50_000) < 1000


def test_header_fields_that_cannot_be_parsed_are_still_shown() -> None:
    head = b"Subject: deep\r\n folded\r\n: none\r\nno colon\r\nX: y\r\nContent-Type: multipart/mixed; boundary=b"
    found = read.read(head + b"\r\n\r\n" + b"--b\r\n" * 20_000, NOTHING_CUT)
    assert [(header.name, header.value) for header in headers.all_headers(found.message)] == [
        ("Subject", "deep folded"),
        ("X", "y"),
        ("Content-Type", "multipart/mixed; boundary=b"),
    ]


PIECES = [
    b"\r\n", b"\n", b"\r", b"--b", b"--b--", b"--", b": ", b";", b"=", b'"', b"<", b"*0*=", b"boundary=b", b"charset=",
    b"filename", b"utf-7''+2D0-", b"multipart/mixed", b"message/rfc822", b"message/delivery-status", b"Content-Type",
    b"Content-Disposition", b"Content-Transfer-Encoding", b"base64", b"x-uuencode", b"\xff", b"\x00", b"Subject",
    b"From ", b"begin 644 x", b"text/html", b"(", b"=?utf-8?b?A?=",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_no_message_raises_and_every_text_can_be_written(raw: bytes) -> None:
    found = read.read(raw, NOTHING_CUT)
    for leaf in found.leaves:
        (leaf.filename + leaf.content_type + leaf.content_id + leaf.transfer_encoding).encode()
    for header in headers.all_headers(found.message):
        (header.name + header.value).encode()
