"""`python -m bench.rival`: measures another SMTP server beside ours, with the same load, in turns, in one run."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import http_load, report, scenarios, target
from bench.measure import Family
from bench.reading import ReadingFailed
from bench.report import Row
from bench.scenarios import Step
from bench.service import Service, ServiceFailed, running
from bench.target import DeliveryFailed, Target


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rival", description=__doc__)
    parser.add_argument("--target", required=True, metavar="HOST:PORT", help="the rival's SMTP port")
    parser.add_argument("--recipients", required=True, metavar="A@X,B@Y", help="addresses it accepts")
    counts = parser.add_mutually_exclusive_group(required=True)
    counts.add_argument("--count-command", metavar="CMD", help="prints how many messages are in all its mailboxes")
    counts.add_argument("--count-maildir", type=Path, metavar="DIR", help="counts files in every new and cur below DIR")
    parser.add_argument("--processes-in", type=Path, metavar="DIR", help="whose root or working directory is in DIR")
    parser.add_argument("--repeats", type=int, default=3, help="runs a figure is the median of (3)")
    parser.add_argument("--scenario", choices=("small", "large"), help="one of them only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there as well")
    return parser.parse_args()


def _rival(options: argparse.Namespace) -> Target:
    host, _, port = options.target.rpartition(":")
    if options.count_command:
        count = target.counting_command(options.count_command)
    else:
        count = target.counting_maildir(options.count_maildir)
    family = Family(root=None, folder=options.processes_in.resolve()) if options.processes_in else None
    return target.rival(
        host=host, port=int(port), recipients=tuple(options.recipients.split(",")), family=family, count=count
    )


def _steps(sides: Sequence[Target], scenario: str | None) -> list[Step]:
    """Every step of both sides, the two sides of one step next to each other."""
    small = [
        Step(scenario="small", label=f"{side.name}: {way.label}", measure=partial(scenarios.small, side, way))
        for way in scenarios.SMALL
        for side in sides
    ]
    large = [
        Step(
            scenario="large",
            label=f"{side.name}: {scenarios.LARGE_LABEL}",
            measure=partial(scenarios.large, side),
        )
        for side in sides
    ]
    return [step for step in small + large if scenario in {None, step.scenario}]


def _with_ratios(rows: Sequence[Row]) -> list[Row]:
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [row for mine, theirs in pairs for row in (mine, theirs, report.ratio(mine, theirs))]


async def _measure(service: Service, options: argparse.Namespace, console: Console) -> list[Row]:
    headers = {"Authorization": f"Bearer {service.key}"}
    async with http_load.connected(service.host, service.http_port, headers) as client:
        sides = (target.ours(service, client), _rival(options))
        steps = _steps(sides, options.scenario)
        with console.status("") as status:
            return await scenarios.take(steps, options.repeats, status.update)


def main() -> int:
    """Run what the command line asks for. Gives the exit status."""
    options, errors = _options(), Console(stderr=True)
    try:
        with running() as service:
            rows = _with_ratios(asyncio.run(_measure(service, options, errors)))
    except (ServiceFailed, DeliveryFailed, ReadingFailed, OSError) as error:
        errors.print(str(error), style="red", markup=False)
        return 1
    report.show(rows, Console())
    if options.json:
        report.write(rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
