import email
import email.policy
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.messages.tnef import Tnef, read_tnef
from app.core.messages.tnef.lzfu import decompress
from app.core.messages.tnef.model import MAX_BODY_BYTES
from app.core.messages.tnef.rtf import read_rtf
from tests.core.messages.tnef_writer import (
    BINARY,
    BODY,
    BOOLEAN,
    HTML,
    INTEGER,
    MESSAGE,
    MESSAGE_INTERFACE,
    OBJECT,
    RTF,
    STRING,
    SUBJECT,
    TIME,
    UNICODE,
    attribute,
    compressed,
    file,
    message,
    prop,
    several,
    stream,
)


def read(data: bytes) -> Tnef:
    found = read_tnef(data)
    assert found is not None
    return found


def enclosed(inner: bytes, title: bytes = b"") -> bytes:
    return file(title, None, prop(0x3705, INTEGER, 5), prop(0x3701, OBJECT, MESSAGE_INTERFACE + inner))


def test_files_by_their_true_names_types_and_bytes() -> None:
    found = read(
        stream(
            attribute(MESSAGE, 0x8004, b"Subject\0", type_=1),
            file(b"LONGNA~1.PDF", b"%PDF", prop(0x3707, UNICODE, "L\u00e4nge \u65e5\u672c.pdf")),
            file(b"photo.png", b"\x89PNG", prop(0x370E, STRING, "image/PNG"), prop(0x3712, STRING, "<p@x.example>")),
            file(b"b\xe4r.txt", b""),
            file(b"", b"x", prop(0x3704, STRING, "short.bin"), prop(0x3001, STRING, "shown")),
            file(b"", None, prop(0x3701, BINARY, b"in a property"), prop(0x3001, UNICODE, "shown.csv")),
            file(b"", None),
        )
    )
    assert [(one.filename, one.content_type, one.content_id, bytes(one.data)) for one in found.members] == [
        ("L\u00e4nge \u65e5\u672c.pdf", "application/pdf", "", b"%PDF"),
        ("photo.png", "image/png", "p@x.example", b"\x89PNG"),
        ("b\u00e4r.txt", "text/plain", "", b""),
        ("short.bin", "application/octet-stream", "", b"x"),
        ("shown.csv", "text/csv", "", b"in a property"),
        ("", "", "", b""),
    ]
    assert "PDF" not in repr(found.members[0])


@pytest.mark.parametrize(
    ("attributes", "text", "html"),
    [
        ([attribute(MESSAGE, 0x800C, b"plain \xe4\0", type_=2)], "plain \u00e4", ""),
        ([message(prop(BODY, UNICODE, "wide \u20ac"))], "wide \u20ac", ""),
        ([message(prop(BODY, STRING, "narrow \u20ac"))], "narrow \u20ac", ""),
        ([attribute(MESSAGE, 0x800C, b"kept\0"), message(prop(SUBJECT, STRING, "x"))], "kept", ""),
        (
            [message(prop(BODY, UNICODE, "t"), prop(HTML, BINARY, b"<p>\xe4"), prop(0x3FDE, INTEGER, 28591))],
            "t",
            "<p>\u00e4",
        ),
        ([message(prop(HTML, BINARY, "<p>\u00e4".encode()), prop(0x3FDE, INTEGER, 65001))], "", "<p>\u00e4"),
        ([message(prop(HTML, UNICODE, "<p>\u00e4"))], "", "<p>\u00e4"),
        ([message(prop(RTF, BINARY, compressed(rb"{\rtf1\ansi\fromtext one\par two}")))], "one\r\ntwo", ""),
        ([message(prop(BODY, UNICODE, "both"), prop(RTF, BINARY, compressed(rb"{\rtf1 one}")))], "both", ""),
        ([message(prop(BODY, UNICODE, " "), prop(RTF, BINARY, compressed(rb"{\rtf1 one}")))], "one", ""),
        (
            [
                message(
                    prop(
                        RTF, BINARY, compressed(rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf \b x\htmlrtf0 hi}")
                    )
                )
            ],
            "",
            "<p>hi",
        ),
        ([message(prop(RTF, BINARY, b"nonsense"))], "", ""),
        ([], "", ""),
    ],
)
def test_bodies(attributes: list[bytes], text: str, html: str) -> None:
    found = read(stream(*attributes))
    assert (found.text, found.html, found.is_truncated) == (text, html, False)


