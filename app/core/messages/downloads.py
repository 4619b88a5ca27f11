"""What is handed out of a message to be kept: the original and its parts, whole or from any byte on, in bounded memory.

An original and an attachment that was cut out whole are read from the byte asked for; what has to be decoded from
more than one piece is decoded from its beginning, and what comes before the range is dropped.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from uuid import UUID

import msgspec

from app.core.messages import content
from app.core.messages.base64_lines import encode_lines
from app.core.messages.cut import Cut, marker_line, rebuild
from app.core.messages.model import Content, Layout
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Enclosed
from app.errors import CannotOpen, NotFound
from app.lib.logs import error_fields, logger
from app.lib.ranges import Selection, select

_DAMAGED = "The stored file is damaged or not all there, so it is not handed out."
_MISSING = "This file is no longer in the store. The operator of this service may have a backup of it."


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one request: what to say about the bytes, and the bytes. Nothing is sent for HEAD."""

    selection: Selection
    chunks: AsyncIterator[bytes]


def of_source(message_id: UUID, skeleton: bytes, cuts: StoredCuts, layout: Layout, *, size: int) -> Content:
    """The original of `size` bytes."""
    return Content(
        filename="message.eml",
        content_type="message/rfc822",
        size=size,
        stream=rebuild(skeleton, layout.marker, layout.cuts, cuts.open),
        etag=_etag(message_id, "source", size),
        from_to=partial(_original, skeleton, layout, cuts),
    )


def of_enclosed(message_id: UUID, skeleton: bytes, cuts: StoredCuts, layout: Layout, enclosed: Enclosed) -> Content:
    """The source of an enclosed message as it lies in the original. Raises NotFound where that is not known."""
    if enclosed.span is None:
        raise NotFound("This message cannot be told apart from the one it came in. The original has it.")
    start, end = span_in_original(enclosed.span, layout)

    def from_to(first: int, last: int) -> AsyncIterator[bytes]:
        return _original(skeleton, layout, cuts, start + first, start + last)

    return Content(
        filename=enclosed.filename,
        content_type="message/rfc822",
        size=end - start,
        stream=from_to(0, end - start),
        etag=_etag(message_id, f"enclosed {enclosed.ordinal}", end - start),
        from_to=from_to,
    )


def span_in_original(span: tuple[int, int], layout: Layout) -> tuple[int, int]:
    """Where a span of the skeleton lies in the original."""
    start, end = (_in_original(position, layout) for position in span)
    return start, end


async def of_leaf(
    message_id: UUID, leaf: Leaf, cuts: StoredCuts, *, filename: str, content_type: str, size: int
) -> Content:
    """The decoded content of a leaf; `size` is used where neither its cuts nor decoding it here tell the true one."""
    from_to = None
    digest = b""
    cut = content.only_cut(leaf)
    if cut is not None:
        size, digest = cut.decoded_size, cut.digest
        stream = cuts.open(cut.ordinal)
        from_to = partial(cuts.open_range, cut.ordinal)
    elif any(isinstance(piece, Cut) for piece in leaf.pieces):
        size = size if (known := content.size(leaf)) is None else known
        stream = content.stream(leaf, cuts)
    else:
        # In the skeleton, so small: decoding it first gives a length that is true, whatever the summary says.
        data = b"".join([chunk async for chunk in content.stream(leaf, cuts)])
        size, digest = len(data), hashlib.sha256(data).digest()
        stream = _one(data)
    etag = _etag(message_id, str(leaf.ordinal), size, digest)
    return Content(filename=filename, content_type=content_type, size=size, stream=stream, etag=etag, from_to=from_to)


def of_member(message_id: UUID, ordinal: int, data: memoryview, *, filename: str, content_type: str) -> Content:
    """A file out of a part that was unpacked into memory."""
    digest = hashlib.sha256(data).digest()
    etag = _etag(message_id, str(ordinal), len(data), digest)
    return Content(filename=filename, content_type=content_type, size=len(data), stream=_one(bytes(data)), etag=etag)


