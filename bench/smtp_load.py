"""The SMTP side of the load: a client that costs little, and runs of many messages over many connections.

It speaks to any server. What the messages look like is `corpus`'s.
"""

import asyncio
import multiprocessing
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from bench import corpus

TIMEOUT = 60.0
"""Seconds one message may take, connecting included."""
SENDER = "news@sender.example"
LOST, TIMED_OUT, UNREACHABLE = "lost", "timeout", "unreachable"


def new_run() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One run: `messages` in all, spread over `connections`, to one recipient each, in turn.

    `run` is in every subject and Message-ID. With `attachment` every message carries a base64 file of so many bytes
    and `style` says nothing.
    """

    host: str
    port: int
    recipients: tuple[str, ...]
    messages: int
    connections: int = 1
    is_reused: bool = True
    style: corpus.Style = corpus.LETTER
    attachment: int = 0
    processes: int = 1
    run: str = field(default_factory=new_run)

    def __post_init__(self) -> None:
        if self.connections < self.processes:
            raise ValueError(f"{self.processes} processes need at least as many connections, not {self.connections}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run. Times are of the monotonic clock, in seconds, the same in all processes of the machine.

    `replies` counts each message once, by the reply code that settled it, or as lost (the connection broke), timeout
    or unreachable. `cpu` is what the generator itself used, in seconds.
    """

    started: float
    ended: float
    replies: Counter[str]
    wire_bytes: int
    cpu: float

    @property
    def accepted(self) -> int:
        """Messages the server took responsibility for."""
        return self.replies["250"]

    @property
    def seconds(self) -> float:
        """From the first connection to the last reply."""
        return self.ended - self.started


class Refused(Exception):
    """The server answered the greeting or EHLO with an error: `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server answered {code} to the connection")
        self.code = code


class _Replies(asyncio.Protocol):
    """Cuts what the server says into replies (RFC 5321 section 4.2.1) and wakes the one waiter when it has enough."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, bytes]] = []
        self.transport: asyncio.Transport | None = None
        self.is_lost = False
        self._rest = b""
        self._lines = b""
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_paused = False
        self._drained: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=0)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line[3:4] == b"-":
                self._lines += line[4:] + b"\n"
            else:
                self.replies.append((int(line[:3]), self._lines + line[4:]))
                self._lines = b""
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _wake(self) -> None:
        is_enough = len(self.replies) >= self._wanted or self.is_lost
        if is_enough and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self, count: int) -> list[tuple[int, bytes]]:
        """The next `count` replies; fewer if the server leaves after some. ConnectionResetError if after none."""
        if len(self.replies) < count and not self.is_lost:
            self._wanted = count
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self.replies:
            raise ConnectionResetError("the server closed the connection")
        taken, self.replies = self.replies[:count], self.replies[count:]
        return taken

    async def drain(self) -> None:
        """Wait until everything written has gone to the kernel, or the connection is lost."""
        if self._is_paused and not self.is_lost:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained


