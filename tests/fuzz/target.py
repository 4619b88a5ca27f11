"""What one thing that is fuzzed consists of. Each module in `targets/` holds one, named TARGET."""

import asyncio
import atexit
import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_runner = asyncio.Runner()
atexit.register(_runner.close)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """`check` raises when a property does not hold; `tokens` are pieces that a mutation puts in."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()
    max_len: int = 4096
    """Bytes of an input."""
    is_timed: bool = False
    """Its seeds are no tests then: no test depends on how busy a machine is."""


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "targets")]))


def load(name: str) -> Target:
    target = importlib.import_module(f"tests.fuzz.targets.{name}").TARGET
    assert isinstance(target, Target)
    return target


class Tape:
    """Bytes of the fuzzer read as choices, so that one changed byte changes one choice; past the end all are 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._place : self._place + count]
        self._place += count
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._data))

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.number() % len(choices)]


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits for anything real, without the cost of an event loop."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise AssertionError("this waits for something")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for tasks of its own, in the one event loop of the process."""
    return _runner.run(work)
