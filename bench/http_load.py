"""The HTTP side of the load: a keep-alive HTTP/1.1 client that costs little, and runs of many GETs.

It knows nothing of the service's pages; it speaks plain HTTP only (no TLS, no redirects, no compression).
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

TIMEOUT = 30.0
"""Seconds one request may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One response. Header names are in lower case; of a repeated header all values are kept, in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of `name` (lower case), if any."""
        return next((value for key, value in self.headers if key == name), None)


class _Responses(asyncio.Protocol):
    """Puts the bytes of one connection together into one response at a time (RFC 9112 section 6)."""

    def __init__(self) -> None:
        self.is_lost = False
        self._data = bytearray()
        self._missing = 0
        self._waiter: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._missing -= len(data)
        if self._missing <= 0:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self, missing: int = 1) -> None:
        """Wait for `missing` bytes more. Raises ConnectionResetError if the server leaves before."""
        if self.is_lost:
            raise ConnectionResetError("the server closed the connection before the response was whole")
        self._missing = missing
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._data.find(mark)) < 0:
            await self._more()
        return self._cut(end + len(mark))[:end]

    async def _exactly(self, count: int) -> bytes:
        while (missing := count - len(self._data)) > 0:
            await self._more(missing)
        return self._cut(count)

    def _cut(self, count: int) -> bytes:
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    async def take(self) -> Answer:
        """The next response."""
        first, *lines = (await self._until(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        status = int(first.split(" ", 2)[1])
        named = dict(headers)
        if named.get("transfer-encoding", "").lower() == "chunked":
            body = await self._chunks()
        elif status in {204, 304}:
            body = b""
        else:
            body = await self._exactly(int(named["content-length"]))
        return Answer(status=status, headers=headers, body=body)

    async def _chunks(self) -> bytes:
        """Section 7.1; trailers are read over."""
        body = bytearray()
        while size := int((await self._until(b"\r\n")).partition(b";")[0], 16):
            body += await self._exactly(size)
            await self._exactly(2)
        while await self._until(b"\r\n"):
            pass
        return bytes(body)


class Client:
    """One keep-alive connection that sends the same extra headers with every request; reconnects when it must."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._host = host
        self._port = port
        given = {"Host": f"{host}:{port}"} | dict(headers)
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self._open: tuple[_Responses, asyncio.Transport] | None = None

    async def get(self, path: str) -> Answer:
        """GET `path`. Raises OSError if the server does not answer, TimeoutError (one of them) if not in 30 s."""
        return await self.exchange(self.request(path))

    async def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """POST `body`; errors as for `get`."""
        about = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        return await self.exchange(f"POST {path} HTTP/1.1\r\n{self._headers}{about}\r\n".encode("latin-1") + body)

    def request(self, path: str) -> bytes:
        """The bytes of a GET, made before the clock runs."""
        return f"GET {path} HTTP/1.1\r\n{self._headers}\r\n".encode("latin-1")

    async def exchange(self, request: bytes) -> Answer:
        """Send a request made by `request`; errors as for `get`."""
        async with asyncio.timeout(TIMEOUT):
            if self._open is None or self._open[0].is_lost:
                transport, protocol = await asyncio.get_running_loop().create_connection(
                    _Responses, self._host, self._port
                )
                self._open = protocol, transport
            protocol, transport = self._open
            transport.write(request)
            answer = await protocol.take()
        if (answer.header("connection") or "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._open is not None:
            self._open[1].abort()
            self._open = None


@asynccontextmanager
async def connected(host: str, port: int, headers: Mapping[str, str] | None = None) -> AsyncIterator[Client]:
    """A client that is closed on the way out."""
    client = Client(host, port, headers or {})
    try:
        yield client
    finally:
        client.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One run: `requests` GETs in all over `connections`, to `paths` in turn, all with `headers`."""

    host: str
    port: int
    paths: tuple[str, ...]
    headers: Mapping[str, str]
    requests: int
    connections: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run: each request once in `replies`, by status, lost or timeout. Seconds; latencies sorted."""

    seconds: float
    replies: Counter[str]
    latencies: tuple[float, ...]
    body_bytes: int
    cpu: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of sorted `values` that `share` (0 to 1) of them do not exceed (the nearest-rank method)."""
    return values[min(len(values) - 1, max(0, -int(-share * len(values) // 1) - 1))]


async def run(load: Load) -> Outcome:
    """Send the whole load. A connection sends its next request when the last is answered."""
    numbers = iter(range(load.requests))
    lanes = [_Lane(load) for _ in range(load.connections)]
    cpu, started = time.thread_time(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(lane.run(numbers))
    seconds, cpu = time.monotonic() - started, time.thread_time() - cpu
    return Outcome(
        seconds=seconds,
        replies=sum((lane.replies for lane in lanes), Counter[str]()),
        latencies=tuple(sorted(latency for lane in lanes for latency in lane.latencies)),
        body_bytes=sum(lane.body_bytes for lane in lanes),
        cpu=cpu,
    )


class _Lane:
    """One connection of a run and what it has counted."""

    def __init__(self, load: Load) -> None:
        self.replies: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.body_bytes = 0
        self._client = Client(load.host, load.port, load.headers)
        self._requests = [self._client.request(path) for path in load.paths]

    async def run(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            begun = time.monotonic()
            try:
                answer = await self._client.exchange(self._requests[number % len(self._requests)])
            except TimeoutError:
                self._failed("timeout")
                continue
            except OSError:
                self._failed("lost")
                continue
            self.latencies.append(time.monotonic() - begun)
            self.replies[str(answer.status)] += 1
            self.body_bytes += len(answer.body)
        self._client.close()

    def _failed(self, verdict: str) -> None:
        self.replies[verdict] += 1
        self._client.close()
