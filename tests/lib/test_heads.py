import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send

from app.lib import heads
from app.lib.heads import MAX_HEAD, BoundedHeadProtocol


async def _answer(_scope: Scope, receive: Receive, send: Send) -> None:
    size, is_done = 0, False
    while not is_done:
        part = await receive()
        assert part["type"] == "http.request"
        size += len(part["body"])
        is_done = not part["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode(), "more_body": False})


Answering = Callable[[Scope, Receive, Send], Awaitable[None]]


async def _asked(pieces: list[bytes], answer: Answering = _answer) -> bytes:
    config = uvicorn.Config(answer, ws="none", lifespan="off", log_config=None)
    config.load()
    state = uvicorn.Server(config).server_state
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedHeadProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.readline()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.transport.abort()  # closing would wait for what was not sent, and outlive the test
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"GET /"])
async def test_a_head_without_end_is_refused(start: bytes) -> None:
    first = await _asked([start, *[b"a" * 65_536] * 400])

    assert first.startswith(b"HTTP/1.1 431 ") or first == b"reset"


async def test_large_bodies_and_heads_within_the_bound_are_taken() -> None:
    size = 5 * MAX_HEAD
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nX: %b\r\n\r\n" % (size, b"a" * (MAX_HEAD // 2))

    first = await _asked([head[:100], head[100:], b"b" * size])

    assert first.startswith(b"HTTP/1.1 200 ")


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("start", [b"0\r\nX: ", b"5;x="])
async def test_trailers_and_extensions_without_end_are_refused(start: bytes) -> None:
    first = await _asked([CHUNKED, b"3\r\nabc\r\n", start, *[b"a" * 65_536] * 400])

    assert first.startswith(b"HTTP/1.1 431 ") or first == b"reset"


async def test_a_body_in_chunks_with_trailers_is_taken() -> None:
    chunk = b"%x;of=some\r\n%b\r\n" % (3 * MAX_HEAD, b"b" * (3 * MAX_HEAD))

    first = await _asked([CHUNKED, *[chunk] * 3, b"0\r\nX: y\r\n\r\n"])

    assert first.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("HEAD_SECONDS", CHUNKED[:-2]),
        ("REQUEST_SECONDS", CHUNKED),
        ("REQUEST_SECONDS", CHUNKED + b"3\r\nabc\r\n"),
        ("REQUEST_SECONDS", CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n"),
    ],
)
async def test_a_request_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch, limit: str, sent: bytes) -> None:
    monkeypatch.setattr(heads, limit, 0.05)

    assert (await _asked([sent])).startswith(b"HTTP/1.1 408 ")


async def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.05)

    assert (await _asked([])).startswith(b"HTTP/1.1 408 ")


async def test_an_answer_may_take_longer_than_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(heads, "REQUEST_SECONDS", 0.05)
    go_on = asyncio.Event()

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await _answer(scope, receive, send)

    asyncio.get_running_loop().call_later(0.3, go_on.set)
    assert (await _asked([CHUNKED, b"3\r\nabc\r\n0\r\n\r\n"], late)).startswith(b"HTTP/1.1 200 ")
