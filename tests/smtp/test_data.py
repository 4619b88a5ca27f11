import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import LimitReached, Unavailable
from app.smtp.data import LINE_LIMIT, DataEnd, DataLost, Fault, read_data

AFTER = b"QUIT\r\n"

# (what, the bytes after 354 up to and with the end, the message)
GOOD = [
    ("empty", b".\r\n", b""),
    ("one empty line", b"\r\n.\r\n", b"\r\n"),
    ("two empty lines", b"\r\n\r\n.\r\n", b"\r\n\r\n"),
    ("plain", b"A: b\r\n\r\nhello\r\n.\r\n", b"A: b\r\n\r\nhello\r\n"),
    ("first line stuffed", b"..\r\n.\r\n", b".\r\n"),
    ("lines of dots", b"..\r\n...\r\n....\r\nx\r\n.\r\n", b".\r\n..\r\n...\r\nx\r\n"),
    ("dot before text", b"a\r\n.b\r\n..c\r\n.\r\n", b"a\r\nb\r\n.c\r\n"),
    ("dots elsewhere", b"a.\r\nb..c\r\n. d\r\n.\r\n", b"a.\r\nb..c\r\n d\r\n"),
    ("lines of one width", b"AAAA\r\nBBBB\r\nCCCC\r\nDDDD\r\n.\r\n", b"AAAA\r\nBBBB\r\nCCCC\r\nDDDD\r\n"),
    ("one width with a dot", b"AAAA\r\n.BBB\r\nCCCC\r\n.\r\n", b"AAAA\r\nBBB\r\nCCCC\r\n"),
    ("NUL and 8-bit bytes", b"\x00\xff\r\n\x00\r\n\xc3\xa9\r\n.\r\n", b"\x00\xff\r\n\x00\r\n\xc3\xa9\r\n"),
]

BARE = [
    ("bare LF", b"a\nb\r\n.\r\n"),
    ("bare LF first", b"\na\r\n.\r\n"),
    ("bare CR", b"a\rb\r\n.\r\n"),
    ("CR before CRLF", b"a\r\r\n.\r\n"),
    ("LF after CRLF", b"a\r\n\nb\r\n.\r\n"),
    ("LF dot LF", b"a\n.\nMAIL FROM:<x@x>\r\n.\r\n"),
    ("LF dot CRLF", b"a\n.\r\nMAIL FROM:<x@x>\r\n.\r\n"),
    ("CRLF dot LF", b"a\r\n.\nMAIL FROM:<x@x>\r\n.\r\n"),
    ("CR dot CR", b"a\r.\rMAIL FROM:<x@x>\r\n.\r\n"),
    ("CRLF dot CR", b"a\r\n.\r\r\n.\r\n"),
    ("lone CR first", b"\r.\r\n.\r\n"),
    ("one width, LF in place", b"AAA\r\nBB\nB\r\nCCC\r\n.\r\n"),
    ("one width, CR in place", b"AAA\r\nB\rB\r\nCCC\r\n.\r\n"),
    ("one width, no CR", b"AAA\r\nBBBB\nCCC\r\n.\r\n"),
    ("one width, CR and LF apart", b"AA\r\n\nA\rA\r\n.\r\n"),
    ("two wrongs", b"\n\r\n\r\r\n.\r\n"),
]


class Sink:
    def __init__(self, error: Exception | None = None) -> None:
        self.data = bytearray()
        self._error = error

    async def write(self, data: bytes) -> None:
        if self._error:
            raise self._error
        assert data.endswith(b"\r\n")
        self.data += data


async def _feed(reader: asyncio.StreamReader, parts: list[bytes]) -> None:
    for part in parts:
        reader.feed_data(part)
        await asyncio.sleep(0)
    reader.feed_eof()


async def _receive(
    parts: list[bytes], *, limit: int = 256 * 1024, size_limit: int = 10**6, line_limit: int = LINE_LIMIT
) -> tuple[DataEnd, bytes, bytes]:
    """(The result, the message, what stays in the reader.)"""
    reader = asyncio.StreamReader(limit=limit)
    sink = Sink()
    feeding = asyncio.create_task(_feed(reader, parts))
    end = await read_data(reader, sink, size_limit=size_limit, line_limit=line_limit)
    await feeding
    return end, bytes(sink.data), await reader.read()


