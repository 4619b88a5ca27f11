"""A webhook's endpoint on loopback: keeps what it is sent, and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tests.hostile_http import read_request, serving


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What came, header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


Judge = Callable[[Request], int]


class Receiver:
    """`judge` gives the status of each answer; without it all is well."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.accepted: list[str] = []
        """Ids of the events that were answered well, in that order."""
        self.judge: Judge = lambda _: 200
        self.header = b""
        """More of the answer's head: complete lines."""
        self.answer = b"thanks"
        self.changed = asyncio.Condition()

    async def until(self, is_done: Callable[[], bool]) -> None:
        """Wait until something that came makes it true."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(is_done)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while True:
            head, body = await read_request(reader)
            lines = head.decode("latin-1").split("\r\n")[1:-2]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            request = Request(headers=headers, body=body)
            status = self.judge(request)
            async with self.changed:
                self.requests.append(request)
                if status < 300:
                    self.accepted.append(request.event_id)
                self.changed.notify_all()
            writer.write(b"HTTP/1.1 %d Word\r\n%bContent-Length: %d\r\n\r\n" % (status, self.header, len(self.answer)))
            writer.write(self.answer)
            await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port until the context ends."""
    receiver = Receiver()
    async with serving(receiver.serve) as port:
        receiver.url = f"http://127.0.0.1:{port}/hook"
        yield receiver
