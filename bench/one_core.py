"""`python -m bench.one_core`: what one core of a web process serves. It has that core to itself; Postgres, the mail
process and the load share the others.
"""

import argparse
import asyncio
import os
import statistics
import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import http_load, measure, smtp_load
from bench.http_load import percentile
from bench.measure import SERVER, Meter
from bench.reading import Api, ReadingFailed
from bench.service import Service, ServiceFailed, child, running

MESSAGES = 300
_CONNECTIONS = 8
_SETTINGS = {"RESTANTE_WEB_PROCESSES": "1", "RESTANTE_SMTP_PROCESSES": "1"}


def main(arguments: list[str]) -> int:
    """Measure and print; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.one_core", description=__doc__)
    parser.add_argument("--requests", type=int, default=3000, help="in each run over 8 connections (3,000)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind (5)")
    options = parser.parse_args(arguments)
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("this needs two cores at least")
    try:
        with running(settings=_SETTINGS) as service:
            table = asyncio.run(_measure(service, options.requests, options.rounds))
    except (ReadingFailed, ServiceFailed, OSError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    Console().print(table)
    return 0


async def _measure(service: Service, requests: int, rounds: int) -> Table:
    bearer = {"Authorization": f"Bearer {service.key}"}
    await smtp_load.run(
        smtp_load.Load(
            host=service.host,
            port=service.smtp_port,
            recipients=service.recipients,
            messages=MESSAGES,
            connections=_CONNECTIONS,
        )
    )
    async with http_load.connected(service.host, service.http_port, bearer) as client:
        newest = (await Api(client).newest(1))[0]
    _pin(service)
    table = Table(box=SIMPLE_HEAD)
    for heading in ("", "median ms, alone", "requests/s, 8 at once", "lowest to highest", "CPU ms a request"):
        table.add_column(heading, justify="right" if heading else "left")
    for label, path in (
        ("a list of 50", "/api/v1/messages?limit=50"),
        ("a message", f"/api/v1/messages/{newest['id']}"),
        ("the account", "/api/v1/account"),
    ):
        alone = await _run(service, path, requests // 10, 1)
        rates, costs = [], []
        for _ in range(rounds):
            with Meter(service.family) as meter:
                outcome = await _run(service, path, requests, _CONNECTIONS)
            rates.append(requests / outcome.seconds)
            costs.append(meter.cpu(SERVER) * 1000 / requests)
        table.add_row(
            label,
            f"{percentile(alone.latencies, 0.5) * 1000:.1f}",
            f"{statistics.median(rates):.0f}",
            f"{min(rates):.0f} to {max(rates):.0f}",
            f"{statistics.median(costs):.2f}",
        )
    return table


def _pin(service: Service) -> None:
    """Give the web process a core of its own."""
    first, *others = sorted(os.sched_getaffinity(0))
    web = child(service, "web")
    for pid in (os.getpid(), *measure.pids(service.family)):
        os.sched_setaffinity(pid, [first] if pid == web else others)


async def _run(service: Service, path: str, requests: int, connections: int) -> http_load.Outcome:
    load = http_load.Load(
        host=service.host,
        port=service.http_port,
        paths=(path,),
        headers={"Authorization": f"Bearer {service.key}"},
        requests=requests,
        connections=connections,
    )
    outcome = await http_load.run(load)
    if outcome.replies["200"] != requests:
        raise ReadingFailed(f"GET {path} was not always answered 200: {dict(outcome.replies)}")
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
