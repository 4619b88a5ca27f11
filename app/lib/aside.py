"""Work beside the event loop, where it takes long enough to be worth a thread."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

IN_THREAD_FROM = 32 * 1024
"""Bytes; below, the change of thread and the fight for the interpreter cost more than the work."""


async def aside(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work whose cost grows with `size` bytes: in a thread from 32 KiB on."""
    return work(*args, **kwargs) if size < IN_THREAD_FROM else await asyncio.to_thread(work, *args, **kwargs)
