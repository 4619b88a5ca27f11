"""What a leaf holds once its transfer encoding is undone (RFC 2045 section 6), as a stream in bounded memory."""

import quopri
from collections.abc import AsyncIterator

from app.core.messages.charsets import decode, decode_html
from app.core.messages.cut import Cut, restore
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.transfer import UUENCODED, base64_size, decode_base64, decode_uu_lines, split_base64


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
    if leaf.transfer_encoding in UUENCODED:
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
            if not (leaf.transfer_encoding == "base64" if piece.encoding == "base64" else plain):
                return None
            total += piece.decoded_size
        elif plain:
            total += len(piece)
        elif leaf.transfer_encoding == "base64" and len(leaf.pieces) == 1:
            total += base64_size(piece)
        else:
            return None
    return total


async def text(leaf: Leaf, cuts: StoredCuts, *, limit: int) -> tuple[str, bool]:
    """(the leaf's text, whether more than `limit` bytes of it were left out)."""
    read = decode_html if leaf.content_type == "text/html" else decode
    collected = bytearray()
    async for chunk in stream(leaf, cuts):
        collected += chunk
        if len(collected) > limit:
            return read(bytes(collected[:limit]), leaf.charset), True
    return read(bytes(collected), leaf.charset), False


async def _raw(leaf: Leaf, cuts: StoredCuts) -> AsyncIterator[bytes]:
    """The content as it was sent, transfer encoding and all."""
    for piece in leaf.pieces:
        if not isinstance(piece, Cut):
            yield piece
        elif piece.encoding == "raw":
            async for chunk in _first_bytes(cuts.open(piece.ordinal), piece.decoded_size):
                yield chunk
        else:
            lines = restore(cuts.whole(piece.ordinal), cuts.open(piece.ordinal))
            async for chunk in _first_bytes(lines, piece.encoded_size):
                yield chunk


async def _first_bytes(chunks: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    """A cut at a part's end holds the line end that belongs to the boundary behind it (RFC 2046 section 5.1.1)."""
    left = count
    async for chunk in chunks:
        yield chunk[:left]
        left -= min(left, len(chunk))


async def _base64(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in raw:
        decoded, rest = split_base64(rest + chunk)
        yield decoded
    yield decode_base64(rest)


async def _quoted_printable(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for lines in _whole_lines(raw):
        yield quopri.decodestring(lines)


async def _uuencode(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for lines in _whole_lines(raw):
        yield decode_uu_lines(lines)


async def _whole_lines(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in raw:
        lines, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            yield lines + newline
    if rest:
        yield rest
