"""Undoing transfer encodings on bytes (RFC 2045 section 6): lenient, and never an exception."""

import binascii
import re

UUENCODED = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=]+")
_PADDING = re.compile(rb"=+")


def decode_base64(data: bytes) -> bytes:
    """What whole base64 text holds; foreign characters are skipped, and what follows padding begins anew."""
    return b"".join(map(_decode_block, base64_blocks(data)))


def split_base64(data: bytes) -> tuple[bytes, bytes]:
    """(what `data` holds as far as it can be decoded, the characters to put before what follows)."""
    *ended, last = base64_blocks(data)
    whole = len(last) & ~3
    return b"".join(map(_decode_block, ended)) + binascii.a2b_base64(last[:whole]), last[whole:]


def base64_size(data: bytes) -> int:
    """How many bytes `decode_base64` gives."""
    return sum(len(block) * 3 // 4 for block in base64_blocks(data))


def base64_blocks(data: bytes) -> list[bytes]:
    """The runs of base64 characters between padding: programs glue encoded pieces together."""
    return _PADDING.split(_FOREIGN.sub(b"", data))


def _decode_block(block: bytes) -> bytes:
    """A lone last character holds no whole byte and is dropped."""
    rest = len(block) & 3
    if rest == 1:
        block = block[:-1]
    return binascii.a2b_base64(block + b"==") if rest > 1 else binascii.a2b_base64(block)


def decode_uu_lines(lines: bytes) -> bytes:
    """What lines of uuencoded text hold; lines that are none are skipped."""
    decoded = bytearray()
    for line in lines.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # Broken encoders write more characters than the length at the line's start allows.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded += binascii.a2b_uu(line[:count])
            except binascii.Error:
                continue
    return bytes(decoded)
