"""`python -m bench.guessing`: what guesses at passwords cost, and whether the owner gets in meanwhile.

Networks are told by X-Forwarded-For, as a proxy on this machine does. A wave ends after so many guesses or seconds.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import measure
from bench.measure import SERVER, Family
from bench.service import LOGIN, PASSWORD, ServiceFailed, running

_CONNECTIONS = 200
_OWNER_PAUSE = 3.0
"""Seconds between two sign-ins of the owner: a known browser has 20, and then one in 10 s."""
_PAGE_PAUSE = 0.25
_MIB = 1024 * 1024

Guess = tuple[str, str]
"""An address, and a login."""


@dataclass(kw_only=True, slots=True)
class Wave:
    """What came of one wave. Times in seconds, memory in bytes."""

    name: str
    guesses: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    known: list[tuple[int, float]] = field(default_factory=list)
    strange: list[tuple[int, float]] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    cores: float = 0.0
    before: int = 0
    peak: int = 0


def main(arguments: list[str]) -> int:
    """Measure and print; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.guessing", description=__doc__)
    parser.add_argument("--guesses", type=int, default=10_000, help="in each wave (10,000)")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most, in each wave (60)")
    options = parser.parse_args(arguments)
    waves: tuple[tuple[str, Callable[[], Iterator[Guess]]], ...] = (
        ("nobody guesses", lambda: iter(())),
        ("one network, one login", lambda: ((f"192.0.2.{n % 250}", LOGIN) for n in count())),
        ("many networks, many logins", lambda: ((_address(n), f"victim{n}") for n in count())),
        ("many networks, one login", lambda: ((_address(n), LOGIN) for n in count())),
    )
    try:
        done = []
        with running() as service:
            origin = f"http://{service.host}:{service.http_port}"
            marks = asyncio.run(_marks(origin, len(waves)))
            for (name, guesses), mark in zip(waves, marks, strict=True):
                done.append(Wave(name=name))
                asyncio.run(_run(done[-1], origin, mark, service.family, guesses(), options.guesses, options.seconds))
    except (httpx.HTTPError, ServiceFailed, OSError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    Console().print(_table(done))
    return 0


def _address(number: int) -> str:
    """An address of a /24 of its own."""
    return f"10.{number >> 8 & 255}.{number & 255}.1"


async def _run(
    wave: Wave, origin: str, mark: str, family: Family, guesses: Iterator[Guess], most: int, seconds: float
) -> None:
    limits = httpx.Limits(max_connections=_CONNECTIONS + 10)
    async with httpx.AsyncClient(base_url=origin, limits=limits, timeout=120) as client:
        before, started = measure.usage(family)[SERVER], time.monotonic()
        wave.before = wave.peak = before.rss
        others = [
            asyncio.create_task(_owner(wave, client, mark)),
            asyncio.create_task(_reader(wave, client)),
            asyncio.create_task(_watch(wave, family)),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if wave.name.startswith("nobody"):
                    await asyncio.sleep(seconds / 2)
                await asyncio.gather(*(_guesser(wave, client, guesses, most) for _ in range(_CONNECTIONS)))
        wave.seconds = time.monotonic() - started
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        wave.cores = (measure.usage(family)[SERVER].cpu - before.cpu) / wave.seconds


async def _marks(origin: str, number: int) -> list[str]:
    """Of as many browsers in which the owner has signed in: one for each wave."""
    async with httpx.AsyncClient(base_url=origin, timeout=120) as client:
        answers = [await _sign_in(client, LOGIN, PASSWORD, f"198.51.{one}.1") for one in range(number)]
    return [answer.cookies["restante-known"] for answer in answers]


async def _sign_in(
    client: httpx.AsyncClient, login: str, password: str, address: str, mark: str = ""
) -> httpx.Response:
    headers = {"X-Forwarded-For": address, "Cookie": f"restante-known={mark}"}
    return await client.post("/login", data={"login": login, "password": password}, headers=headers)


async def _guesser(wave: Wave, client: httpx.AsyncClient, guesses: Iterator[Guess], most: int) -> None:
    for address, login in guesses:
        if wave.guesses >= most:
            return
        wave.guesses += 1
        answer = await _sign_in(client, login, "a wrong guess", address)
        client.cookies.clear()
        wave.statuses[answer.status_code] += 1


async def _owner(wave: Wave, client: httpx.AsyncClient, mark: str) -> None:
    """Sign in in the known browser and, from another network each time, in a new one."""
    for number in count():
        for seen, address, one in ((wave.known, "198.51.100.1", mark), (wave.strange, f"172.16.{number & 255}.1", "")):
            started = time.monotonic()
            answer = await _sign_in(client, LOGIN, PASSWORD, address, one)
            seen.append((answer.status_code, time.monotonic() - started))
        await asyncio.sleep(_OWNER_PAUSE)


async def _reader(wave: Wave, client: httpx.AsyncClient) -> None:
    """Somebody who asks for a page."""
    while True:
        started = time.monotonic()
        await client.get("/login")
        wave.pages.append(time.monotonic() - started)
        await asyncio.sleep(_PAGE_PAUSE)


async def _watch(wave: Wave, family: Family) -> None:
    while True:
        wave.peak = max(wave.peak, measure.usage(family)[SERVER].rss)
        await asyncio.sleep(0.5)


def _table(waves: list[Wave]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("", *(wave.name for wave in waves)):
        table.add_column(heading, justify="right" if heading else "left")
    rows: tuple[tuple[str, Callable[[Wave], str]], ...] = (
        ("guesses", lambda wave: f"{wave.guesses:,}"),
        ("seconds", lambda wave: f"{wave.seconds:.0f}"),
        ("hashed and wrong (422)", lambda wave: f"{wave.statuses[422]:,}"),
        ("refused (429)", lambda wave: f"{wave.statuses[429]:,}"),
        ("our CPU, cores", lambda wave: f"{wave.cores:.2f}"),
        ("our memory before, MiB", lambda wave: f"{wave.before / _MIB:.0f}"),
        ("highest, MiB", lambda wave: f"{wave.peak / _MIB:.0f}"),
        ("owner's browser got in", lambda wave: _share(wave.known)),
        ("median, longest s", lambda wave: _times([seconds for _, seconds in wave.known])),
        ("a new browser got in", lambda wave: _share(wave.strange)),
        ("median, longest s", lambda wave: _times([seconds for status, seconds in wave.strange if status == 303])),
        ("a page: median, longest s", lambda wave: _times(wave.pages)),
    )
    for name, cell in rows:
        table.add_row(name, *(cell(wave) for wave in waves))
    return table


def _share(seen: list[tuple[int, float]]) -> str:
    return f"{sum(status == 303 for status, _ in seen)} of {len(seen)}"


def _times(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f}, {max(seconds):.2f}" if seconds else "-"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
