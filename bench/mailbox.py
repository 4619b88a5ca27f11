"""`python -m bench mailbox`: fills made-up mailboxes, reads and searches them as a browser and a program would, and
prints how long that takes, columns of their own for each size.
"""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bench import filling, http_load, lookups, report
from bench.http_load import percentile
from bench.letters import Plan
from bench.reading import Api, ReadingFailed, sign_in
from bench.report import Figures, Row
from bench.service import LOGIN, PASSWORD, Service, ServiceFailed, running

SIZES = (100, 1_000_000)
REQUESTS = 60
"""Of each kind, at least; its paths are asked for in turn."""
_FAILURES = (ReadingFailed, ServiceFailed, OSError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What one line of a table asks for: these paths in turn."""

    scenario: str
    label: str
    paths: tuple[str, ...]
    headers: Mapping[str, str]


class _Rate(ProgressColumn):
    """Steps a second since the beginning."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "")


def main(arguments: list[str]) -> int:
    """Gives the exit status: 1 if anything could not be measured."""
    options = _options(arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
    errors = Console(stderr=True)
    rows: dict[tuple[str, str], Row] = {}
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors) as progress:
        for messages in options.messages:
            folder = options.data / str(messages) if options.data else None
            try:
                with running(folder) as service:
                    _measure(service, Plan(messages=messages, seed=options.seed), options.requests, progress, rows)
            except _FAILURES as error:
                errors.print(str(error), style="red", markup=False)
                return 1
    report.show(rows.values(), Console())
    if options.json:
        report.write(rows.values(), options.json)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench mailbox", description=__doc__)
    parser.add_argument("--messages", type=int, nargs="+", default=SIZES, help="sizes of mailboxes (100 1000000)")
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"requests of each kind, at least ({REQUESTS})")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other mail (1)")
    parser.add_argument("--data", type=Path, help="keep the mailboxes there, and use those that are")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args(arguments)


def _measure(service: Service, plan: Plan, requests: int, progress: Progress, rows: dict[tuple[str, str], Row]) -> None:
    """Fill the mailbox if it is new, and add its figures to the rows."""
    if asyncio.run(_message_count(service)) < plan.messages // 2:  # less is missing once the trash was emptied
        target = asyncio.run(filling.prepare(service.environ, LOGIN))
        filling.fill(target, plan, progress, progress.add_task(f"{plan.messages:,} messages", total=plan.messages))
    paths = asyncio.run(_paths(service))
    task = progress.add_task("requests", total=len(paths))
    for one in paths:
        row = rows.setdefault((one.scenario, one.label), Row(scenario=one.scenario, label=one.label, runs=[{}]))
        row.runs[0] |= figures_of(service, one, requests, f" {plan.messages:,}")
        progress.advance(task)


async def _message_count(service: Service) -> int:
    headers = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, headers) as client:
        return await Api(client).message_count()


async def _paths(service: Service) -> list[Asked]:
    bearer = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, bearer) as client:
        api = Api(client)
        newest = await api.newest(20)
        ids = [str(message[name]) for message in newest for name in ("id", "thread_id")]
        session = await sign_in(service.host, service.http_port, login=LOGIN, password=PASSWORD, message_ids=ids)
        pages, calls = await lookups.pages(api), await lookups.calls(api)
    cookie = {"Cookie": session.cookie}
    found = {one.label: [urlencode({"q": query}) for query in one.queries] for one in lookups.searches()}
    searched = {label: tuple(f"/search?{query}" for query in queries) for label, queries in found.items()}
    asked = {label: tuple(f"/api/v1/messages?{query}" for query in queries) for label, queries in found.items()}
    return [
        Asked(scenario=scenario, label=label, paths=paths, headers=headers)
        for scenario, by_label, headers in (
            ("reading", {"nothing (/healthz)": ("/healthz",)}, {}),
            ("reading", pages, cookie),
            ("reading", calls, bearer),
            ("searching, pages", searched, cookie),
            ("searching, API", asked, bearer),
        )
        for label, paths in by_label.items()
    ]


def figures_of(service: Service, one: Asked, requests: int, suffix: str) -> Figures:
    """Each path once for warming up, then the figures: one connection, one request after the other."""
    paths, headers = one.paths, one.headers
    host, port = service.host, service.http_port
    warm = http_load.Load(host=host, port=port, paths=paths, headers=headers, requests=len(paths))
    asyncio.run(http_load.run(warm))
    count = len(paths) * -(-requests // len(paths))
    load = http_load.Load(host=host, port=port, paths=paths, headers=headers, requests=count)
    outcome = asyncio.run(http_load.run(load))
    if set(outcome.replies) != {"200"}:
        raise ReadingFailed(f"GET {paths[0]} and others answered {dict(outcome.replies)}")
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99}
    figures = {f"{name}{suffix}": percentile(outcome.latencies, share) * 1000 for name, share in shares.items()}
    return figures | {f"KB{suffix}": outcome.body_bytes / count / 1000}
