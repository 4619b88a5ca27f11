"""What is measured: each function takes one measurement of one target and gives its figures. Printing is `report`'s."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from bench import corpus, http_load, measure, smtp_load
from bench.http_load import percentile
from bench.measure import POSTGRES, SERVER, Meter
from bench.reading import Api, ReadingFailed
from bench.report import Figures, Row
from bench.service import Service
from bench.target import DeliveryFailed, Target

MB = 1_000_000
LARGE_BYTES, LARGE_MESSAGES = 100 * MB, 2
LARGE_LABEL = f"{LARGE_MESSAGES} x {LARGE_BYTES // MB} MB"
LATENCY_MESSAGES = 200
IDLE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of the result: `measure` is called once a repeat."""

    scenario: str
    label: str
    measure: Callable[[], Awaitable[Figures]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Small:
    """How small messages are sent: how many in all, over how many connections, kept or one a message."""

    connections: int
    is_reused: bool
    messages: int
    style: corpus.Style = corpus.LETTER
    processes: int = 1

    @property
    def label(self) -> str:
        """As the table calls it."""
        return f"{self.connections} x {'reused' if self.is_reused else 'one message each'}"


async def take(steps: Sequence[Step], repeats: int, note: Callable[[str], None]) -> list[Row]:
    """Take every step `repeats` times, in turns, so that a disturbance hits all alike; `note` hears what is done."""
    rows = [Row(scenario=step.scenario, label=step.label) for step in steps]
    for _ in range(repeats):
        for step, row in zip(steps, rows, strict=True):
            note(step.label)
            row.runs.append(await step.measure())
    return rows


SMALL = tuple(
    Small(connections=connections, is_reused=is_reused, messages=messages)
    for connections, messages in ((1, 320), (8, 960), (32, 960))
    for is_reused in (True, False)
)


async def small(target: Target, way: Small) -> Figures:
    """Small messages a second, accepted and readable, and what each cost in CPU."""
    load = smtp_load.Load(
        host=target.host,
        port=target.smtp_port,
        recipients=target.recipients,
        messages=way.messages,
        connections=way.connections,
        is_reused=way.is_reused,
        style=way.style,
        processes=way.processes,
    )
    outcome, readable, meter = await _deliver(target, load)
    return (
        {
            "accepted_per_s": outcome.accepted / outcome.seconds,
            "readable_per_s": outcome.accepted / (readable - outcome.started),
        }
        | _cpu(meter, outcome.accepted)
        | {"load_cpu_ms": outcome.cpu * 1000 / way.messages}
        | _memory(meter)
        | _failures(outcome)
    )


async def large(target: Target) -> Figures:
    """Messages with a large attachment, one after the other: MB/s of what goes over the wire, and memory."""
    load = smtp_load.Load(
        host=target.host,
        port=target.smtp_port,
        recipients=target.recipients[:1],
        messages=LARGE_MESSAGES,
        attachment=LARGE_BYTES,
    )
    outcome, readable, meter = await _deliver(target, load)
    return (
        {
            "accepted_mb_per_s": outcome.wire_bytes / MB / outcome.seconds,
            "readable_mb_per_s": outcome.wire_bytes / MB / (readable - outcome.started),
        }
        | _cpu(meter, outcome.accepted)
        | {"load_cpu_ms": outcome.cpu * 1000 / LARGE_MESSAGES}
        | _memory(meter)
        | _failures(outcome)
    )


async def _deliver(target: Target, load: smtp_load.Load) -> tuple[smtp_load.Outcome, float, Meter | None]:
    """Send, wait until all that was accepted is there, and have it proved. Raises DeliveryFailed if nothing was."""
    base = await target.count()
    meter = Meter(target.family) if target.family is not None else None
    with meter or nullcontext():
        outcome = await smtp_load.run(load)
        if not outcome.accepted:
            raise DeliveryFailed(f"{target.name} accepted nothing: {dict(outcome.replies)}")
        readable = await target.delivered(base, outcome.accepted)
    if outcome.accepted == load.messages:
        await target.prove(load)
    return outcome, readable, meter


def _cpu(meter: Meter | None, count: int) -> Figures:
    if meter is None:
        return {}
    figures = {"cpu_ms": meter.cpu(SERVER) * 1000 / count}
    return figures | {"postgres_cpu_ms": meter.cpu(POSTGRES) * 1000 / count, "other_cores": meter.other_cores}


def _memory(meter: Meter | None) -> Figures:
    if meter is None:
        return {}
    return {"growth_mb": meter.growth(SERVER) / MB, "biggest_mb": meter.biggest(SERVER) / MB}


def _failures(outcome: smtp_load.Outcome) -> Figures:
    """A column for everything that did not end with 250."""
    return {f"ended {verdict}": float(count) for verdict, count in outcome.replies.items() if verdict != "250"}


async def latency(target: Target, api: Api) -> Figures:
    """One message after the other: from the end of DATA to the 250, and to the message in the API's answer."""
    writer = corpus.Writer(smtp_load.new_run(), corpus.LETTER)
    replies: list[float] = []
    readable: list[float] = []
    looks = 0
    async with smtp_load.connected(target.host, target.smtp_port) as client:
        for number in range(LATENCY_MESSAGES):
            recipient = target.recipients[number % len(target.recipients)]
            code = await client.send(recipient, writer.message(number, recipient))
            if code != 250:
                raise DeliveryFailed(f"{target.name} answered {code} to message {number}")
            replies.append(time.monotonic() - client.data_ended)
            looks += await _looks_until(api, writer.subject(number))
            readable.append(time.monotonic() - client.data_ended)
    return {
        "reply_ms": percentile(sorted(replies), 0.5) * 1000,
        "readable_ms": percentile(sorted(readable), 0.5) * 1000,
        "readable_p99_ms": percentile(sorted(readable), 0.99) * 1000,
        "at_first_look": LATENCY_MESSAGES / looks,
    }


async def _looks_until(api: Api, subject: str) -> int:
    for look in range(1, 1000):
        if any(message["subject"] == subject for message in await api.newest()):
            return look
    raise ReadingFailed("a message was accepted but never became the newest")


async def pages(service: Service, *, path: str, headers: dict[str, str], connections: int, requests: int) -> Figures:
    """GETs of one path: latency, requests a second, and what each cost in CPU. Anything but 200 is a column."""
    load = http_load.Load(
        host=service.host,
        port=service.http_port,
        paths=(path,),
        headers=headers,
        requests=requests,
        connections=connections,
    )
    with Meter(service.family) as meter:
        outcome = await http_load.run(load)
    if not outcome.replies["200"]:
        raise ReadingFailed(f"GET {path} never answered 200: {dict(outcome.replies)}")
    return (
        {
            "median_ms": percentile(outcome.latencies, 0.5) * 1000,
            "p99_ms": percentile(outcome.latencies, 0.99) * 1000,
            "requests_per_s": requests / outcome.seconds,
            "page_kb": outcome.body_bytes / requests / 1000,
        }
        | _cpu(meter, requests)
        | {"load_cpu_ms": outcome.cpu * 1000 / requests}
        | {f"ended {status}": float(count) for status, count in outcome.replies.items() if status != "200"}
    )


async def idle(service: Service) -> Figures:
    """Memory of all processes after two seconds without work, and the CPU they used in these."""
    with Meter(service.family) as meter:
        await asyncio.sleep(IDLE_SECONDS)
    now, share = measure.usage(service.family), measure.pss(service.family)
    return {
        "processes": float(now[SERVER].processes),
        "pss_mb": share[SERVER] / MB,
        "rss_mb": now[SERVER].rss / MB,
        "postgres_pss_mb": share[POSTGRES] / MB,
        "postgres_rss_mb": now[POSTGRES].rss / MB,
        "cores": (meter.cpu(SERVER) + meter.cpu(POSTGRES)) / IDLE_SECONDS,
    }
