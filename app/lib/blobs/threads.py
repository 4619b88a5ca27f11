"""A bounded set of threads for blocking work, and the bridge from there to the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Threads:
    """At most `size` threads. Work that has been started always runs to its end, whoever is cancelled meanwhile."""

    def __init__(self, name: str, *, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    def start(self, job: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Queue a job and return at once."""
        return self._pool.submit(job, *args, **kwargs)

    async def run(self, job: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Queue a job and wait for what it gives or raises."""
        return await result(self._pool.submit(job, *args, **kwargs))

    async def iterate(self, steps: Generator[_T, None, None]) -> AsyncGenerator[_T, None]:
        """Run a blocking generator (of anything but None) a step at a time."""
        step: Future[_T | None] | None = None
        try:
            while True:
                step = self._pool.submit(next, steps, None)
                item = await result(step)
                if item is None:
                    return
                yield item
        finally:
            # A cancelled reader leaves while a step still runs, and a running generator cannot be closed.
            if step is not None:
                step.add_done_callback(lambda _: steps.close())

    async def close(self) -> None:
        """Wait for all work and end the threads."""
        await asyncio.to_thread(self._pool.shutdown)


async def result(job: Future[_T]) -> _T:
    """What the job gives or raises. Cancelling the waiter does not cancel the job."""
    return await asyncio.shield(asyncio.wrap_future(job))
