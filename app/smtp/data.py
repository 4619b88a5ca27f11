"""The bytes of SMTP DATA: from the reader to a sink, verified and un-stuffed, in constant memory.

No policy, no replies and no storage here: the session answers the fault, the sink keeps the message.
"""

import asyncio
import enum
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

import msgspec

from app.errors import LimitReached

# RFC 5321 4.5.3.1.6 promises 1,000 bytes only, but real senders write whole paragraphs and boundaries of several
# kilobytes as one line (7,080 bytes in the sample mail). One line is the most that is held back between two chunks.
LINE_LIMIT = 64 * 1024

PIECE = 96 * 1024
"""Bytes in which DATA is read; at twice that the peer is stopped. Large mail came in a fifth slower by pieces of
256 KiB, which do not stay in the processor's cache.
"""

_END = b"\r\n.\r\n"


class Fault(enum.Enum):
    """Why the content is refused for good.

    Fitting replies: 554 5.6.0 for `BARE_CR_LF` (RFC 5321 2.3.8), 500 5.5.2 for `LINE_TOO_LONG` (RFC 5321 4.5.3.1.9),
    552 5.3.4 for `TOO_LARGE` (RFC 1870 6.1).
    """

    BARE_CR_LF = "bare_cr_lf"
    LINE_TOO_LONG = "line_too_long"
    TOO_LARGE = "too_large"


class DataEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How DATA ended: the bytes handed to the sink (line ends counted, stuffed dots not, as RFC 1870 3) and the fault.

    With a fault the sink holds only a beginning, which is to be thrown away.
    """

    size: int
    fault: Fault | None = None


class DataLost(ConnectionResetError):
    """The connection ended before the end of DATA: nothing was accepted and nobody is left to be answered."""


class DataSink(Protocol):
    """Takes the message in order: whole lines, each ending in CRLF."""

    async def write(self, data: bytes) -> None:
        """Take the next lines."""
        ...


Progress = Callable[[int], None]
"""Told how many bytes of DATA have come so far, dropped ones included, whenever some came."""


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


async def read_data(
    reader: asyncio.StreamReader,
    sink: DataSink,
    *,
    size_limit: int,
    line_limit: int = LINE_LIMIT,
    progress: Progress = lambda _: None,
) -> DataEnd:
    """Read one message after the 354 up to and with CRLF.CRLF (RFC 5321 4.1.1.4); later commands stay in the reader.

    `size_limit` is in bytes of the un-stuffed message, `line_limit` in bytes of a line as sent, without its CRLF. NUL
    and 8-bit bytes pass (RFC 5321 4.5.2). After a fault the rest is read and dropped, so that the reply comes in its
    place. What the sink raises is raised again after the same draining. Raises `DataLost` when the connection ends,
    and `LimitReached` when `size_limit` more bytes were dropped without an end: then close the connection.
    """
    lines = _Lines(size_limit=size_limit, line_limit=line_limit)
    with _in_pieces(reader):
        async with aclosing(_chunks(reader, progress)) as chunks:
            async for chunk in chunks:
                try:
                    verified = lines.feed(chunk)
                    if verified:
                        await sink.write(verified)
                except _Refused as refused:
                    await _drain(chunks, size_limit)
                    return DataEnd(size=lines.size, fault=refused.fault)
                except Exception:
                    await _drain(chunks, size_limit)
                    raise
    return DataEnd(size=lines.size)


@contextmanager
def _in_pieces(reader: asyncio.StreamReader) -> Iterator[None]:
    """Commands have a larger limit, so that one that is too long is read and answered, not cut off."""
    # asyncio has no public way to change it.
    limit = reader._limit  # type: ignore[attr-defined]  # noqa: SLF001
    reader._limit = min(limit, PIECE)  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        yield
    finally:
        reader._limit = limit  # type: ignore[attr-defined]  # noqa: SLF001


async def _chunks(reader: asyncio.StreamReader, progress: Progress) -> AsyncGenerator[bytes, None]:
    """Give the stuffed content in chunks of about `PIECE`, without the final dot's line."""
    # The CRLF before the final dot may be that of the DATA command itself (RFC 5321 4.1.1.4). asyncio has no public
    # way to push bytes back; with this CRLF in front the empty message needs no search of its own.
    reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001
    skip = 2
    received = -skip
    while True:
        try:
            chunk = await reader.readuntil(_END)
        except asyncio.LimitOverrunError as overrun:
            chunk = await reader.read(overrun.consumed)
            received += len(chunk)
            progress(received)
            yield chunk[skip:]
        except asyncio.IncompleteReadError as error:
            raise DataLost("The connection ended before the end of DATA.") from error
        else:
            yield chunk[skip:-3]
            return
        skip = 0


