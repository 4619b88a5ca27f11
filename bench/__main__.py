"""`python -m bench`: starts the service, measures it, prints medians. See also `python -m bench mailbox`,
`python -m bench aliases`, `python -m bench rcpt`, `python -m bench waiting`, `python -m bench webhooks`,
`python -m bench.leaks`, `python -m bench.enqueueing`, `python -m bench.guessing`, `python -m bench.one_core` and
`python -m bench.rival`.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import aliases, corpus, http_load, mailbox, rcpt, report, scenarios, smtp_load, target, waiting, webhooks
from bench.reading import Api, ReadingFailed, sign_in
from bench.report import Row
from bench.scenarios import Step
from bench.service import LOGIN, PASSWORD, Service, ServiceFailed, running
from bench.target import DeliveryFailed, Target

ORDER = ("idle", "latency", "pages", "small", "large")
FILLED = 300
"""Messages the account holds at least when pages are measured."""
PAGE_LOADS = ((1, 200), (8, 400))
"""Connections, and requests over all of them."""
FAILURES = (ReadingFailed, DeliveryFailed, OSError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """The running service and what reads it."""

    service: Service
    target: Target
    api: Api
    style: corpus.Style
    processes: int


async def _idle(bench: Bench, label: str = "after start") -> list[Step]:
    return [Step(scenario="idle", label=label, measure=partial(scenarios.idle, bench.service))]


async def _latency(bench: Bench) -> list[Step]:
    measure = partial(scenarios.latency, bench.target, bench.api)
    return [Step(scenario="latency", label="end of DATA", measure=measure)]


async def _pages(bench: Bench) -> list[Step]:
    await _fill(bench)
    newest = await bench.api.newest(20)
    ids = [str(message[name]) for message in newest for name in ("id", "thread_id")]
    host, port = bench.service.host, bench.service.http_port
    session = await sign_in(host, port, login=LOGIN, password=PASSWORD, message_ids=ids)
    cookie, bearer = {"Cookie": session.cookie}, {"Authorization": f"Bearer {bench.service.key}"}
    paths = {
        "inbox page": (session.inbox, cookie),
        "message page": (session.message, cookie),
        "API list of 50": ("/api/v1/messages?limit=50", bearer),
        "API message": (f"/api/v1/messages/{newest[0]['id']}", bearer),
    }
    return [
        Step(
            scenario="pages",
            label=f"{label}, {connections} x",
            measure=partial(
                scenarios.pages, bench.service, path=path, headers=headers, connections=connections, requests=requests
            ),
        )
        for label, (path, headers) in paths.items()
        for connections, requests in PAGE_LOADS
    ]


async def _fill(bench: Bench) -> None:
    missing = FILLED - await bench.api.message_count()
    if missing > 0:
        load = smtp_load.Load(
            host=bench.target.host,
            port=bench.target.smtp_port,
            recipients=bench.target.recipients,
            messages=missing,
            connections=8,
        )
        base = await bench.target.count()
        await bench.target.delivered(base, (await smtp_load.run(load)).accepted)


async def _small(bench: Bench) -> list[Step]:
    ways = (replace(way, style=bench.style, processes=min(bench.processes, way.connections)) for way in scenarios.SMALL)
    return [
        Step(scenario="small", label=way.label, measure=partial(scenarios.small, bench.target, way)) for way in ways
    ]


async def _large(bench: Bench) -> list[Step]:
    return [Step(scenario="large", label=scenarios.LARGE_LABEL, measure=partial(scenarios.large, bench.target))]


PLANS: dict[str, Callable[[Bench], Awaitable[list[Step]]]] = {
    "idle": _idle,
    "latency": _latency,
    "pages": _pages,
    "small": _small,
    "large": _large,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(ORDER)} (all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs a figure is the median of (3)")
    parser.add_argument("--size", type=int, default=5120, help="bytes of a small message (5120)")
    parser.add_argument("--html", action="store_true", help="small messages have an HTML alternative")
    parser.add_argument("--processes", type=int, default=1, help="processes of the SMTP load (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there as well")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(ORDER):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


async def _measure(service: Service, options: argparse.Namespace, progress: Progress) -> tuple[list[Row], list[str]]:
    """The rows of every scenario that could be measured, and what went wrong with the others."""
    rows: list[Row] = []
    failures: list[str] = []
    headers = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, headers) as client:
        bench = Bench(
            service=service,
            target=target.ours(service, client),
            api=Api(client),
            style=corpus.Style(size=options.size, has_html=options.html),
            processes=options.processes,
        )
        plans = [(name, PLANS[name]) for name in ORDER if name in (options.scenarios or ORDER)]
        if plans[0][0] == "idle" and len(plans) > 1:
            plans.append(("idle", partial(_idle, label="after the load")))
        for name, plan in plans:
            try:
                rows += await _take(plan, bench, name, options.repeats, progress)
            except FAILURES as error:
                failures.append(f"{name}: {error}")
    return sorted(rows, key=lambda row: ORDER.index(row.scenario)), failures


async def _take(
    plan: Callable[[Bench], Awaitable[list[Step]]], bench: Bench, name: str, repeats: int, progress: Progress
) -> list[Row]:
    task = progress.add_task(name, total=None, label="")
    steps = await plan(bench)
    progress.update(task, total=len(steps) * repeats)
    done = iter(range(len(steps) * repeats))
    rows = await scenarios.take(steps, repeats, lambda label: progress.update(task, completed=next(done), label=label))
    progress.update(task, completed=len(steps) * repeats, label="")
    return rows


def main() -> int:
    """Run what the command line asks for. Gives the exit status: 1 if anything could not be measured."""
    if sys.argv[1:2] == ["mailbox"]:
        return mailbox.main(sys.argv[2:])
    if sys.argv[1:2] == ["aliases"]:
        return aliases.main(sys.argv[2:])
    if sys.argv[1:2] == ["webhooks"]:
        return webhooks.main(sys.argv[2:])
    if sys.argv[1:2] == ["waiting"]:
        return waiting.main(sys.argv[2:])
    if sys.argv[1:2] == ["rcpt"]:
        return rcpt.main(sys.argv[2:])
    options = _options()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[label]}")
    errors = Console(stderr=True)
    try:
        with Progress(*columns, console=errors, transient=True) as progress, running() as service:
            rows, failures = asyncio.run(_measure(service, options, progress))
    except ServiceFailed as error:
        errors.print(str(error), style="red", markup=False)
        return 1
    report.show(rows, Console())
    if options.json:
        report.write(rows, options.json)
    for failure in failures:
        errors.print(failure, style="red", markup=False)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
