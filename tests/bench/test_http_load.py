"""The HTTP load generator against a tiny asyncio server that answers as scripted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from bench import http_load

_T = TypeVar("_T")


class Server:
    """Answers each path with the bytes it was given; after `/gone` and `/cut` it closes the connection."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.connections = 0
        self.over: list[asyncio.Event] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.over.append(asyncio.Event())
        ended = self.over[-1]
        try:
            while not reader.at_eof():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((line[16:] for line in head.split("\r\n") if line.startswith("Content-Length: ")), "0")
                self.requests.append(head + (await reader.readexactly(int(length))).decode())
                answer = self.answers[head.split(" ")[1]]
                half = len(answer) // 2
                for piece in (answer[:half], answer[half:]):
                    writer.write(piece)
                    await writer.drain()
                if " /gone " in head or " /cut " in head:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            ended.set()


def whole(body: bytes, *, status: str = "200 OK", extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), extra, body)


def against(server: Server, visit: Callable[[int], Awaitable[_T]]) -> _T:
    async def session() -> _T:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listener:
            try:
                return await visit(listener.sockets[0].getsockname()[1])
            finally:
                await asyncio.gather(*(ended.wait() for ended in server.over))

    return asyncio.run(session())


def run(server: Server, *paths: str, requests: int, connections: int = 1) -> http_load.Outcome:
    async def visit(port: int) -> http_load.Outcome:
        load = http_load.Load(
            host="127.0.0.1",
            port=port,
            paths=paths,
            headers={"Cookie": "a=b"},
            requests=requests,
            connections=connections,
        )
        return await http_load.run(load)

    return against(server, visit)


@pytest.mark.parametrize("connections", [1, 3])
def test_every_request_is_sent_once_on_kept_connections(connections: int) -> None:
    server = Server({"/a": whole(b"first"), "/b": whole(b"", status="404 Not Found")})
    outcome = run(server, "/a", "/b", requests=30, connections=connections)
    assert outcome.replies == Counter({"200": 15, "404": 15})
    assert outcome.body_bytes == 15 * len(b"first")
    assert server.connections == connections
    assert len(outcome.latencies) == 30
    assert list(outcome.latencies) == sorted(outcome.latencies)
    assert all("Cookie: a=b\r\n" in request and "Host: 127.0.0.1:" in request for request in server.requests)


def test_a_lost_connection_is_counted_and_opened_again() -> None:
    server = Server({"/a": whole(b"ok"), "/gone": b""})
    outcome = run(server, "/a", "/gone", requests=4)
    assert outcome.replies == Counter({"200": 2, "lost": 2})
    assert len(outcome.latencies) == 2


def test_a_response_cut_short_is_lost() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"
    assert run(Server({"/cut": cut}), "/cut", requests=2).replies == Counter({"lost": 2})


def test_chunks_and_headers_are_read() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"
        b"4;x=y\r\nchun\r\n3\r\nked\r\n0\r\nTrailer: t\r\n\r\n"
    )
    server = Server({"/c": chunked, "/close": whole(b"bye", extra=b"Connection: close\r\n")})

    async def visit(port: int) -> tuple[http_load.Answer, http_load.Answer, http_load.Answer]:
        async with http_load.connected("127.0.0.1", port) as client:
            first = await client.get("/c")
            second = await client.post("/close", b"x=1", "application/x-www-form-urlencoded")
            return first, second, await client.get("/c")

    first, second, third = against(server, visit)
    assert first.body == third.body == b"chunked"
    assert [value for name, value in first.headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert second.body == b"bye"
    assert server.requests[1].endswith("\r\n\r\nx=1")
    assert server.connections == 2


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.75, 3.0), (0.76, 4.0), (0.99, 4.0), (1.0, 4.0)]
)
def test_percentiles_are_of_the_nearest_rank(share: float, expected: float) -> None:
    assert http_load.percentile((1.0, 2.0, 3.0, 4.0), share) == expected
