"""The attributes of a TNEF stream (MS-OXTNEF section 2.1), and what they say of its text and its files.

tnefparse was last released in 2021 and copies what it reads; nothing else that is kept reads TNEF. Here a place in the
stream is only looked at, no length is believed beyond the stream's end, and what is broken ends where it breaks.
"""

import mimetypes
import struct
from collections.abc import Iterator
from itertools import islice

from app.core.messages.charsets import decode
from app.core.messages.tnef import codepages, letter, lzfu, mapi, rtf
from app.core.messages.tnef.mapi import Value
from app.core.messages.tnef.model import MAX_BODY_BYTES, MAX_MEMBERS, Member, Tnef

_SIGNATURE = b"\x78\x9f\x3e\x22"
_FIRST_ATTRIBUTE = 6
_ATTRIBUTE = struct.Struct("<BHHI")
_MAX_ATTRIBUTES = 10_000
# Of a stream and all the messages inside it together, as small bytes can ask for much work.
_MAX_LISTS = 250
_MAX_UNPACKED = MAX_BODY_BYTES + 512 * 1024
_DEEPEST = 5
_BODY, _ATTACH_DATA, _ATTACH_TITLE = 0x800C, 0x800F, 0x8010
_ATTACH_RENDER, _MESSAGE_PROPERTIES, _ATTACHMENT, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007
_P_BODY, _P_RTF, _P_HTML = 0x1000, 0x1009, 0x1013
_P_INTERNET_CODEPAGE, _P_MESSAGE_CODEPAGE = 0x3FDE, 0x3FFD
_P_ATTACH_DATA, _P_ATTACH_NAME, _P_ATTACH_LONG_NAME, _P_ATTACH_TYPE = 0x3701, 0x3704, 0x3707, 0x370E
_P_ATTACH_CONTENT_ID, _P_DISPLAY_NAME = 0x3712, 0x3001
_OBJECT = 0x0D
_MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")
_UNICODE = 0x1F
_TYPES = mimetypes.MimeTypes()


class _Budget:
    """What may still be done for a stream and the messages inside it."""

    def __init__(self) -> None:
        self._lists = _MAX_LISTS
        self._unpacked = _MAX_UNPACKED

    def properties(self, value: memoryview) -> dict[int, Value]:
        """A list of properties, empty when there were too many lists."""
        self._lists -= 1
        return mapi.properties(value) if self._lists >= 0 else {}

    def unpack(self, packed: memoryview) -> tuple[bytes, bool]:
        """(RTF, whether it was cut)."""
        limit = min(self._unpacked, MAX_BODY_BYTES)
        unpacked = lzfu.decompress(packed[:MAX_BODY_BYTES], limit=limit)
        self._unpacked -= len(unpacked)
        return unpacked, len(packed) > MAX_BODY_BYTES or 0 < limit == len(unpacked)


class _Attached:
    """One file, its attributes as they come."""

    def __init__(self) -> None:
        self.title = memoryview(b"")
        self.data = memoryview(b"")
        self.properties: dict[int, Value] = {}


class _Stream:
    """The attributes of one message."""

    def __init__(self, data: memoryview, budget: _Budget) -> None:
        self.budget = budget
        self.body = memoryview(b"")
        self.properties: dict[int, Value] = {}
        self.attached: list[_Attached] = []
        self._codepage = 0
        for kind, value in _attributes(data):
            self._take(kind, value)
        self.codepage = codepages.label(self._codepage or mapi.number(self.properties, _P_MESSAGE_CODEPAGE))

    def _take(self, kind: int, value: memoryview) -> None:
        if kind == _ATTACH_RENDER:
            if len(self.attached) < MAX_MEMBERS:
                self.attached.append(_Attached())
        elif kind == _BODY:
            self.body = value
        elif kind == _CODEPAGE:
            self._codepage = int.from_bytes(value[:4], "little")
        elif kind == _MESSAGE_PROPERTIES:
            self.properties = self.budget.properties(value)
        elif self.attached and kind == _ATTACH_TITLE:
            self.attached[-1].title = value
        elif self.attached and kind == _ATTACH_DATA:
            self.attached[-1].data = value
        elif self.attached and kind == _ATTACHMENT:
            self.attached[-1].properties = self.budget.properties(value)