def test_properties_of_every_kind_are_passed_over() -> None:
    found = read(
        stream(
            message(
                prop(0x0017, INTEGER, 1),
                prop(0x0E1B, BOOLEAN, 1),
                prop(0x0039, TIME, 133_000_000_000_000_000),
                struct.pack("<HHd", 0x05, 0x0001, 1.5),
                struct.pack("<HH16s", 0x48, 0x0002, bytes(16)),
                several(0x0003, STRING, [b"a\0", b"bcd\0", b""]),
                struct.pack("<HHIii", 0x1003, 0x0004, 2, 7, 8),
                prop(0x8001, UNICODE, "named by text", name="Keywords and more"),
                prop(0x8002, BINARY, b"12345", name=7),
                prop(BODY, UNICODE, "reached"),
            )
        )
    )
    assert found.text == "reached"


def test_the_codepage_is_the_streams_else_the_messages() -> None:
    word = "\u043f\u0440\u0438\u0432\u0435\u0442"
    body = attribute(MESSAGE, 0x800C, word.encode("cp1251") + b"\0")
    assert read(stream(body, codepage=1251)).text == word
    assert read(stream(body, message(prop(0x3FFD, INTEGER, 1251)), codepage=0)).text == word
    assert read(stream(attribute(MESSAGE, 0x800C, "\u65e5\u672c".encode("cp932")), codepage=932)).text == "\u65e5\u672c"
    assert read(stream(body, codepage=99999)).text


def test_a_message_inside_is_a_letter_followed_by_its_files() -> None:
    inner = stream(
        message(
            prop(SUBJECT, UNICODE, "Gr\u00fc\u00dfe\r\nBcc: all"),
            prop(0x0C1A, UNICODE, "Ada L\u00f6v"),
            prop(0x5D01, UNICODE, "ada@x.example"),
            prop(0x0E04, UNICODE, "Bob; Eve"),
            prop(0x0039, TIME, 134_237_610_000_000_000),
            prop(HTML, BINARY, "<p>\u00e4</p>".encode()),
            prop(0x3FDE, INTEGER, 65001),
        ),
        file(b"deep.txt", b"deep"),
    )
    found = read(stream(file(b"first.txt", b"1"), enclosed(inner), file(b"last.txt", b"2")))
    assert [one.filename for one in found.members] == [
        "first.txt",
        "Gr\u00fc\u00dfe Bcc: all.eml",
        "deep.txt",
        "last.txt",
    ]
    written = bytes(found.members[1].data)
    letter = email.message_from_bytes(written, policy=email.policy.default)
    assert letter["From"] == "Ada L\u00f6v <ada@x.example>"
    assert (letter["To"], letter["Subject"], letter["Bcc"]) == ("Bob, Eve", "Gr\u00fc\u00dfe Bcc: all", None)
    assert letter["Date"] == "Wed, 20 May 2026 14:30:00 +0000"
    assert letter.get_content() == "<p>\u00e4</p>"
    assert bytes(read(stream(enclosed(inner))).members[0].data) == written
    assert [one.filename for one in read(stream(enclosed(stream(), b"t"))).members] == ["t.eml"]
    assert [one.filename for one in read(stream(enclosed(stream()))).members] == ["message.eml"]


def test_messages_in_messages_and_files_are_bounded() -> None:
    nested = stream(file(b"innermost.txt", b""))
    for _ in range(50):
        nested = stream(enclosed(nested, b"m"))
    assert [one.filename for one in read(nested).members] == ["m.eml"] * 6
    assert len(read(stream(*[file(b"a", b"")] * 500)).members) == 100
    assert len(read(stream(*[enclosed(stream(*[file(b"a", b"")] * 90))] * 5)).members) == 100


def test_long_bodies_end_and_say_so() -> None:
    long = "x" * (MAX_BODY_BYTES + 1)
    for body in (
        prop(BODY, STRING, long),
        prop(HTML, BINARY, long.encode()),
        prop(RTF, BINARY, _stored(long.encode())),
    ):
        found = read(stream(message(body)))
        assert found.is_truncated
        assert len(found.text + found.html) <= MAX_BODY_BYTES


def _stored(rtf: bytes) -> bytes:
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


@pytest.mark.parametrize("data", [b"", b"x", b"winmail", b"\x78\x9f\x3e", bytes(1000)])
def test_what_is_no_tnef_is_none(data: bytes) -> None:
    assert read_tnef(data) is None


SAMPLE = stream(
    message(prop(BODY, UNICODE, "text"), prop(RTF, BINARY, compressed(rb"{\rtf1\fromhtml1 {\*\htmltag64 <p>}x}"))),
    file(b"a.txt", b"content", prop(0x3707, UNICODE, "long.txt")),
    enclosed(stream(message(prop(SUBJECT, STRING, "in")), file(b"b", b"c"))),
)


