"""TNEF streams, compressed RTF and RTF: bodies and files within their limits, whatever the bytes say of sizes."""

from itertools import pairwise

from app.core.messages.tnef import MAX_MEMBERS, read_tnef
from app.core.messages.tnef.lzfu import decompress
from app.core.messages.tnef.model import MAX_BODY_BYTES
from app.core.messages.tnef.rtf import read_rtf
from tests.core.messages import tnef_writer as writer
from tests.fuzz.target import Target

_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fcharset128 A;}}{\*\htmltag64 <p>}\htmlrtf{\b\htmlrtf0 Hi"
    rb"\u8364 ?\'e9\par{\*\htmltag72 </p>}\bin3 abc}"
)
_LIMIT = 5000


def check(data: bytes) -> None:
    found = read_tnef(data)
    if found is not None:
        assert len(found.members) <= MAX_MEMBERS
        assert sum(len(member.data) for member in found.members) <= 40 * len(data) + 100_000
        for text in (found.text, found.html):
            assert len(text.encode()) <= 4 * MAX_BODY_BYTES
        for member in found.members:
            (member.filename + member.content_type + member.content_id).encode()
    for limit in (_LIMIT, 16):
        assert len(decompress(data, limit=limit)) <= limit
    short, long = (decompress(data, limit=limit) for limit in (16, _LIMIT))
    assert long.startswith(short)
    text, _ = read_rtf(data)
    text.encode()


def _seeds() -> tuple[bytes, ...]:
    inner = writer.properties(writer.prop(writer.SUBJECT, writer.UNICODE, "in\u00e9"), writer.prop(0x0E1D, 0x1E, "x"))
    return (
        writer.stream(),
        writer.stream(
            writer.message(
                writer.prop(writer.BODY, writer.STRING, "Caf\u00e9"),
                writer.prop(writer.HTML, writer.BINARY, b"<p>Caf\xc3\xa9"),
                writer.prop(writer.RTF, writer.BINARY, writer.compressed(_RTF)),
                writer.prop(0x8001, writer.INTEGER, 5, name="named"),
                writer.several(0x1234, writer.UNICODE, [b"a\0\0\0", b"b\0\0\0"]),
            ),
            writer.file(b"SHORT~1.TXT", b"content", writer.prop(0x3707, writer.UNICODE, "long name.txt")),
            writer.file(
                b"",
                None,
                writer.prop(0x3701, writer.OBJECT, writer.MESSAGE_INTERFACE + writer.stream(inner)),
                inner[4:],
            ),
        ),
        writer.compressed(_RTF * 3),
        _RTF,
        rb"{\rtf1\uc2\u-10179 ??\u-8704 ??\'82\'a0{\upr{a}{\*\ud{b}}}\line\tab\emdash{\pict 00ff}\~\_\-\{\}\\}",
    )


TARGET = Target(
    check=check,
    seeds=_seeds(),
    tokens=(
        *(
            b"{",
            b"}",
            rb"\bin9 ",
            rb"\u8364 ?",
            rb"\uc9 ",
            rb"\'e9",
            rb"{\*\htmltag64 <p>}",
            rb"\htmlrtf ",
            rb"\htmlrtf0 ",
        ),
        *(
            rb"\fcharset128 ",
            rb"\ansicpg932 ",
            rb"\fonttbl",
            rb"\par ",
            b"\\",
            rb"\fromhtml1 ",
            rb"\f1 ",
            b"\xff\xff\xff\x7f",
        ),
        *(
            bytes(4),
            b"\x01\x00\x00\x00",
            *(bytes(pair) for pair in pairwise((0x90, 0x03, 0x10, 0x13, 0x37, 0x01, 0x00))),
        ),
        *(writer.MESSAGE_INTERFACE, b"LZFu", b"MELA", b"\x78\x9f\x3e\x22"),
    ),
    max_len=2048,
)
