"""A client that sends exactly the bytes it is told to, and reads replies."""

import asyncio
import re
import socket
import ssl
import struct

import msgspec

_PATIENCE = 30
"""Seconds after which a test is wrong about an answer that should come; nothing waits for it when it passes."""


class Reply(msgspec.Struct, frozen=True):
    """One reply of one or more lines, as bytes without the last CRLF."""

    text: bytes

    @property
    def code(self) -> str:
        """The code and, where there is one, the enhanced code of the last line."""
        match = re.match(r"\d{3}( \d\.\d+\.\d+)?", self.text.rpartition(b"\r\n")[2].decode())
        assert match is not None
        return match[0]


class Peer:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Peer":
        """Connect, and say nothing."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1024 * 1024))

    async def hello(self) -> None:
        """Take the greeting, and say hello."""
        assert (await self.reply()).code == "220"
        assert await self.ask("EHLO client.test") == "250"

    def send(self, data: bytes) -> None:
        """Send without waiting."""
        self._writer.write(data)

    async def send_all(self, data: bytes) -> None:
        """Send, and wait until the server has taken most of it."""
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, line: str) -> str:
        """Send a line; its reply's code."""
        self.send(line.encode() + b"\r\n")
        return (await self.reply()).code

    async def envelope(self, *recipients: str, sender: str = "news@shop.example") -> None:
        """MAIL, RCPT and DATA, all of them accepted."""
        assert await self.ask(f"MAIL FROM:<{sender}>") == "250 2.1.0"
        for recipient in recipients:
            assert await self.ask(f"RCPT TO:<{recipient}>") == "250 2.1.5"
        assert await self.ask("DATA") == "354"

    async def reply(self) -> Reply:
        """The next reply; fails when the server closes instead."""
        lines: list[bytes] = []
        async with asyncio.timeout(_PATIENCE):
            while True:
                line = await self._reader.readline()
                assert line.endswith(b"\r\n"), f"the server closed after {b''.join(lines)!r}"
                lines.append(line)
                if line[3:4] != b"-":
                    return Reply(b"".join(lines)[:-2])

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(_PATIENCE):
            return await self._reader.read()

    async def has_reply(self, *, within: float) -> bool:
        """Whether something can be read, waiting for it at most so many seconds; nothing is taken."""
        try:
            line = await asyncio.wait_for(self._reader.readuntil(b"\n"), within)
        except TimeoutError:
            return False
        self._reader._buffer[:0] = line  # type: ignore[attr-defined]
        return True

    async def secure(self) -> ssl.SSLObject:
        """The client's side of the handshake after the 220."""
        await self._writer.start_tls(unverified())
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls

    def finish(self) -> None:
        """Send no more, but go on reading."""
        self._writer.write_eof()

    def reset(self) -> None:
        """Vanish: the server gets an RST."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


def unverified() -> ssl.SSLContext:
    """What most senders do: encrypt, to whomever it is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
