"""Rows of figures over repeated runs: their medians, a table for people and JSON for programs."""

import json
import os
import platform
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Figures = dict[str, float]
MIN_WIDTH = 120

HEADINGS = {
    "accepted_per_s": "accepted per s",
    "readable_per_s": "readable per s",
    "accepted_mb_per_s": "accepted MB/s",
    "readable_mb_per_s": "readable MB/s",
    "reply_ms": "250 after ms",
    "readable_ms": "readable after ms",
    "readable_p99_ms": "p99 ms",
    "at_first_look": "at first look",
    "requests_per_s": "requests per s",
    "median_ms": "median ms",
    "p99_ms": "p99 ms",
    "page_kb": "page KB",
    "cpu_ms": "CPU ms",
    "postgres_cpu_ms": "Postgres CPU ms",
    "load_cpu_ms": "load CPU ms",
    "growth_mb": "growth MB",
    "biggest_mb": "biggest MB",
    "processes": "processes",
    "pss_mb": "PSS MB",
    "rss_mb": "RSS MB",
    "postgres_pss_mb": "Postgres PSS MB",
    "postgres_rss_mb": "Postgres RSS MB",
    "cores": "cores used",
    "other_cores": "other cores",
}


@dataclass(kw_only=True, slots=True)
class Row:
    """One line of a table: the figures of every run of one step, in the order they were taken."""

    scenario: str
    label: str
    runs: list[Figures] = field(default_factory=list)

    @property
    def median(self) -> Figures:
        """The median of every figure over the runs; one that a run lacks counts as 0 there."""
        names = dict.fromkeys(name for run in self.runs for name in run)
        return {name: statistics.median(run.get(name, 0.0) for run in self.runs) for name in names}


def ratio(mine: Row, theirs: Row) -> Row:
    """How many times theirs mine is, figure by figure, of the medians; what only one has, and noise, is left out."""
    other = theirs.median
    figures = {
        name: value / other[name] for name, value in mine.median.items() if other.get(name) and name != "other_cores"
    }
    return Row(scenario=mine.scenario, label="ratio", runs=[figures])


def show(rows: Iterable[Row], console: Console) -> None:
    """Print the medians, one table a scenario, however narrow the terminal says it is."""
    console.width = max(console.width, MIN_WIDTH)
    for scenario, group in groupby(rows, key=lambda row: row.scenario):
        members = list(group)
        names = list(dict.fromkeys(name for row in members for name in row.median))
        table = Table(title=scenario, title_justify="left", box=SIMPLE_HEAD)
        table.add_column(no_wrap=True)
        for name in names:
            table.add_column(HEADINGS.get(name, name.replace("_", " ")), justify="right", overflow="fold")
        for row in members:
            median = row.median
            table.add_row(row.label, *(_shown(median[name]) if name in median else "" for name in names))
        console.print(table)


def _shown(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100 or value.is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def write(rows: Iterable[Row], path: Path) -> None:
    """Write every run and the medians, with what is known of the machine, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [asdict(row) | {"median": row.median} for row in rows]
    path.write_text(json.dumps({"machine": _machine(), "rows": lines}, indent=2) + "\n")


def _machine() -> dict[str, str | int | None]:
    models = [
        line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