@given(st.data())
def test_nothing_raises_whatever_is_broken(data: st.DataObject) -> None:
    damaged = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    found = read_tnef(damaged[: data.draw(st.integers(0, len(damaged)))])
    assert found is None or len(found.members) <= 100


def test_every_cut_off_stream_gives_what_came_before() -> None:
    for end in range(4, len(SAMPLE)):
        assert read_tnef(SAMPLE[:end]) is not None


@given(st.binary(max_size=300) | st.from_regex(rb"([ab]{1,30}\\par ){1,20}", fullmatch=True))
def test_compressed_rtf_comes_back(rtf: bytes) -> None:
    assert decompress(compressed(rtf), limit=10_000) == rtf
    assert decompress(compressed(rtf), limit=10) == rtf[:10]
    assert decompress(_stored(rtf), limit=10_000) == rtf


def test_the_specifications_own_examples() -> None:
    """MS-OXRTFCP section 3.1: a plain one, and one whose run reads what it writes."""
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompress(simple, limit=1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompress(crossing, limit=1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@given(st.binary(max_size=200))
@example(b"\xff" * 200)
def test_no_packed_bytes_raise(content: bytes) -> None:
    packed = struct.pack("<IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0x75465A4C, 0) + content
    assert len(decompress(packed, limit=500)) <= 500
    assert decompress(content, limit=500) == b"" or content[8:12] in {b"LZFu", b"MELA"}


@pytest.mark.parametrize(
    ("rtf", "shown", "is_html"),
    [
        (rb"{\rtf1 a\par b\line c\tab d}", "a\r\nb\r\nc\td", False),
        (
            rb"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\stylesheet{s;}}{\info{\title t}}{\*\generator g;}x}",
            "x",
            False,
        ),
        (rb"{\rtf1 {\pict\pngblip 89504e47}a{\*\unknown b}c}", "ac", False),
        (rb"{\rtf1\ansi\ansicpg1251 \'ef\'f0}", "\u043f\u0440", False),
        (
            rb"{\rtf1\ansicpg1252{\fonttbl{\f1\fcharset128 MS;}{\f2\fcharset204 A;}}\f1 \'93\'fa\f2 \'ef}",
            "\u65e5\u043f",
            False,
        ),
        (rb"{\rtf1{\fonttbl{\f1\fcharset128 MS;}}{\f1 \'93\'fa}\'e4\f1\plain \'e4}", "\u65e5\u00e4\u00e4", False),
        (rb"{\rtf1\uc1 \u8364?\u26085\'93\u-10179?\u-8703?!}", "\u20ac\u65e5\U0001f601!", False),
        (rb"{\rtf1\uc0 \u8364 x\uc2 \u8364??y{\uc0\u97}\u98??}", "\u20acx\u20acyab", False),
        (rb"{\rtf1 \u55357?x}", "\ufffdx", False),
        (rb"{\rtf1 \{a\\b\}\~\_\-c\rquote\emdash }", "{a\\b}\u00a0\u2011\u00adc\u2019\u2014", False),
        (rb"{\rtf1 a\bin3 }}}b}", "ab", False),
        (rb"{\rtf1 a}b}", "a", False),
        (rb"{\rtf1 a{b{c", "abc", False),
        (rb"}{", "", False),
        (b"no RTF at all", "no RTF at all", False),
        (
            rb"{\rtf1\ansi\fromhtml1 {\*\htmltag18 <html>}{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 a{\*\htmltag64}\par}",
            "<html>&lt;a\r\n",
            True,
        ),
        (
            rb"{\rtf1\fromhtml1{\*\htmltag4 \par}{\*\htmltag84 <i a=\'22\'22>\{}\htmlrtf {\htmlrtf0 y}z}",
            '\r\n<i a="">{y',
            True,
        ),
        (rb"{\rtf1\fromhtml1{\*\mhtmltag2 no}{\*\htmltag2 \u8364?}}", "\u20ac", True),
    ],
)
def test_rtf(rtf: bytes, shown: str, is_html: bool) -> None:
    assert read_rtf(rtf) == (shown, is_html)


@given(
    st.lists(
        st.sampled_from([b"{", b"}", b"\\", b"*", b"\\u-1", b"\\'", b"\\bin9 ", b"\\f9", b"\\uc99 "])
        | st.binary(max_size=9)
    )
)
def test_no_rtf_raises(pieces: list[bytes]) -> None:
    shown, _ = read_rtf(b"{\\rtf1" + b"".join(pieces))
    shown.encode()
