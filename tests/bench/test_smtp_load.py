"""The SMTP load generator against a real aiosmtpd that keeps, refuses or drops what it is told to."""

import asyncio
import email
import email.policy
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench import corpus, smtp_load
from bench.smtp_load import Load, Outcome

SMALL = corpus.Style(size=1000)


class Sink:
    """Keeps every message; `answer` decides what DATA is told, per message number as they arrive."""

    def __init__(
        self, *, extensions: tuple[str, ...] = (), answer: Callable[[int], str] = lambda _: "250 Kept"
    ) -> None:
        self.extensions = extensions
        self.answer = answer
        self.messages: list[tuple[str, bytes]] = []
        self.chunks: list[bytes] = []
        self.connections = 0
        self.refused_recipient = ""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(f"250-{extension}" for extension in self.extensions), *responses[1:]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == self.refused_recipient:
            return "550 5.1.1 Unknown"
        envelope.rcpt_tos.append(address)
        return "250 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        answer = self.answer(len(self.messages))
        assert isinstance(envelope.original_content, bytes)
        self.messages.append((envelope.rcpt_tos[0], envelope.original_content))
        if answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer


class Listening(SMTP):
    """aiosmtpd, noting each connection and each piece that comes in at once."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink, hostname="sink.test", data_size_limit=None, loop=asyncio.get_running_loop())
        self.sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sink.connections += 1
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.sink.chunks.append(data)
        super().data_received(data)


@asynccontextmanager
async def listening(sink: Sink) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: Listening(sink), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def send(sink: Sink, **options: Any) -> Outcome:  # noqa: ANN401 - the fields of Load
    async def session() -> Outcome:
        async with listening(sink) as port:
            given: dict[str, Any] = {
                "host": "127.0.0.1",
                "port": port,
                "recipients": ("u0@bench.test",),
                "style": SMALL,
            }
            return await smtp_load.run(Load(**given | options))

    return asyncio.run(session())


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("is_reused", [True, False])
@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
def test_every_message_arrives_once(connections: int, is_reused: bool, extensions: tuple[str, ...]) -> None:
    sink = Sink(extensions=extensions)
    recipients = ("u0@bench.test", "u1@bench.test")
    outcome = send(sink, messages=20, connections=connections, is_reused=is_reused, recipients=recipients, run="r1")
    assert outcome.replies == Counter({"250": 20})
    assert outcome.accepted == 20
    assert Counter(recipient for recipient, _ in sink.messages) == Counter(dict.fromkeys(recipients, 10))
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in sink.messages]
    writer = corpus.Writer("r1", SMALL)
    assert {message["Subject"] for message in parsed} == {writer.subject(number) for number in range(20)}
    assert len({message["Message-ID"] for message in parsed}) == 20
    assert sink.connections == (connections if is_reused else 20)
    assert outcome.wire_bytes == sum(len(raw) for _, raw in sink.messages)
    assert outcome.started < outcome.ended
    assert outcome.cpu > 0


def test_the_envelope_is_one_write_where_the_server_pipelines() -> None:
    sink = Sink(extensions=("PIPELINING",))
    send(sink, messages=3)
    assert sum(chunk.startswith(b"MAIL") and chunk.endswith(b"DATA\r\n") for chunk in sink.chunks) == 3
    assert sum(chunk.startswith(b"Received") and chunk.endswith(b"\r\n.\r\n") for chunk in sink.chunks) == 3


def test_commands_go_one_by_one_where_it_does_not() -> None:
    sink = Sink()
    send(sink, messages=3)
    commands = [chunk for chunk in sink.chunks if not chunk.startswith(b"Received")]
    assert all(chunk.count(b"\r\n") == 1 for chunk in commands)
    assert len(commands) == 1 + 3 * 3 + 1


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
def test_refusals_are_counted_by_code_and_the_connection_goes_on(extensions: tuple[str, ...]) -> None:
    sink = Sink(extensions=extensions, answer=lambda number: "451 4.3.0 Later" if number % 3 == 0 else "250 Kept")
    outcome = send(sink, messages=9)
    assert outcome.replies == Counter({"250": 6, "451": 3})
    assert sink.connections == 1


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
def test_a_refused_recipient_is_counted_and_nothing_is_sent_to_it(extensions: tuple[str, ...]) -> None:
    sink = Sink(extensions=extensions)
    sink.refused_recipient = "u1@bench.test"
    outcome = send(sink, messages=6, recipients=("u0@bench.test", "u1@bench.test"))
    assert outcome.replies == Counter({"250": 3, "550": 3})
    assert {recipient for recipient, _ in sink.messages} == {"u0@bench.test"}


def test_a_dropped_connection_costs_one_message_and_is_opened_again() -> None:
    sink = Sink(answer=lambda number: "drop" if number == 2 else "250 Kept")
    outcome = send(sink, messages=6)
    assert outcome.replies == Counter({"250": 5, smtp_load.LOST: 1})
    assert sink.connections == 2


def scripted(script: bytes) -> Outcome:
    """One message to a server that says `script` at once and leaves."""

    async def say(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(script)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def session() -> Outcome:
        async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await smtp_load.run(
                Load(host="127.0.0.1", port=port, recipients=("u0@bench.test",), messages=2, style=SMALL)
            )

    return asyncio.run(session())


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        (b"", smtp_load.LOST),
        (b"421 4.7.0 Too many\r\n", "421"),
        (b"220 hi\r\n554 No\r\n", "554"),
        (b"220 hi\r\n250-hi\r\n250 PIPELINING\r\n451 4.3.0 Later\r\n", "451"),
        (b"220 hi\r\n250-hi\r\n250 PIPELINING\r\n250 Ok\r\n", smtp_load.LOST),
        (b"220 hi\r\n250 hi\r\n250 Ok\r\n250 Ok\r\n354 Go\r\n", smtp_load.LOST),
    ],
)
def test_a_server_that_leaves_is_counted_by_its_last_word(script: bytes, verdict: str) -> None:
    assert scripted(script).replies == Counter({verdict: 2})


def test_nobody_listening_is_counted_as_unreachable() -> None:
    outcome = asyncio.run(
        smtp_load.run(Load(host="127.0.0.1", port=1, recipients=("u0@bench.test",), messages=2, style=SMALL))
    )
    assert outcome.replies == Counter({smtp_load.UNREACHABLE: 2})


def test_a_large_message_is_streamed_and_whole() -> None:
    sink = Sink(extensions=("PIPELINING",))
    outcome = send(sink, messages=2, attachment=1_000_000, run="r2")
    assert outcome.replies == Counter({"250": 2})
    files = []
    for _, raw in sink.messages:
        [_, part] = email.message_from_bytes(raw, policy=email.policy.default).iter_parts()
        files.append(part.get_content())
    assert [len(data) for data in files] == [1_000_000, 1_000_000]
    assert files[0] != files[1]
    assert outcome.wire_bytes == sum(len(raw) for _, raw in sink.messages)


def test_two_processes_share_the_load() -> None:
    sink = Sink(extensions=("PIPELINING",))
    outcome = send(sink, messages=11, connections=3, processes=2)
    assert outcome.replies == Counter({"250": 11})
    assert len({raw for _, raw in sink.messages}) == 11
    assert sink.connections == 3


def test_more_processes_than_connections_are_refused() -> None:
    with pytest.raises(ValueError, match="connections"):
        Load(host="127.0.0.1", port=1, recipients=(), messages=1, processes=2)