async def begin(given: Content, asked: Mapping[str, str], *, method: str) -> Download:
    """The answer to a request with the header fields `asked`, begun: raises what its first chunks raise.

    A stream that turns out longer or shorter than was said raises CannotOpen before its last chunk, so that nobody
    takes it for the whole. Raises NotFound, CannotOpen, Unavailable, PreconditionFailed, RangeNotSatisfiable.
    """
    selection = select(asked, method=method, size=given.size, etag=given.etag)
    if selection.is_unchanged:
        return Download(selection=selection, chunks=_one(b""))
    chunks = given.stream
    if selection.is_partial and selection.end is not None:
        between = given.from_to or partial(_skipped, given.stream)
        chunks = between(selection.start, selection.end)
    length = None if selection.end is None else selection.end - selection.start
    checked = _exactly(chunks, length)
    try:
        first = await anext(checked, b"")
    except NotFound:
        raise NotFound(_MISSING, code="content_missing") from None
    except CannotOpen:
        raise CannotOpen(_DAMAGED) from None
    return Download(selection=selection, chunks=_one(b"") if method == "HEAD" else _after([first], checked))


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _after(first: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All chunks. Once the first is out, whoever sends them can only hang up on a failure: so it is logged here."""
    # Taken out, so that a slow reader does not hold it until the end.
    yield first.pop()
    try:
        async for chunk in rest:
            yield chunk
    except Exception as error:
        logger().error("download_broke_off", **error_fields(error))
        raise


async def _exactly(chunks: AsyncIterator[bytes], length: int | None) -> AsyncIterator[bytes]:
    """The chunks, each held back until the next has come, so that what does not fit is known before it is complete."""
    held = b""
    left = length or 0
    async for chunk in chunks:
        left -= len(chunk)
        if length is not None and left < 0:
            raise CannotOpen(_DAMAGED)
        if held and chunk:
            yield held
        held = chunk or held
    if length is not None and left:
        raise CannotOpen(_DAMAGED)
    yield held


async def _skipped(stream: AsyncIterator[bytes], start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end` of a stream that only reads from its beginning."""
    position = 0
    async for chunk in stream:
        if piece := _overlap(chunk, position, start, end):
            yield piece
        position += len(chunk)
        if position >= end:
            return


def _overlap(data: bytes, position: int, start: int, end: int) -> bytes:
    """What of `data`, which stands at `position`, lies between `start` and `end`."""
    return data[max(0, start - position) : max(0, end - position)]


async def _original(skeleton: bytes, layout: Layout, cuts: StoredCuts, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end` of the original; of the cuts only what lies there is read."""
    position = place = 0
    for cut, line in _marked(skeleton, layout.marker, layout.cuts):
        text = skeleton[place : cut.offset]
        yield _overlap(text, position, start, end)
        position += len(text)
        first, last = max(0, start - position), min(cut.encoded_size, end - position)
        if first < last:
            async for lines in _lines(cut, cuts, first, last):
                yield lines
        position += cut.encoded_size
        place = cut.offset + len(line)
    yield _overlap(skeleton[place:], position, start, end)


def _in_original(position: int, layout: Layout) -> int:
    added = 0
    for cut in layout.cuts:
        beyond = cut.offset + len(marker_line(layout.marker, cut))
        if position <= cut.offset:
            break
        added += cut.encoded_size - (beyond - cut.offset)
        if position < beyond:  # a marker line without its end, which belongs to the boundary behind it
            break
    return position + added


def _marked(skeleton: bytes, marker: str, cuts: Sequence[Cut]) -> list[tuple[Cut, bytes]]:
    """Each cut with its marker line, which has to stand where it was taken out."""
    marked = [(cut, marker_line(marker, cut)) for cut in cuts]
    if not all(skeleton.startswith(line, cut.offset) for cut, line in marked):
        raise CannotOpen(_DAMAGED)
    return marked


async def _lines(cut: Cut, cuts: StoredCuts, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end` of a cut as it stood in the message."""
    if not cut.width:
        async for chunk in cuts.open_range(cut.ordinal, start, end):
            yield chunk
        return
    stride, held_by_line = cut.width + 2, cut.width // 4 * 3
    first, beyond = start // stride, -(-end // stride)
    position = first * stride
    rest = b""
    async for chunk in cuts.open_range(cut.ordinal, first * held_by_line, min(cut.decoded_size, beyond * held_by_line)):
        data = rest + chunk if rest else chunk
        whole = len(data) - len(data) % held_by_line
        rest = data[whole:]
        lines = encode_lines(data[:whole], cut.width)
        yield _overlap(lines, position, start, end)
        position += len(lines)
    yield _overlap(encode_lines(rest, cut.width), position, start, end)


def _etag(message_id: UUID, name: str, size: int, digest: bytes = b"") -> str:
    """Tells contents apart and nothing of them: a message's id is too random to be guessed, and is not in it."""
    told = f"{message_id}/{name}/{size}/".encode() + digest
    return hashlib.blake2b(told, digest_size=16, person=b"etag").hexdigest()