def read_tnef(data: bytes | bytearray) -> Tnef | None:
    """What a stream holds; None if it is none. Never an exception, and no more copies than the bodies take.

    A message inside becomes a file `….eml`, followed by the files that it has itself, at most five levels deep.
    """
    whole = memoryview(data)
    if bytes(whole[:4]) != _SIGNATURE:
        return None
    stream = _Stream(whole, _Budget())
    text, html, is_truncated = _bodies(stream)
    return Tnef(text=text, html=html, is_truncated=is_truncated, members=tuple(islice(_members(stream), MAX_MEMBERS)))


def _attributes(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Each one's number and value; their checksums are not asked, as programs write them wrong."""
    at = _FIRST_ATTRIBUTE
    for _ in range(_MAX_ATTRIBUTES):
        if len(data) - at < _ATTRIBUTE.size:
            return
        level, kind, _, size = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if level not in {1, 2}:
            return
        yield kind, data[at : at + size]
        at += size + 2


def _bodies(stream: _Stream) -> tuple[str, str, bool]:
    """(text, HTML, whether one of them was cut)."""
    kind, raw = stream.properties.get(_P_HTML, (0, memoryview(b"")))
    number = mapi.number(stream.properties, _P_INTERNET_CODEPAGE)
    label = "utf-16-le" if kind == _UNICODE else codepages.label(number)
    html = decode(bytes(raw[:MAX_BODY_BYTES]), label).rstrip("\x00")
    is_truncated = len(raw) > MAX_BODY_BYTES
    kind, plain = stream.properties.get(_P_BODY, (0, stream.body))
    plain = plain or stream.body
    text = mapi.decode_text(plain[:MAX_BODY_BYTES], "utf-16-le" if kind == _UNICODE else stream.codepage)
    is_truncated = is_truncated or len(plain) > MAX_BODY_BYTES
    if html.strip():
        return text, html, is_truncated
    _, packed = stream.properties.get(_P_RTF, (0, memoryview(b"")))
    unpacked, is_cut = stream.budget.unpack(packed)
    shown, is_html = rtf.read_rtf(unpacked)
    is_truncated = is_truncated or is_cut
    if is_html:
        return text, shown, is_truncated
    return text if text.strip() else shown, "", is_truncated


def _members(stream: _Stream, depth: int = 0) -> Iterator[Member]:
    for attached in stream.attached:
        kind, raw = attached.properties.get(_P_ATTACH_DATA, (0, memoryview(b"")))
        if kind == _OBJECT and bytes(raw[:16]) == _MESSAGE_INTERFACE and bytes(raw[16:20]) == _SIGNATURE:
            inner = _Stream(raw[16:], stream.budget)
            yield _as_letter(inner, _name(attached, stream.codepage))
            if depth < _DEEPEST:
                yield from _members(inner, depth + 1)
            continue
        data = attached.data or (raw[16:] if kind == _OBJECT else raw)
        yield _file(attached, data, stream.codepage)


def _file(attached: _Attached, data: memoryview, codepage: str | None) -> Member:
    name = _name(attached, codepage)
    said = mapi.text(attached.properties, _P_ATTACH_TYPE, codepage=codepage).lower()
    return Member(
        filename=name,
        content_type=said or _TYPES.guess_type(f"x/{name}")[0] or "",
        content_id=mapi.text(attached.properties, _P_ATTACH_CONTENT_ID, codepage=codepage).strip("<> "),
        data=data,
    )


def _name(attached: _Attached, codepage: str | None) -> str:
    long = mapi.text(attached.properties, _P_ATTACH_LONG_NAME, codepage=codepage)
    short = mapi.decode_text(attached.title, codepage)
    return long or short or mapi.text(attached.properties, _P_ATTACH_NAME, _P_DISPLAY_NAME, codepage=codepage)


def _as_letter(stream: _Stream, name: str) -> Member:
    text, html, _ = _bodies(stream)
    subject, written = letter.write(stream.properties, stream.codepage, text=text, html=html)
    return Member(
        filename=f"{(subject or name or 'message')[:150]}.eml",
        content_type="message/rfc822",
        content_id="",
        data=memoryview(written),
    )