def _bytewise(wire: bytes) -> list[bytes]:
    return [wire[i : i + 1] for i in range(len(wire))]


@pytest.mark.parametrize(("wire", "message"), [case[1:] for case in GOOD], ids=[case[0] for case in GOOD])
def test_a_message_comes_through_whole_however_it_is_split(wire: bytes, message: bytes) -> None:
    async def every_split() -> None:
        for limit in range(1, len(wire) + 6):
            for split in range(len(wire) + 1):
                assert await _receive([wire[:split], wire[split:] + AFTER], limit=limit) == expected
            assert await _receive(_bytewise(wire + AFTER), limit=limit) == expected

    expected = (DataEnd(size=len(message)), message, AFTER)
    asyncio.run(every_split())


@pytest.mark.parametrize("wire", [case[1] for case in BARE], ids=[case[0] for case in BARE])
def test_a_bare_cr_or_lf_is_refused_and_ends_nothing(wire: bytes) -> None:
    async def every_split() -> None:
        for limit in range(1, len(wire) + 6):
            for split in range(len(wire) + 1):
                end, _, rest = await _receive([wire[:split], wire[split:] + AFTER], limit=limit)
                assert (end.fault, rest) == (Fault.BARE_CR_LF, AFTER)
            end, _, rest = await _receive(_bytewise(wire + AFTER), limit=limit)
            assert (end.fault, rest) == (Fault.BARE_CR_LF, AFTER)

    asyncio.run(every_split())


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        (b"12345678\r\n.\r\n", None),
        (b"123456789\r\n.\r\n", Fault.LINE_TOO_LONG),
        (b"a\r\n12345678\r\nb\r\n.\r\n", None),
        (b"a\r\n123456789\r\nb\r\n.\r\n", Fault.LINE_TOO_LONG),
        (b"12345678\r\n12345678\r\n12345678\r\n.\r\n", None),
        (b"123456789\r\n123456789\r\n123456789\r\n.\r\n", Fault.LINE_TOO_LONG),
        (b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n12345678\r\n.\r\n", None),
        (b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n123456789\r\n.\r\n", Fault.LINE_TOO_LONG),
        (b"1" * 100 + b"\r\n.\r\n", Fault.LINE_TOO_LONG),
    ],
)
def test_a_line_is_too_long_from_one_byte_over_the_limit(wire: bytes, fault: Fault | None) -> None:
    async def every_limit() -> None:
        for limit in range(1, len(wire) + 6):
            end, _, rest = await _receive(_bytewise(wire + AFTER), limit=limit, line_limit=8)
            assert (end.fault, rest) == (fault, AFTER)

    asyncio.run(every_limit())


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        (b"12345678\r\n.\r\n", None),
        (b"123456789\r\n.\r\n", Fault.TOO_LARGE),
        (b"..\r\n..\r\n1\r\n1\r\n.\r\n", Fault.TOO_LARGE),
        (b"..\r\n..\r\n12\r\n.\r\n", None),  # the stuffed dots do not count
    ],
)
def test_a_message_is_too_large_from_one_byte_over_the_limit(wire: bytes, fault: Fault | None) -> None:
    async def every_limit() -> None:
        for limit in range(1, len(wire) + 6):
            end, message, rest = await _receive(_bytewise(wire + AFTER), limit=limit, size_limit=10)
            assert (end.fault, rest) == (fault, AFTER)
            assert end.size == len(message) <= 10

    asyncio.run(every_limit())


def test_the_default_line_limit_passes_64_kib() -> None:
    async def both() -> list[Fault | None]:
        return [
            (await _receive([b"x" * size + b"\r\n.\r\n"], limit=limit))[0].fault
            for size in (65_536, 65_537)
            for limit in (1_000, 262_144)
        ]

    assert asyncio.run(both()) == [None, None, Fault.LINE_TOO_LONG, Fault.LINE_TOO_LONG]


