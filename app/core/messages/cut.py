"""Cutting large bodies out of a message while it streams in, and putting them back byte for byte.

Works on lines and knows nothing of MIME but that a boundary begins with two dashes. Storing blobs is the caller's.
"""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec

from app.core.messages.base64_lines import MIN_RUN, count_full, decode_full, decode_last, encode_lines, find_run
from app.errors import CannotOpen

# Beyond the first, other lines than base64 are cut too; beyond the second nothing but a beginning is kept.
SKELETON_EASY = 1024 * 1024
SKELETON_MOST = 4 * 1024 * 1024
# After a line that may be a boundary this much is kept: room for a part's headers, and for its base64 to be noticed.
GRACE = 64 * 1024
# A sender could cut 150 MB into thousands of small objects; whatever follows this many cuts is one.
MAX_CUTS = 512

_WINDOW = 256 * 1024


class Cut(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One run of lines that stands in a blob of its own. Stored: a new field goes at the end and has a default.

    `offset` is the place of its marker line in the skeleton, `encoded_size` the bytes it had in the message and
    `decoded_size` those of the blob; `digest` is the blob's SHA-256. `width` is a base64 line's characters, 0 if raw.
    """

    ordinal: int
    offset: int
    encoding: Literal["base64", "raw"]
    width: int
    encoded_size: int
    decoded_size: int
    digest: bytes


class CutMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message without its cuts. `marker` begins each marker line and is empty without cuts; `size` is the original's.

    The marker is random, so no sender can know it, and the offsets of the cuts do not depend on finding it.
    """

    skeleton: bytes
    marker: str
    cuts: tuple[Cut, ...]
    size: int


class BlobSink(Protocol):
    """One blob being written. It exists for others only after `commit`."""

    async def write(self, data: bytes) -> None:
        """Append."""
        ...

    async def commit(self) -> None:
        """Keep the blob."""
        ...

    async def abort(self) -> None:
        """Forget the blob."""
        ...


class _Run:
    """A cut being written."""

    def __init__(self, sink: BlobSink, *, width: int) -> None:
        self.sink = sink
        self.width = width
        self._encoded = 0
        self._decoded = 0
        self._digest = hashlib.sha256()

    async def write(self, decoded: bytes, *, encoded: int) -> None:
        self._encoded += encoded
        self._decoded += len(decoded)
        self._digest.update(decoded)
        await self.sink.write(decoded)

    def as_cut(self, *, ordinal: int, offset: int) -> Cut:
        return Cut(
            ordinal=ordinal,
            offset=offset,
            encoding="base64" if self.width else "raw",
            width=self.width,
            encoded_size=self._encoded,
            decoded_size=self._decoded,
            digest=self._digest.digest(),
        )


class Cutter:
    """Takes a message in chunks of any size, writes its large bodies to blobs and keeps the rest.

    Runs of at least 64 KiB of base64 lines of one width (a multiple of four up to 996) are decoded. When the skeleton
    is past SKELETON_EASY, runs of at least 64 KiB of any lines are cut raw, up to a line that begins with `--`; past
    SKELETON_MOST, or as the last of MAX_CUTS, everything that follows is one raw cut. So the skeleton stays under
    SKELETON_MOST + 256 KiB and the memory beside it under 1 MiB, whatever comes. `open_blob` is awaited once a cut,
    in the order of their ordinals.
    """

    def __init__(self, open_blob: Callable[[], Awaitable[BlobSink]]) -> None:
        self._open_blob = open_blob
        self._pending = bytearray()  # not yet looked at, or to be looked at again with what follows
        self._held = bytearray()  # lines that will be a raw cut if enough of them come
        self._skeleton = bytearray()
        self._easy_until = SKELETON_EASY  # the size of the skeleton up to which nothing is cut raw
        self._is_line_start = True
        self._run: _Run | None = None
        self._cuts: list[Cut] = []
        self._marker = ""
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Take the next bytes. Lines that do not end in CRLF are kept like any others, but never taken for base64."""
        self._size += len(data)
        for start in range(0, len(data), _WINDOW):
            self._pending += data[start : start + _WINDOW]
            if len(self._pending) >= _WINDOW:
                await self._advance(is_final=False)

    async def finish(self) -> CutMessage:
        """Commit the last blob and give what was kept. Nothing may be written afterwards."""
        await self._advance(is_final=True)
        if self._run:
            await self._close(self._run)
        self._release()
        return CutMessage(skeleton=bytes(self._skeleton), marker=self._marker, cuts=tuple(self._cuts), size=self._size)

    async def abort(self) -> tuple[int, ...]:
        """Abort the blob being written; give the ordinals of those committed before, which the caller deletes."""
        run, self._run = self._run, None
        if run:
            await run.sink.abort()
        return tuple(cut.ordinal for cut in self._cuts)

    async def _advance(self, *, is_final: bool) -> None:
        data = bytes(self._pending)
        self._pending.clear()
        while data:
            rest = await self._take(data, is_final=is_final)
            if rest is None:
                break
            data = rest
        self._pending += data

    async def _take(self, data: bytes, *, is_final: bool) -> bytes | None:
        """Take what can be decided from the front of `data` and give the rest, or None where more must come first."""
        if self._run is None:
            return await self._take_text(data, is_final=is_final)
        if self._run.width:
            return await self._take_base64(self._run, data, is_final=is_final)
        return await self._take_raw(self._run, data, is_final=is_final)

    async def _take_text(self, data: bytes, *, is_final: bool) -> bytes | None:
        end, width = len(data), 0
        if not self._is_last:
            found, width = find_run(data, is_line_start=self._is_line_start, is_final=is_final)
            end = found if width or not is_final else end
        taken = await self._keep(data[:end])
        if width and taken == end and self._run is None:
            self._release()
            self._run = _Run(await self._open_blob(), width=width)
        return data[taken:] if taken or width else None

    async def _take_base64(self, run: _Run, data: bytes, *, is_final: bool) -> bytes | None:
        stride = run.width + 2
        end = len(data) // stride * stride
        decoded = decode_full(data[:end], run.width)
        if decoded is not None:
            if not end and not is_final:
                return None
            if end:
                await run.write(decoded, encoded=end)
                return data[end:]
        else:
            end = count_full(data, 0, run.width) * stride
            await self._write_full(run, data[:end])
        last = data[end : data.find(b"\n", end, end + stride) + 1]
        decoded = decode_last(last, run.width)
        if decoded is not None:
            await run.write(decoded, encoded=len(last))
            end += len(last)
        await self._close(run)
        return data[end:]

    async def _write_full(self, run: _Run, lines: bytes) -> None:
        decoded = decode_full(lines, run.width)
        if decoded:
            await run.write(decoded, encoded=len(lines))

    async def _take_raw(self, run: _Run, data: bytes, *, is_final: bool) -> bytes | None:
        end = len(data) if self._is_last else self._find_dashes(data, 0)
        is_stopped = end < len(data)
        # A lone dash at a line's beginning may become two.
        if not is_stopped and not is_final and (data.endswith(b"\n-") or (data == b"-" and self._is_line_start)):
            end -= 1
        if end:
            await run.write(data[:end], encoded=end)
            self._is_line_start = data[end - 1] == ord("\n")
        if is_stopped:
            await self._close(run)
            self._easy_until = len(self._skeleton) + GRACE
        return data[end:] if end or is_stopped else None

    @property
    def _is_last(self) -> bool:
        return len(self._skeleton) >= SKELETON_MOST or len(self._cuts) >= MAX_CUTS - 1

    async def _keep(self, data: bytes) -> int:
        """Keep text, or hold it back where it may be cut; gives the bytes taken: not all where a raw cut began."""
        position = 0
        while position < len(data):
            easy = self._easy_until - len(self._skeleton)
            if not (self._held or self._is_last) and (easy > 0 or not self._is_line_start):
                end = self._grow(data, position, max(easy, 1))
            else:
                end = len(data) if self._is_last else self._find_dashes(data, position)
                self._held += data[position:end]
            if end > position:
                self._is_line_start = data[end - 1] == ord("\n")
            position = end
            if len(self._held) >= MIN_RUN:
                self._run = _Run(await self._open_blob(), width=0)
                await self._run.write(bytes(self._held), encoded=len(self._held))
                self._held.clear()
                break
            if position < len(data) and not self._is_last and self._is_at_dashes(data, position):
                self._release()
                self._easy_until = max(self._easy_until, len(self._skeleton) + GRACE)
        return position

    def _grow(self, data: bytes, position: int, wanted: int) -> int:
        """Keep about `wanted` bytes, up to a line's end, and more room where a line begins with dashes."""
        end = data.find(b"\n", position + wanted - 1) + 1 or len(data)
        end = min(end, position + SKELETON_MOST - len(self._skeleton))
        if len(self._skeleton) + end - position > SKELETON_EASY - GRACE:
            dashes = data.rfind(b"\n--", position, end) + 1
            if dashes or self._is_at_dashes(data, position):
                begin = len(self._skeleton) + max(dashes - position, 0)
                self._easy_until = max(self._easy_until, begin + GRACE)
        self._skeleton += data[position:end]
        return end

    def _is_at_dashes(self, data: bytes, position: int) -> bool:
        return self._is_line_start and data.startswith(b"--", position)

    def _find_dashes(self, data: bytes, position: int) -> int:
        """Where the next line with dashes begins, or the end of `data`."""
        if self._is_at_dashes(data, position):
            return position
        return data.find(b"\n--", position) + 1 or len(data)

    def _release(self) -> None:
        self._skeleton += self._held
        self._held.clear()

    async def _close(self, run: _Run) -> None:
        await run.sink.commit()
        self._run = None
        self._marker = self._marker or f"restante-cut-{secrets.token_hex(16)}"
        cut = run.as_cut(ordinal=len(self._cuts), offset=len(self._skeleton))
        self._cuts.append(cut)
        self._skeleton += marker_line(self._marker, cut)


def marker_line(marker: str, cut: Cut) -> bytes:
    """What stands in the skeleton where the cut was taken out."""
    return f"{marker}-{cut.ordinal}\r\n".encode()


async def rebuild(
    skeleton: bytes, marker: str, cuts: Sequence[Cut], open_blob: Callable[[int], AsyncIterator[bytes]]
) -> AsyncIterator[bytes]:
    """Give the original message in pieces; `open_blob` takes an ordinal. Keeps about one chunk of a blob in memory.

    Raises `CannotOpen` as soon as skeleton, cuts or a blob (its size and digest) do not fit each other.
    """
    position = 0
    for cut in cuts:
        line = marker_line(marker, cut)
        if cut.offset < position or not skeleton.startswith(line, cut.offset):
            raise CannotOpen("The stored message is damaged: a part is not where it was taken out.")
        yield skeleton[position : cut.offset]
        async for lines in restore(cut, open_blob(cut.ordinal)):
            yield lines
        position = cut.offset + len(line)
    yield skeleton[position:]


async def restore(cut: Cut, blob: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give the lines of one cut as they stood in the message, from the chunks of its blob; raises as `rebuild`."""
    digest = hashlib.sha256()
    encoded = 0
    rest = b""
    async for chunk in blob:
        digest.update(chunk)
        data = rest + chunk if rest else chunk
        end = len(data) - len(data) % (cut.width // 4 * 3) if cut.width else len(data)
        rest = data[end:]
        lines = encode_lines(data[:end], cut.width) if cut.width else data
        encoded += len(lines)
        yield lines
    if rest:
        lines = encode_lines(rest, cut.width)
        encoded += len(lines)
        yield lines
    if encoded != cut.encoded_size or digest.digest() != cut.digest:
        raise CannotOpen("The stored message is damaged: a part of it was changed or cut short.")


def split_payload(payload: bytes, marker: str, cuts: Sequence[Cut]) -> list[bytes | Cut]:
    """Split a leaf part's raw payload at the marker lines: text that stands there, and cuts, in order.

    MIME gives a line end before a boundary to the boundary (RFC 2046 5.1.1), so a parser may drop that of a marker line
    at the payload's end. Then the last Cut has sizes without it: of a raw blob, take the first `decoded_size` bytes.
    """
    by_ordinal = {cut.ordinal: cut for cut in cuts}
    pieces: list[bytes | Cut] = []
    position = 0
    for match in re.finditer(re.escape(marker.encode()) + rb"-([0-9]{1,9})(\r?\n|\Z)", payload) if marker else ():
        cut = by_ordinal.get(int(match[1]))
        if cut is None:
            continue
        if match.start() > position:
            pieces.append(payload[position : match.start()])
        pieces.append(cut if match[2] else _without_line_end(cut))
        position = match.end()
    if position < len(payload):
        pieces.append(payload[position:])
    return pieces


def _without_line_end(cut: Cut) -> Cut:
    dropped = len(b"\r\n")
    decoded = cut.decoded_size if cut.width else cut.decoded_size - dropped
    return msgspec.structs.replace(cut, encoded_size=cut.encoded_size - dropped, decoded_size=decoded)
