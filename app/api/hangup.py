"""Requests that take long are given up as soon as the client hangs up."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from app.api.auth import AuthedRequest

T = TypeVar("T")


async def unless_hung_up(request: AuthedRequest, work: Awaitable[T]) -> T | None:
    """What the work gives, or None once nobody is there any more to be told; the work is then cancelled and has ended.

    For requests without a body. Raises what the work raises.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        for one in (task, gone):
            one.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await one


async def _hung_up(request: AuthedRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
