"""Work that many ask for at once and that is done once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_KEPT_SECONDS = 2.0


class Shared(Generic[K, T]):
    """Results by key: made once for all who ask while it is made and in the two seconds afterwards; failures are not
    kept. Who stops asking does not stop the work for the others.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[T]]) -> T:
        """The result for this key. Raises what making it raises."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(_awaited(make))
            task.add_done_callback(lambda done: self._forget_soon(key, done))
        return await asyncio.shield(task)

    def _forget_soon(self, key: K, task: asyncio.Task[T]) -> None:
        is_good = not task.cancelled() and task.exception() is None
        asyncio.get_running_loop().call_later(_KEPT_SECONDS if is_good else 0, self._tasks.pop, key, None)


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
