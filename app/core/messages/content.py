"""What a leaf holds once its transfer encoding is undone (RFC 2045 section 6), as a stream in bounded memory."""

import binascii
import quopri
import re
from collections.abc import AsyncIterator

from app.core.messages.charsets import decode
from app.core.messages.cut import Cut, restore
from app.core.messages.objects import StoredCuts
from app.core.messages.read import Leaf

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def stream(leaf: Leaf, cuts: StoredCuts) -> AsyncIterator[bytes]:
    """The decoded content of a leaf."""
    cut = only_cut(leaf)
    if cut is not None:
        return cuts.open(cut.ordinal)
    raw = _raw(leaf, cuts)
    if leaf.transfer_encoding == "base64":
        return _base64(raw)
    if leaf.transfer_encoding == "quoted-printable":
        return _quoted_printable(raw)
    if leaf.transfer_encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        return _uuencode(raw)
    return raw


def only_cut(leaf: Leaf) -> Cut | None:
    """The cut whose blob is just what the leaf holds, or None."""
    if len(leaf.pieces) == 1 and leaf.transfer_encoding == "base64":
        (piece,) = leaf.pieces
        if isinstance(piece, Cut) and piece.encoding == "base64":
            return piece
    return None


def size(leaf: Leaf) -> int | None:
    """Bytes of the decoded content where they can be told without decoding, else None."""
    plain = leaf.transfer_encoding in {"", "7bit", "8bit", "binary"}
    total = 0
    for piece in leaf.pieces:
        if isinstance(piece, Cut):
            if (piece.encoding == "base64") == plain:
                return None
            total += piece.decoded_size
        elif plain:
            total += len(piece)
        elif leaf.transfer_encoding == "base64" and len(leaf.pieces) == 1:
            stripped = _NOT_BASE64.sub(b"", piece)
            total += len(stripped) * 3 // 4
        else:
            return None
    return total


async def text(leaf: Leaf, cuts: StoredCuts, *, limit: int) -> tuple[str, bool]:
    """(the leaf's text, whether more than `limit` bytes of it were left out)."""
    collected = bytearray()
    async for chunk in stream(leaf, cuts):
        collected += chunk
        if len(collected) > limit:
            return decode(bytes(collected[:limit]), leaf.charset), True
    return decode(bytes(collected), leaf.charset), False


async def _raw(leaf: Leaf, cuts: StoredCuts) -> AsyncIterator[bytes]:
    """The content as it was sent, transfer encoding and all."""
    for piece in leaf.pieces:
        if not isinstance(piece, Cut):
            yield piece
        elif piece.encoding == "raw":
            async for chunk in _first_bytes(cuts.open(piece.ordinal), piece.decoded_size):
                yield chunk
        else:
            async for chunk in restore(cuts.whole(piece.ordinal), cuts.open(piece.ordinal)):
                yield chunk


async def _first_bytes(chunks: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    """A raw cut at a part's end holds the line end that belongs to the boundary behind it (RFC 2046 section 5.1.1)."""
    left = count
    async for chunk in chunks:
        yield chunk[:left]
        left -= min(left, len(chunk))


async def _base64(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lenient: foreign characters are skipped, an incomplete last group gives the bytes it holds."""
    rest = b""
    async for chunk in raw:
        rest += _NOT_BASE64.sub(b"", chunk)
        whole = len(rest) & ~3
        if whole:
            yield binascii.a2b_base64(rest[:whole])
            rest = rest[whole:]
    if len(rest) > 1:
        yield binascii.a2b_base64(rest + b"=" * (4 - len(rest)))


async def _quoted_printable(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for lines in _whole_lines(raw):
        yield quopri.decodestring(lines)


async def _uuencode(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for lines in _whole_lines(raw):
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
        yield bytes(decoded)


async def _whole_lines(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in raw:
        lines, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            yield lines + newline
    if rest:
        yield rest
