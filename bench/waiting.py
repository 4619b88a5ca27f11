"""`python -m bench waiting`: a thousand requests wait at one web process, each for mail to its own alias; messages come
one after the other, and each is answered. The time is that from the 250, which follows the commit, to the answer.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import http_load
from bench.aliases import IMPORT
from bench.measure import SERVER, Meter
from bench.reading import ReadingFailed
from bench.service import DOMAIN, Service, ServiceFailed, running

WAITERS = (1, 1000)
MESSAGES = 200
_SECONDS = 300
_AT_REST = 5.0
_FAILURES = (ReadingFailed, ServiceFailed, OSError)


@dataclass(kw_only=True, slots=True)
class Run:
    """Milliseconds of each message: from the end of DATA to the 250, and from the 250 to the answer."""

    waiters: int
    stored: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    at_rest: float = 0.0
    """Cores that the service uses while everybody waits."""


def main(arguments: list[str]) -> int:
    """Gives the exit status: 1 if anything could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench waiting", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES, help=f"of each run ({MESSAGES})")
    options = parser.parse_args(arguments)
    table = Table(box=SIMPLE_HEAD)
    for heading in (
        "waiters",
        "DATA to 250, median ms",
        "250 to answer, median ms",
        "p95",
        "p99",
        "most",
        "cores at rest",
    ):
        table.add_column(heading, justify="right")
    try:
        with running(settings={"RESTANTE_WEB_PROCESSES": "1"}) as service:
            for run in asyncio.run(_measure(service, options.messages)):
                ordered = sorted(run.told)
                told = [statistics.median(ordered), *(ordered[int(len(ordered) * part)] for part in (0.95, 0.99))]
                figures = [statistics.median(run.stored), *told, ordered[-1]]
                table.add_row(str(run.waiters), *(f"{one:.1f}" for one in figures), f"{run.at_rest:.2f}")
    except _FAILURES as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    Console().print(table)
    return 0


async def _measure(service: Service, messages: int) -> list[Run]:
    aliases = [f"waiter-{number}@{DOMAIN}" for number in range(max(WAITERS))]
    bearer = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, bearer) as client:
        body = "\r\n".join(["alias", *aliases, ""]).encode()
        answer = await client.post(f"{IMPORT}?others=skip", body, "text/csv")
        if answer.status != 200:
            raise ReadingFailed(f"the aliases were not made: {answer.body[:300]!r}")
    async with _smtp(service) as (reader, writer):
        await _run(service, reader, writer, aliases[:1], min(messages, 30))  # so that all is warm
        return [await _run(service, reader, writer, aliases[:count], messages) for count in WAITERS]


async def _run(
    service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, aliases: list[str], messages: int
) -> Run:
    run = Run(waiters=len(aliases))
    after = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = await asyncio.gather(*(_wait(service, alias, after) for alias in aliases))
    waits = dict(zip(aliases, made, strict=True))
    await asyncio.sleep(_AT_REST)  # until all of them have looked
    with Meter(service.family) as meter:
        await asyncio.sleep(_AT_REST)
    run.at_rest = meter.cpu(SERVER) / _AT_REST
    for number in range(messages):
        alias = aliases[number * 7 % len(aliases)]
        begun = time.perf_counter()
        await _send(reader, writer, alias, number)
        stored = time.perf_counter()
        at, following = await waits[alias]
        run.stored.append((stored - begun) * 1000)
        run.told.append((at - stored) * 1000)
        waits[alias] = await _wait(service, alias, following)
    for wait in waits.values():
        wait.cancel()
    await asyncio.gather(*waits.values(), return_exceptions=True)
    return run


async def _wait(service: Service, alias: str, after: str) -> asyncio.Task[tuple[float, str]]:
    """A request under way: (when it was answered, where to go on)."""
    reader, writer = await asyncio.open_connection(service.host, service.http_port)
    path = f"/api/v1/messages/wait?alias={alias}&timeout={_SECONDS}&after={after}"
    head = f"GET {path} HTTP/1.1\r\nHost: {service.host}\r\nAuthorization: Bearer {service.key}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    await writer.drain()

    async def answered() -> tuple[float, str]:
        try:
            line = await reader.readline()
            at = time.perf_counter()
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        if line[9:12] != b"200":
            raise ReadingFailed(f"a wait was answered with {line!r}, {head[:500]!r}")
        following: str = json.loads(body)["next"]
        return at, following

    return asyncio.create_task(answered())


@asynccontextmanager
async def _smtp(service: Service) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(service.host, service.smtp_port)
    await _replied(reader, b"220")
    writer.write(b"EHLO bench.example\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    try:
        yield reader, writer
    finally:
        writer.close()


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, alias: str, number: int) -> None:
    """Until the 250."""
    writer.write(f"MAIL FROM:<shop@shop.example>\r\nRCPT TO:<{alias}>\r\nDATA\r\n".encode())
    for code in (b"250", b"250", b"354"):
        await _replied(reader, code)
    text = "The quick brown fox jumps over the lazy dog, again and again.\r\n" * 70
    head = f"From: Shop <shop@shop.example>\r\nTo: {alias}\r\nSubject: Your code {number}\r\n"
    writer.write(
        f"{head}Message-ID: <{alias}.{time.time_ns()}>\r\n\r\nYour code is {100_000 + number}.\r\n{text}.\r\n".encode()
    )
    await _replied(reader, b"250")


async def _replied(reader: asyncio.StreamReader, code: bytes) -> None:
    line = await reader.readline()
    if not line.startswith(code):
        raise ReadingFailed(f"SMTP answered {line[:100]!r} instead of {code.decode()}")