async def _drain(chunks: AsyncGenerator[bytes, None], limit: int) -> None:
    dropped = 0
    async for chunk in chunks:
        dropped += len(chunk)
        if dropped > limit:
            raise LimitReached("DATA goes on long after it was refused. Close the connection.", code="data_endless")


class _Lines:
    """Turns chunks cut anywhere into blocks of whole, verified and un-stuffed lines; keeps less than one line back."""

    def __init__(self, *, size_limit: int, line_limit: int) -> None:
        self.size = 0
        self._size_limit = size_limit
        self._line_limit = line_limit
        self._begun = b""

    def feed(self, chunk: bytes) -> bytes:
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._begin(self._begun + chunk)
            return b""
        lines = self._begun + chunk[:end]
        self._begin(chunk[end:])
        if not _is_even(lines) or lines.index(b"\n") > self._line_limit + 1:
            _check_line_ends(lines)
            self._check_lengths(lines)
            lines = _unstuff(lines)
        if self.size + len(lines) > self._size_limit:
            raise _Refused(Fault.TOO_LARGE)
        self.size += len(lines)
        return lines

    def _begin(self, begun: bytes) -> None:
        # One more byte than the limit may be the CR of a line that just fits.
        if len(begun) > self._line_limit + 1:
            raise _Refused(Fault.LINE_TOO_LONG)
        self._begun = begun

    def _check_lengths(self, lines: bytes) -> None:
        """Jump from line end to line end as far as the limit allows: a step a `line_limit`, not a step a line."""
        longest = self._line_limit + 2
        start = 0
        while len(lines) - start > longest:
            start = lines.rfind(b"\n", start, start + longest) + 1
            if not start:
                raise _Refused(Fault.LINE_TOO_LONG)


def _is_even(lines: bytes) -> bool:
    """Whether all lines have one width, end rightly and begin with no dot, as in a base64 body.

    Ten times cheaper than the general search, which each line end of a large attachment would otherwise go through.
    """
    stride = lines.index(b"\n") + 1
    count, rest = divmod(len(lines), stride)
    if rest or stride < len(b"\r\n"):
        return False
    if lines[stride - 2 :: stride] != b"\r" * count or lines[stride - 1 :: stride] != b"\n" * count:
        return False
    if b"." in lines[::stride]:
        return False
    bare = bytearray(lines)
    del bare[stride - 1 :: stride]
    del bare[stride - 2 :: stride - 1]
    return b"\r" not in bare and b"\n" not in bare


def _check_line_ends(lines: bytes) -> None:
    """RFC 5321 2.3.8: CR and LF only as CRLF. Anything else may end the message elsewhere for another server."""
    pairs = lines.count(b"\r\n")
    if lines.count(b"\r") != pairs or lines.count(b"\n") != pairs:
        raise _Refused(Fault.BARE_CR_LF)


def _unstuff(lines: bytes) -> bytes:
    """RFC 5321 4.5.2: a dot that begins a line is dropped."""
    return lines[lines.startswith(b".") :].replace(b"\r\n.", b"\r\n")
