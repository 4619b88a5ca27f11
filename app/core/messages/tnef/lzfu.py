"""Compressed RTF (MS-OXRTFCP), unpacked as far as is wanted."""

import struct

_HEADER = struct.Struct("<IIII")
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_KNOWN = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window holds before anything is written (section 2.1.2.1)."""
_BEFORE = _WINDOW - len(_KNOWN)
_LONGEST = 17


def decompress(packed: bytes | memoryview, *, limit: int) -> bytes:
    """The RTF, at most `limit` bytes; empty if it is none. What is broken ends where it breaks; no CRC is asked."""
    if len(packed) < _HEADER.size:
        return b""
    _, size, kind, _ = _HEADER.unpack_from(packed)
    size = min(size, limit)
    content = bytes(packed[_HEADER.size :])
    if kind == _PLAIN:
        return content[:size]
    if kind != _COMPRESSED:
        return b""
    # The window lies at the output's end: its first turn is spaces and what both sides know.
    out = bytearray(b" " * _BEFORE + _KNOWN)
    at, most, end = 0, size + _WINDOW, len(content)
    while at < end and len(out) < most:
        control = content[at]
        at += 1
        if not control:
            out += content[at : at + 8]
            at += 8
            continue
        for bit in range(8):
            if not control >> bit & 1:
                out += content[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(content[at : at + 2], "big")
            at += 2
            back = (len(out) - _BEFORE - (reference >> 4)) % _WINDOW
            if not back or at > end:  # a reference to the place being written ends it
                return bytes(out[_WINDOW:most])
            start, length = len(out) - back, (reference & 15) + 2
            run = out[start : start + length]
            out += run if len(run) == length else (run * _LONGEST)[:length]
    return bytes(out[_WINDOW:most])
