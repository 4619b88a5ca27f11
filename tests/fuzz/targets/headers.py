"""Fields, character sets and transfer encodings: text that can be written, by pieces or as a whole alike."""

from app.core.messages import charsets, headers, transfer
from tests.fuzz.target import Tape, Target

_LABELS = (
    *(None, "utf-8", "utf-7", "utf-16", "utf-32", "iso-2022-jp", "iso-2022-kr", "hz", "gb18030", "big5", "shift_jis"),
    *("euc-jp", "euc-kr", "koi8-r", "windows-1252", "iso-8859-8-i", "cp037", "us-ascii", "x-unknown", "utf-8-sig"),
    *("johab", "shift_jisx0213", "big5hkscs", "cp65001", "mac_roman", "utf_16_le", "utf_32_be", "iso2022_jp_2004"),
)


def check(data: bytes) -> None:
    tape = Tape(data)
    label, split = tape.pick(_LABELS), tape.number()
    raw = tape.rest()
    charsets.decode(raw, label).encode()
    charsets.decode(raw, raw[:30].decode("latin-1")).encode()
    value = raw.decode("utf-8", "surrogateescape")
    text = headers.text(value)
    text.encode()
    assert not any(ord(character) < 32 and character != "\t" for character in text)
    assert len(text) <= 4 * headers.MAX_VALUE_CHARS
    whole = transfer.decode_base64(raw)
    assert transfer.base64_size(raw) == len(whole)
    begun, rest = transfer.split_base64(raw[:split])
    after, rest = transfer.split_base64(rest + raw[split:])
    assert begun + after + transfer.decode_base64(rest) == whole
    transfer.decode_uu_lines(raw)


TARGET = Target(
    check=check,
    seeds=(
        b"\x01\x05=?utf-8?B?QWRhIExvdmVsYWNl?= <ada@example.org>",
        b"\x02\x05+2AA-+AGEAYg- =?iso-8859-1?Q?Gr=FC=DFe?= =?iso-8859-1?Q?_aus_Wien?=",
        b"\x05\x09\x1b$B$3$s$K$A$O\x1b(B =?iso-2022-jp?b?GyRCJDMkcw==?= =?ISO-2022-JP?B?GyRCJEsbKEI=?=",
        b"\x00\x0aQUJD=QUJDRA==QUI=\r\nQ",
        b"\x00\x0abegin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend",
    ),
    tokens=(
        b"=?",
        b"?=",
        b"?B?",
        b"?Q?",
        b"utf-7",
        b"utf-8",
        b"=",
        b"==",
        b"QUJD",
        b"\r\n ",
        b"\xff",
        b"\x1b$B",
        b"+",
        b"-",
        b"_",
    ),
    max_len=600,
)