@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"a\r\n", b"a\r\n.", b"a\r\n.\r", b"a\n", b"a" * 100, b"\n" + b"a" * 100]
)
def test_a_lost_connection_raises(sent: bytes) -> None:
    for limit in (1, 8, 1_000):
        with pytest.raises(DataLost):
            asyncio.run(_receive(_bytewise(sent), limit=limit))


def test_a_refused_message_without_an_end_is_not_read_for_ever() -> None:
    parts = [b"a\nb\r\n", *[b"x" * 98 + b"\r\n"] * 50]
    with pytest.raises(LimitReached) as caught:
        asyncio.run(_receive(parts, limit=100, size_limit=1_000))
    assert caught.value.code == "data_endless"


def test_an_error_of_the_sink_is_raised_once_the_message_is_over() -> None:
    async def receive() -> bytes:
        reader = asyncio.StreamReader(limit=10)
        feeding = asyncio.create_task(_feed(reader, [b"first line\r\n"] * 9 + [b".\r\n" + AFTER]))
        with pytest.raises(Unavailable, match="the disk is full"):
            await read_data(reader, Sink(Unavailable("the disk is full")), size_limit=1_000)
        await feeding
        return await reader.read()

    assert asyncio.run(receive()) == AFTER


LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b".", b"..", b"AAAA", b".AAA", b"\x00", b"--x", b"From x"]),
        st.binary(max_size=12).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")),
    ),
    max_size=30,
)


@given(lines=LINES, limit=st.integers(1, 80), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_stuffing_and_reading_gives_the_message_back(lines: list[bytes], limit: int, sizes: list[int]) -> None:
    wire = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n" + AFTER
    parts: list[bytes] = []
    while wire:
        parts.append(wire[: sizes[len(parts) % len(sizes)]])
        wire = wire[len(parts[-1]) :]
    message = b"".join(line + b"\r\n" for line in lines)
    assert asyncio.run(_receive(parts, limit=limit)) == (DataEnd(size=len(message)), message, AFTER)


@given(content=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"A", b"AAA\r\n"]), max_size=25).map(b"".join))
def test_any_mix_of_line_ends_is_judged_as_a_whole(content: bytes) -> None:
    wire = content + b"\r\n.\r\n"
    wire = wire[: (b"\r\n" + wire).index(b"\r\n.\r\n") + 3]
    body = wire[:-3]
    is_bare = b"\r" in body.replace(b"\r\n", b"") or b"\n" in body.replace(b"\r\n", b"")
    for limit in (1, 4, 256):
        end, _, rest = asyncio.run(_receive(_bytewise(wire + AFTER), limit=limit))
        assert (end.fault, rest) == (Fault.BARE_CR_LF if is_bare else None, AFTER)


@asynccontextmanager
async def _server(sink: Sink) -> AsyncIterator[int]:
    """A server that speaks just enough SMTP for a client to come to DATA; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while (line := await reader.readline()).lower() != b"quit\r\n":
            writer.write(b"354 go on\r\n" if line.lower() == b"data\r\n" else b"250 yes\r\n")
            if line.lower() == b"data\r\n":
                end = await read_data(reader, sink, size_limit=20_000_000)
                writer.write(f"250 {end.size}\r\n".encode() if end.fault is None else b"554 no\r\n")
        writer.write(b"221 bye\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=256 * 1024)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_what_smtplib_sends_arrives() -> None:
    message = b"Subject: dots\r\n\r\n" + b"..two\r\n.\r\nplain\r\n" * 100_000 + b"A" * 76 + b"\r\n"

    def send(port: int) -> tuple[int, bytes]:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.mail("a@example.org")
            client.rcpt("b@example.org")
            assert client.data(b"") == (250, b"2")
            return client.data(message)

    async def exchange() -> tuple[int, bytes]:
        async with _server(sink) as port:
            return await asyncio.to_thread(send, port)

    sink = Sink()
    assert asyncio.run(exchange()) == (250, str(len(message)).encode())
    assert sink.data == b"\r\n" + message
