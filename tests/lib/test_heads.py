import asyncio

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send

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


async def _asked(pieces: list[bytes]) -> bytes:
    config = uvicorn.Config(_answer, ws="none", lifespan="off", log_config=None)
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
            writer.close()


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"GET /"])
async def test_a_head_without_end_is_refused(start: bytes) -> None:
    first = await _asked([start, *[b"a" * 65_536] * 400])

    assert first.startswith(b"HTTP/1.1 431 ") or first == b"reset"


async def test_large_bodies_and_heads_within_the_bound_are_taken() -> None:
    size = 5 * MAX_HEAD
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nX: %b\r\n\r\n" % (size, b"a" * (MAX_HEAD // 2))

    first = await _asked([head[:100], head[100:], b"b" * size])

    assert first.startswith(b"HTTP/1.1 200 ")
