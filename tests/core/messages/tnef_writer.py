"""Writes TNEF streams by the specification (MS-OXTNEF, MS-OXRTFCP), for tests."""

import struct
from collections.abc import Sequence

from app.core.messages.tnef.lzfu import _KNOWN

MESSAGE, ATTACHMENT = 1, 2
INTEGER, BOOLEAN, OBJECT, STRING, UNICODE, TIME, BINARY = 0x03, 0x0B, 0x0D, 0x1E, 0x1F, 0x40, 0x102
BODY, SUBJECT, HTML, RTF = 0x1000, 0x0037, 0x1013, 0x1009
MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, kind: int, value: bytes, *, type_: int = 6) -> bytes:
    checksum = sum(value) & 0xFFFF
    return struct.pack("<BHHI", level, kind, type_, len(value)) + value + struct.pack("<H", checksum)


def stream(*attributes: bytes, codepage: int = 1252) -> bytes:
    head = struct.pack("<IH", 0x223E9F78, 1)
    version = attribute(MESSAGE, 0x9006, struct.pack("<I", 0x10000), type_=8)
    oem = attribute(MESSAGE, 0x9007, struct.pack("<II", codepage, 0))
    return head + version + oem + b"".join(attributes)


def prop(tag: int, kind: int, value: bytes | str | int, *, name: str | int | None = None) -> bytes:
    """One property; `name` makes it a named one (its tag is then 0x8000 or more)."""
    head = struct.pack("<HH", kind, tag)
    if name is not None:
        head += bytes(16)
        if isinstance(name, int):
            head += struct.pack("<II", 0, name)
        else:
            encoded = name.encode("utf-16-le") + b"\0\0"
            head += struct.pack("<II", 1, len(encoded)) + _padded(encoded)
    if isinstance(value, int):
        return head + struct.pack("<q" if kind == TIME else "<i", value)
    if isinstance(value, str):
        value = value.encode("utf-16-le") + b"\0\0" if kind == UNICODE else value.encode("cp1252") + b"\0"
    return head + struct.pack("<II", 1, len(value)) + _padded(value)


def several(tag: int, kind: int, values: Sequence[bytes]) -> bytes:
    inside = b"".join(struct.pack("<I", len(value)) + _padded(value) for value in values)
    return struct.pack("<HHI", kind | 0x1000, tag, len(values)) + inside


def properties(*written: bytes) -> bytes:
    return struct.pack("<I", len(written)) + b"".join(written)


def message(*written: bytes) -> bytes:
    return attribute(MESSAGE, 0x9003, properties(*written))


def file(title: bytes, data: bytes | None, *written: bytes) -> bytes:
    """A file: its beginning, its short name, its content and its properties."""
    parts = [attribute(ATTACHMENT, 0x9002, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 32, 32, 0))]
    if title:
        parts.append(attribute(ATTACHMENT, 0x8010, title + b"\0", type_=1))
    if data is not None:
        parts.append(attribute(ATTACHMENT, 0x800F, data))
    if written:
        parts.append(attribute(ATTACHMENT, 0x9005, properties(*written)))
    return b"".join(parts)


def compressed(rtf: bytes) -> bytes:
    """Compressed RTF with as many references as a greedy search finds."""
    window = bytearray(_KNOWN)
    tokens: list[bytes] = []
    flags: list[int] = []
    at = 0
    while at < len(rtf):
        length, place = _longest(window, rtf[at : at + 17])
        flags.append(int(length > 1))
        if length > 1:
            tokens.append(((place % 4096) << 4 | (length - 2)).to_bytes(2, "big"))
        taken = rtf[at : at + max(1, length)]
        if length <= 1:
            tokens.append(taken)
        window += taken
        at += len(taken)
    flags.append(1)
    tokens.append(((len(window) % 4096) << 4).to_bytes(2, "big"))
    packed = b"".join(
        bytes([sum(flag << bit for bit, flag in enumerate(flags[start : start + 8]))])
        + b"".join(tokens[start : start + 8])
        for start in range(0, len(tokens), 8)
    )
    return struct.pack("<IIII", len(packed) + 12, len(rtf), 0x75465A4C, 0) + packed


def _longest(window: bytearray, text: bytes) -> tuple[int, int]:
    for length in range(len(text), 1, -1):
        place = window.rfind(text[:length], max(0, len(window) - 4095))
        if place >= 0:
            return length, place
    return 0, 0


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
