"""`python -m bench.enqueueing`: what reception pays for webhooks: small messages without any, with a thin one and with
a full one, in turns. The worker stands still meanwhile, so nothing is sent.
"""

import argparse
import asyncio
import os
import signal
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import smtp_load
from bench.measure import POSTGRES, SERVER, Meter
from bench.service import Service, ServiceFailed, child, running

WAYS = ("none", "thin", "full")
CONNECTIONS = 8
_WARM_UP = 300


def main(arguments: list[str]) -> int:
    """Measure and print; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.enqueueing")
    parser.add_argument("--messages", type=int, default=1000, help="5 KB messages in each run (1,000)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind (5)")
    options = parser.parse_args(arguments)
    try:
        with running(settings={"RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8"}) as service:
            asyncio.run(_measure(service, options.messages, options.rounds))
    except ServiceFailed as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    return 0


async def _measure(service: Service, messages: int, rounds: int) -> None:
    worker = child(service, "worker")
    os.kill(worker, signal.SIGSTOP)
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    costs: dict[str, list[float]] = {way: [] for way in WAYS}
    try:
        await _send(service, _WARM_UP)
        for _ in range(rounds):
            for way in WAYS:
                async with _told(service, way):
                    rate, cost = await _send(service, messages)
                rates[way].append(rate)
                costs[way].append(cost)
    finally:
        os.kill(worker, signal.SIGCONT)
    table = Table(box=SIMPLE_HEAD)
    for heading in ("webhook", "messages/s", "lowest to highest", "CPU ms a message", "of none"):
        table.add_column(heading, justify="left" if heading == "webhook" else "right")
    base = statistics.median(costs["none"])
    for way in WAYS:
        rate, cost = statistics.median(rates[way]), statistics.median(costs[way])
        spread = f"{min(rates[way]):.0f} to {max(rates[way]):.0f}"
        table.add_row(way, f"{rate:.0f}", spread, f"{cost:.2f}", f"{cost / base * 100:.1f} %")
    Console().print(table)


@asynccontextmanager
async def _told(service: Service, content: str) -> AsyncIterator[None]:
    """A webhook of this kind, which is deleted at the end."""
    if content == "none":
        yield
        return
    base = f"http://{service.host}:{service.http_port}/api/v1/webhooks"
    new = {"url": "http://127.0.0.1:65000/", "event_types": ["message.received"], "content": content}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {service.key}"}, timeout=60) as client:
        made = (await client.post(base, json=new)).raise_for_status().json()["data"]
        yield
        found = (await client.get(f"{base}/{made['id']}")).raise_for_status().json()["data"]
        if not found["pending_count"]:
            raise ServiceFailed("nothing waits for the webhook")
        (await client.delete(f"{base}/{made['id']}")).raise_for_status()


async def _send(service: Service, messages: int) -> tuple[float, float]:
    """(Messages a second, ms of CPU a message, Postgres's included)."""
    load = smtp_load.Load(
        host=service.host,
        port=service.smtp_port,
        recipients=service.recipients,
        messages=messages,
        connections=CONNECTIONS,
    )
    with Meter(service.family) as meter:
        outcome = await smtp_load.run(load)
    if outcome.accepted < messages:
        raise ServiceFailed(f"only {outcome.accepted} of {messages} messages were taken")
    cpu = meter.cpu(SERVER) + meter.cpu(POSTGRES)
    return outcome.accepted / outcome.seconds, cpu * 1000 / messages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
