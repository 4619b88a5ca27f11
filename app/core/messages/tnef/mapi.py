"""Property lists inside TNEF attributes (MS-OXTNEF section 2.1.3.4): read by place, never further than they reach."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.core.messages.charsets import decode

Value = tuple[int, memoryview]
"""(type, the bytes of the first value)."""

_MAX_PROPERTIES = 1000
_MAX_VALUES = 5000
"""Of one list, those of its properties with several values too."""
_MULTIPLE = 0x1000
_NAMED = 0x8000
_UINT32 = struct.Struct("<I")
_TYPE_AND_ID = struct.Struct("<HH")
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = {0x0D, 0x1E, 0x1F, 0x102}
_STRING, _UNICODE, _SYSTEM_TIME = 0x1E, 0x1F, 0x40
_FILETIME_START = datetime(1601, 1, 1, tzinfo=UTC)


def properties(data: memoryview) -> dict[int, Value]:
    """The properties by their ids, those with names left out; what is broken ends the list."""
    found: dict[int, Value] = {}
    try:
        for tag, value in _properties(data):
            found.setdefault(tag, value)
    except (struct.error, ValueError):
        pass
    return found


def text(found: dict[int, Value], *tags: int, codepage: str | None) -> str:
    """The first of the properties that is a text and not empty."""
    for tag in tags:
        kind, raw = found.get(tag, (0, memoryview(b"")))
        shown = decode_text(raw, "utf-16-le" if kind == _UNICODE else codepage) if kind in {_STRING, _UNICODE} else ""
        if shown:
            return shown
    return ""


def decode_text(raw: memoryview, label: str | None) -> str:
    """A text that ends at its first NUL."""
    return decode(bytes(raw), label).partition("\x00")[0]


def number(found: dict[int, Value], tag: int) -> int:
    """An integer property, 0 if it is not there."""
    raw = found.get(tag, (0, memoryview(b"")))[1]
    return int.from_bytes(raw[:4], "little")


def moment(found: dict[int, Value], *tags: int) -> datetime | None:
    """The first of the properties that is a time: hundreds of nanoseconds since 1601."""
    for tag in tags:
        kind, raw = found.get(tag, (0, memoryview(b"")))
        if kind == _SYSTEM_TIME:
            try:
                return _FILETIME_START + timedelta(microseconds=int.from_bytes(raw, "little") // 10)
            except OverflowError:
                continue
    return None


def _properties(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Raises struct.error or ValueError where the list says more than there is."""
    (count,) = _UINT32.unpack_from(data)
    at, seen = 4, 0
    for _ in range(min(count, _MAX_PROPERTIES)):
        kind, tag = _TYPE_AND_ID.unpack_from(data, at)
        at += 4
        if tag >= _NAMED:
            at = _after_name(data, at)
        base = kind & ~_MULTIPLE
        values, at = _counted(data, at) if kind & _MULTIPLE or base in _VARIABLE else (1, at)
        seen += values
        if seen > _MAX_VALUES or (base not in _VARIABLE and base not in _FIXED):
            raise ValueError(kind)
        first = memoryview(b"")
        for place in range(values):
            size, at = _counted(data, at) if base in _VARIABLE else (_FIXED[base], at)
            if size > len(data) - at:
                raise ValueError(size)
            if place == 0:
                first = data[at : at + size]
            at += (size + 3) & ~3
        if tag < _NAMED:
            yield tag, (base, first)


def _after_name(data: memoryview, at: int) -> int:
    """A GUID, then a number or a text of its own."""
    is_text, at = _counted(data, at + 16)
    if not is_text:
        return at + 4
    size, at = _counted(data, at)
    return at + ((size + 3) & ~3)


def _counted(data: memoryview, at: int) -> tuple[int, int]:
    return _UINT32.unpack_from(data, at)[0], at + 4
