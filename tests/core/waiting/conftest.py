"""Somebody who waits, beside messages that arrive."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.waiting.model import Found, Wanted
from app.core.waiting.positions import Position
from app.core.waiting.service import Waiting, wanted_of
from app.core.waiting.watch import Watch
from app.lib.times import utc_now

Start = Callable[..., Awaitable["Wait"]]


class Wait:
    """A wait under way."""

    def __init__(self, task: asyncio.Task[tuple[Found, Position] | None]) -> None:
        self.task = task

    async def answer(self) -> tuple[Found, Position] | None:
        async with asyncio.timeout(30):
            return await self.task

    async def subject(self) -> str | None:
        answer = await self.answer()
        return None if answer is None else answer[0].opened.line.summary.subject


@pytest.fixture
def watch(platform: Platform) -> Watch:
    return Watch(platform)


@pytest.fixture
def waiting(platform: Platform, watch: Watch) -> Waiting:
    return Waiting(platform, watch)


@pytest.fixture
async def start(platform: Platform, watch: Watch, waiting: Waiting) -> AsyncIterator[Start]:
    """`await start(actor, subject="…")`: waits, and hears what arrives when this returns."""
    tasks: list[asyncio.Task[tuple[Found, Position] | None]] = []

    async def run(
        actor: Actor,
        *,
        position: Position | None = None,
        seconds: float = 25,
        via: Waiting = waiting,
        alias: str | None = None,
        sender: str | None = None,
        subject: str | None = None,
    ) -> Wait:
        async with platform.db.connection() as conn:
            wanted: Wanted = await wanted_of(conn, actor, alias=alias, sender=sender, subject=subject)
        work = via.wait(actor, wanted, position, seconds=seconds, now=utc_now())
        task, before = asyncio.create_task(work), watch.count
        tasks.append(task)
        while not task.done() and watch.count == before:  # noqa: ASYNC110 - it takes a few turns of the loop
            await asyncio.sleep(0)
        if not task.done():
            await watch.ready()
        return Wait(task)

    yield run
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
