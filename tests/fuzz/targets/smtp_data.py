"""SMTP DATA: whatever bytes come in whatever chunks, no bare CR or LF passes, and un-stuffing undoes stuffing."""

import asyncio

from app.errors import LimitReached
from app.smtp.data import DataEnd, DataLost, Fault, read_data
from tests.fuzz.target import Tape, Target, run

_END = b"\r\n.\r\n"


class _Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, data: bytes) -> None:
        assert data.endswith(b"\r\n")
        self.data += data


def check(data: bytes) -> None:
    tape = Tape(data)
    limit, line_limit, size_limit = 1 + tape.number(), 1 + tape.number(), tape.number(2) % 3000
    sizes = [1 + tape.number() for _ in range(1 + tape.number() % 4)]
    wire = tape.rest()
    sink = _Sink()
    try:
        end, rest = run(_receive(sink, wire, sizes, limit, line_limit, size_limit))
    except DataLost:
        assert _END not in b"\r\n" + wire
        return
    except LimitReached:
        assert len(wire) > size_limit
        return
    _judge(wire, sink, end, rest, line_limit, size_limit)


def _judge(wire: bytes, sink: _Sink, end: DataEnd, rest: bytes, line_limit: int, size_limit: int) -> None:
    ended = (b"\r\n" + wire).index(_END)
    assert rest == wire[ended + len(_END) - 2 :], "commands were lost, or content taken for commands"
    lines = wire[:ended].split(b"\r\n")[:-1] if ended else []
    content = b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)
    faults: set[Fault | None] = set()
    if any(b"\r" in line or b"\n" in line for line in lines):
        faults.add(Fault.BARE_CR_LF)
    # Where a bare LF divides a line, its pieces may be measured.
    if max(map(len, lines), default=0) > line_limit:
        faults.add(Fault.LINE_TOO_LONG)
    if len(content) > size_limit:
        faults.add(Fault.TOO_LARGE)
    assert end.fault in (faults or {None})
    assert len(sink.data) == end.size <= size_limit
    assert content.startswith(sink.data)
    assert end.fault is not None or content == sink.data
    assert b"\r" not in sink.data.replace(b"\r\n", b"")
    assert b"\n" not in sink.data.replace(b"\r\n", b"")


async def _receive(
    sink: _Sink, wire: bytes, sizes: list[int], limit: int, line_limit: int, size_limit: int
) -> tuple[DataEnd, bytes]:
    reader = asyncio.StreamReader(limit=limit)

    async def feed() -> None:
        place, turn = 0, 0
        while place < len(wire):
            size = sizes[turn % len(sizes)]
            reader.feed_data(wire[place : place + size])
            place, turn = place + size, turn + 1
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.ensure_future(feed())
    try:
        end = await read_data(reader, sink, size_limit=size_limit, line_limit=line_limit)
    finally:
        await feeding
    return end, await reader.read()


def _seed(wire: bytes, *, limit: int = 255, line_limit: int = 255, size_limit: int = 2999, size: int = 7) -> bytes:
    return bytes([limit, line_limit, *size_limit.to_bytes(2, "big"), 0, size]) + wire


TARGET = Target(
    check=check,
    seeds=(
        _seed(b".\r\nQUIT\r\n"),
        _seed(b"Subject: x\r\n\r\nhello\r\n..dot\r\n.\r\nQUIT\r\n"),
        _seed(b"a\n.\r\nMAIL FROM:<x@x>\r\n.\r\n", limit=1, size=1),
        _seed(b"AAAA\r\nBBBB\r\nCCCC\r\n.\r\n", limit=9, line_limit=5, size_limit=14, size=3),
        _seed(b"a\r\n.\r\r\n.\r\n" + b"x" * 300 + b"\r\n.\r\n", size_limit=100),
    ),
    tokens=(b"\r\n", b"\r", b"\n", b".", b"\r\n.\r\n", b"\n.\r\n", b"\r\n.\n", b"\r\n..\r\n", b"AAAA\r\n", b"\x00"),
    max_len=1500,
)
