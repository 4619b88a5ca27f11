"""`python -m bench aliases`: gives an account aliases by a file, as somebody who moves here would, and asks for their
lists, searches and pages as a browser and a program would.
"""

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from bench import http_load, report
from bench.http_load import Client
from bench.mailbox import Asked, figures_of
from bench.reading import ReadingFailed, enter
from bench.report import Row
from bench.service import DOMAIN, LOGIN, PASSWORD, Service, ServiceFailed, running

ALIASES = 5000
REQUESTS = 100
"""Of each kind."""
IMPORT = "/api/v1/aliases/import"
_FAILURES = (ReadingFailed, ServiceFailed, OSError)
_WORDS = ("harbour", "meadow", "lantern", "orchard", "cinder", "willow", "pebble", "thistle", "juniper", "saddle")


def main(arguments: list[str]) -> int:
    """Gives the exit status: 1 if anything could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench aliases", description=__doc__)
    parser.add_argument("--aliases", type=int, default=ALIASES, help=f"of the account ({ALIASES})")
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"requests of each kind ({REQUESTS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args(arguments)
    rows = []
    try:
        with running() as service:
            for one in asyncio.run(_filled(service, options.aliases)):
                rows.append(Row(scenario=one.scenario, label=one.label))
                rows[-1].runs.append(figures_of(service, one, options.requests, ""))
    except _FAILURES as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    report.show(rows, Console())
    if options.json:
        report.write(rows, options.json)
    return 0


def file_of(count: int) -> str:
    """A CSV file of so many aliases with names, descriptions and sites that differ."""
    lines = ["alias,description,site"]
    for number in range(count):
        words = [_WORDS[number // 10**place % 10] for place in range(3)]
        lines.append(f"{'-'.join(words)}-{number}@{DOMAIN},The {words[0]} of {words[2]} {number},shop{number}.example")
    return "\r\n".join([*lines, ""])


async def _filled(service: Service, count: int) -> list[Asked]:
    """What to ask for, once the aliases are there."""
    bearer = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, bearer) as client:
        made = await _post(client, f"{IMPORT}?others=skip", file_of(count).encode())
        if made["data"]["counts"].get("made") != count:
            raise ReadingFailed(f"Of {count} aliases there were made: {made['data']['counts']}")
    cookie, _ = await enter(service.host, service.http_port, login=LOGIN, password=PASSWORD)
    pages = {
        "list": ("/aliases",),
        "list, by address": ("/aliases?sort=address",),
        "list, by use": ("/aliases?sort=busiest",),
        "search, one has it": (f"/aliases?q=shop{count // 2}.example",),
        "search, every tenth has it": ("/aliases?q=thistle",),
    }
    scenario = f"{count:,} aliases"
    asked = [
        Asked(scenario=scenario, label=f"{label}, page", paths=paths, headers={"Cookie": cookie})
        for label, paths in pages.items()
    ]
    calls = {"list, API": "/api/v1/aliases?limit=50", "search, API": "/api/v1/aliases?q=thistle"}
    return asked + [
        Asked(scenario=scenario, label=label, paths=(path,), headers=bearer) for label, path in calls.items()
    ]


async def _post(client: Client, path: str, body: bytes) -> dict[str, dict[str, dict[str, int]]]:
    answer = await client.post(path, body, "text/csv")
    if answer.status != 200:
        raise ReadingFailed(f"POST {path} answered {answer.status}: {answer.body[:300]!r}")
    parsed: dict[str, dict[str, dict[str, int]]] = json.loads(answer.body)
    return parsed