class Client:
    """One SMTP connection. All methods raise ConnectionError when the server leaves."""

    def __init__(self, protocol: _Replies, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self._transport = transport
        self.can_pipeline = False
        self.data_ended = 0.0
        """When the dot that ends the last message was handed to the kernel (monotonic seconds)."""

    @classmethod
    async def open(cls, host: str, port: int) -> "Client":
        """Connect and say EHLO. Raises OSError if nobody listens, Refused if the server will not talk."""
        transport, protocol = await asyncio.get_running_loop().create_connection(_Replies, host, port)
        client = cls(protocol, transport)
        try:
            await client._hello()
        except BaseException:
            transport.abort()
            raise
        return client

    async def _hello(self) -> None:
        [(greeting, _)] = await self._protocol.take(1)
        if greeting >= 400:
            raise Refused(greeting)
        self._transport.write(b"EHLO load.example\r\n")
        [(code, extensions)] = await self._protocol.take(1)
        if code >= 400:
            raise Refused(code)
        self.can_pipeline = b"\nPIPELINING" in extensions.upper()

    @property
    def is_lost(self) -> bool:
        """Whether the server has closed the connection."""
        return self._protocol.is_lost

    async def send(self, recipient: str, message: bytes | Iterable[bytes]) -> int:
        """Send one message; gives the code that settled it: DATA's last reply, or the first refusal before it.

        `message` has CRLF line ends, ends with one, and needs no dot-stuffing. With PIPELINING the envelope is one
        write (RFC 2920 section 3.1), the message and its dot another.
        """
        envelope = (f"MAIL FROM:<{SENDER}>\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n")
        codes = await self._pipelined(envelope) if self.can_pipeline else await self._in_turn(envelope)
        refusal = next((code for code in codes if code >= 400), None)
        if codes[-1] == 354:
            await self._write_message(message if refusal is None else b"")
            self.data_ended = time.monotonic()
            [(code, _)] = await self._protocol.take(1)
            return refusal or code
        if refusal is None:
            raise ConnectionResetError("the server left before it answered DATA")
        with suppress(ConnectionError):  # a server that leaves after its refusal has still refused
            self._transport.write(b"RSET\r\n")
            await self._protocol.take(1)
        return refusal

    async def _pipelined(self, envelope: tuple[bytes, ...]) -> list[int]:
        self._transport.write(b"".join(envelope))
        return [code for code, _ in await self._protocol.take(len(envelope))]

    async def _in_turn(self, envelope: tuple[bytes, ...]) -> list[int]:
        codes: list[int] = []
        for line in envelope:
            self._transport.write(line)
            [(code, _)] = await self._protocol.take(1)
            codes.append(code)
            if code >= 400:
                break
        return codes

    async def _write_message(self, message: bytes | Iterable[bytes]) -> None:
        if isinstance(message, bytes):
            self._transport.write(message + b".\r\n")
            return
        for chunk in message:
            self._transport.write(chunk)
            await self._protocol.drain()
            if self.is_lost:
                return
        self._transport.write(b".\r\n")

    async def quit(self) -> None:
        """Say QUIT, wait for the answer as real senders do, and close."""
        self._transport.write(b"QUIT\r\n")
        try:
            await self._protocol.take(1)
        finally:
            self._transport.close()

    def abort(self) -> None:
        """Close without a word."""
        self._transport.abort()


@asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[Client]:
    """A client that is closed on the way out."""
    client = await Client.open(host, port)
    try:
        yield client
    finally:
        client.abort()


class _Connection:
    """One lane of a run: takes the next message, sends it, counts it; reconnects as the mode or a failure asks."""

    def __init__(self, load: Load, writer: corpus.Writer, tally: "_Tally") -> None:
        self._load = load
        self._writer = writer
        self._tally = tally
        self._client: Client | None = None

    async def run(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            try:
                async with asyncio.timeout(TIMEOUT):
                    verdict = str(await self._send(number))
            except Refused as refused:
                verdict = str(refused.code)
            except TimeoutError:
                verdict = TIMED_OUT
            except ConnectionResetError:
                verdict = LOST
            except OSError:
                verdict = UNREACHABLE
            self._tally.replies[verdict] += 1
            await self._settle(verdict)
        await self._leave()

    async def _send(self, number: int) -> int:
        if self._client is None:
            self._client = await Client.open(self._load.host, self._load.port)
        recipient = self._load.recipients[number % len(self._load.recipients)]
        if self._load.attachment:
            chunks = corpus.large(self._writer, number, recipient, self._load.attachment)
            return await self._client.send(recipient, self._tally.measured(chunks))
        message = self._writer.message(number, recipient)
        self._tally.wire_bytes += len(message)
        return await self._client.send(recipient, message)

    async def _settle(self, verdict: str) -> None:
        """Keep the connection for the next message only where it is whole and the mode wants it."""
        if verdict in {LOST, TIMED_OUT, "421"} or (self._client is not None and self._client.is_lost):
            if self._client is not None:
                self._client.abort()
            self._client = None
        elif not self._load.is_reused:
            await self._leave()

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(TIMEOUT):
                await client.quit()
        except OSError:  # the message is settled; TimeoutError is an OSError too
            client.abort()


class _Tally:
    """What the lanes of one process have counted."""

    def __init__(self) -> None:
        self.replies: Counter[str] = Counter()
        self.wire_bytes = 0

    def measured(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.wire_bytes += len(chunk)
            yield chunk


async def run(load: Load) -> Outcome:
    """Send the whole load and say what came of it. Servers' refusals are counted, not raised."""
    if load.processes == 1:
        corpus.bodies(load.style)
        return await _send(load, share=0)
    return await asyncio.to_thread(_spread, load)


async def _send(load: Load, *, share: int) -> Outcome:
    """Send one process's share: every message whose number leaves `share` when divided by the number of processes."""
    writer, tally = corpus.Writer(load.run, load.style), _Tally()
    numbers = iter(range(share, load.messages, load.processes))
    lanes = range(share, load.connections, load.processes)
    cpu, started = time.thread_time(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in lanes:
            group.create_task(_Connection(load, writer, tally).run(numbers))
    ended, cpu = time.monotonic(), time.thread_time() - cpu
    return Outcome(started=started, ended=ended, replies=tally.replies, wire_bytes=tally.wire_bytes, cpu=cpu)


def _spread(load: Load) -> Outcome:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(load.processes)
    receivers: list[Connection] = []
    for share in range(load.processes):
        receiver, sender = context.Pipe(duplex=False)
        context.Process(target=_work, args=(load, share, barrier, sender), daemon=True).start()
        sender.close()  # so that a worker that dies is an EOFError here, not a wait for ever
        receivers.append(receiver)
    outcomes: list[Outcome] = [receiver.recv() for receiver in receivers]
    return Outcome(
        started=min(outcome.started for outcome in outcomes),
        ended=max(outcome.ended for outcome in outcomes),
        replies=sum((outcome.replies for outcome in outcomes), Counter[str]()),
        wire_bytes=sum(outcome.wire_bytes for outcome in outcomes),
        cpu=sum(outcome.cpu for outcome in outcomes),
    )


def _work(load: Load, share: int, barrier: Barrier, sender: Connection) -> None:
    """A process of its own: the texts are made before the common start."""
    corpus.bodies(load.style)
    barrier.wait(TIMEOUT)
    sender.send(asyncio.run(_send(load, share=share)))
