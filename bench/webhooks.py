"""`python -m bench webhooks`: mail comes in, and a webhook is told of each message; the endpoint refuses every third
event the first time, and the worker is killed three times. What arrived, how often, and how fast.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import smtp_load
from bench.service import Service, ServiceFailed, running

EVENTS = 10_000
KILLS = 3
CONNECTIONS = 16
PATIENCE = 300.0
"""Seconds without anything arriving until a run counts as failed."""


@dataclass(kw_only=True, slots=True)
class Endpoint:
    """Answers every request at once, and notes what it was sent."""

    refuses: int = 0
    """Every so manieth new event is refused once; 0: none."""
    url: str = ""
    first_seen: dict[str, bool] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    """Milliseconds from the event's time to its acceptance."""
    requests: int = 0
    last: float = 0.0

    def status(self, event_id: str, body: bytes) -> int:
        """What to answer; counted."""
        self.requests += 1
        self.last = time.monotonic()
        is_new = event_id not in self.first_seen
        self.first_seen[event_id] = True
        if is_new and self.refuses and len(self.first_seen) % self.refuses == 0:
            return 500
        happened = datetime.fromisoformat(json.loads(body)["timestamp"])
        self.delays.append((datetime.now(UTC) - happened).total_seconds() * 1000)
        self.accepted.append(event_id)
        return 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await reader.readexactly(int(_field(head, b"content-length")))
                status = self.status(_field(head, b"webhook-id").decode(), body)
                writer.write(b"HTTP/1.1 %d Word\r\nContent-Length: 0\r\n\r\n" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the worker has died, or the run is over
        finally:
            writer.close()


def _field(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One run."""

    label: str
    events: int
    requests: int
    arrived: int
    seconds: float
    late: int
    """Events that came after one that happened later."""
    median_ms: float
    """From the message's time to the event's acceptance."""
    twice: int
    """How often an event was accepted again."""


def main(arguments: list[str]) -> int:
    """Gives the exit status: 1 if an event was lost or nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"messages of each run ({EVENTS})")
    parser.add_argument("--kills", type=int, default=KILLS, help=f"how often the worker is killed ({KILLS})")
    options = parser.parse_args(arguments)
    errors = Console(stderr=True)
    try:
        with running(settings={"RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8"}) as service:
            results = asyncio.run(_measure(service, options.events, options.kills))
    except (ServiceFailed, httpx.HTTPError, TimeoutError) as error:
        errors.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    _show(results)
    return 1 if any(one.arrived < one.events for one in results) else 0


async def _measure(service: Service, events: int, kills: int) -> list[Result]:
    return [
        await _one_by_one(service, min(events, 200)),
        await _waiting(service, events),
        await _with_kills(service, events, kills),
    ]


async def _one_by_one(service: Service, events: int) -> Result:
    """A message, its event, the next message."""
    async with _told(service) as endpoint:
        started = time.monotonic()
        for number in range(events):
            await _send(service, 1, connections=1)
            await _until(endpoint, lambda number=number: len(endpoint.accepted) > number)  # type: ignore[misc]
        return _result("one after the other", endpoint, events, started)


async def _waiting(service: Service, events: int) -> Result:
    """All of them wait when the worker begins."""
    async with _told(service) as endpoint:
        worker = _worker(service)
        os.kill(worker, signal.SIGSTOP)
        try:
            await _send(service, events)
        finally:
            os.kill(worker, signal.SIGCONT)
        started = time.monotonic()
        await _until(endpoint, lambda: len(endpoint.accepted) >= events)
        return _result("all waiting, all taken", endpoint, events, started)


async def _with_kills(service: Service, events: int, kills: int) -> Result:
    """While mail comes in the worker dies; every third event is refused the first time."""
    async with _told(service, refuses=3) as endpoint:
        started = time.monotonic()
        sending = asyncio.create_task(_send(service, events))
        for kill in range(kills):
            await _until(endpoint, lambda kill=kill: len(endpoint.accepted) >= events * (kill + 1) // (kills + 1))  # type: ignore[misc]
            os.kill(_worker(service), signal.SIGKILL)
        await sending
        await _until(endpoint, lambda: len(set(endpoint.accepted)) >= events)
        return _result(f"every third refused, {kills} x kill -9", endpoint, events, started)


@asynccontextmanager
async def _told(service: Service, refuses: int = 0) -> AsyncIterator[Endpoint]:
    """A webhook that leads to a new endpoint, and is deleted at the end."""
    endpoint = Endpoint(refuses=refuses)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    base = f"http://{service.host}:{service.http_port}/api/v1"
    async with server, httpx.AsyncClient(headers={"Authorization": f"Bearer {service.key}"}) as client:
        made = await client.post(f"{base}/webhooks", json={"url": url, "event_types": ["message.received"]})
        made.raise_for_status()
        try:
            yield endpoint
        finally:
            (await client.delete(f"{base}/webhooks/{made.json()['data']['id']}")).raise_for_status()


async def _send(service: Service, messages: int, connections: int = CONNECTIONS) -> None:
    load = smtp_load.Load(
        host=service.host,
        port=service.smtp_port,
        recipients=service.recipients,
        messages=messages,
        connections=connections,
    )
    outcome = await smtp_load.run(load)
    if outcome.accepted < messages:
        raise ServiceFailed(f"only {outcome.accepted} of {messages} messages were taken")


async def _until(endpoint: Endpoint, is_done: Callable[[], bool]) -> None:
    """Wait for what arrives to make it true. Raises TimeoutError when nothing arrives for five minutes."""
    since = time.monotonic()
    while not is_done():
        await asyncio.sleep(0.001)
        if time.monotonic() - max(endpoint.last, since) > PATIENCE:
            raise TimeoutError(f"{len(set(endpoint.accepted))} events arrived, and then nothing more")


def _worker(service: Service) -> int:
    """The worker's process id, as the service's log tells it last."""
    assert isinstance(service.family.folder, Path)
    found = 0
    for line in (service.family.folder / "log").read_text().splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "child_started" and str(event["name"]).startswith("worker"):
            found = int(event["pid"])
    return found


def _result(label: str, endpoint: Endpoint, events: int, started: float) -> Result:
    order = list(dict.fromkeys(endpoint.accepted))
    newest, late = "", 0
    for event_id in order:
        late += event_id < newest
        newest = max(newest, event_id)
    return Result(
        label=label,
        events=events,
        requests=endpoint.requests,
        arrived=len(order),
        twice=len(endpoint.accepted) - len(order),
        seconds=endpoint.last - started,
        late=late,
        median_ms=statistics.median(endpoint.delays),
    )


def _show(results: list[Result]) -> None:
    headings = "events", "requests", "seconds", "events/s", "median ms", "twice", "late", "lost"
    table = Table("run", *headings, box=SIMPLE_HEAD, title="Webhooks")
    for one in results:
        figures = one.events, one.requests, one.seconds, one.events / one.seconds, one.median_ms
        counts = one.twice, one.late, one.events - one.arrived
        table.add_row(one.label, *(f"{figure:,.0f}" for figure in (*figures, *counts)))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
