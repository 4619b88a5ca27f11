import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from procrastinate import PsycopgConnector

from app.core.platform import Platform
from app.core.privacy import retention
from app.worker import tasks
from app.worker.run import work


class Chores:
    """Stands in for forgetting: tells that it began, and ends when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, _platform: Platform, **_now: object) -> int:
        self.begun.set()
        await self.go_on.wait()
        self.ended.set()
        return 0


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chores]:
    made = Chores()
    monkeypatch.setattr(retention, "apply", made)
    yield made
    made.go_on.set()


async def defer(platform: Platform, dsn: str) -> int:
    app = tasks.build(PsycopgConnector(conninfo=dsn, min_size=1, max_size=1), platform)
    async with app.open_async():
        return await app.configure_task("apply_retention").defer_async(timestamp=0)


async def status(dsn: str, job_id: int) -> str:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        row = await (await conn.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", (job_id,))).fetchone()
    assert row is not None
    return str(row[0])


async def test_a_worker_takes_what_is_deferred_and_stops_when_told(
    platform: Platform, dsn: str, chores: Chores
) -> None:
    stop = asyncio.Event()
    chores.go_on.set()
    working = asyncio.create_task(work(platform, dsn, stop))
    job_id = await defer(platform, dsn)
    await asyncio.wait_for(chores.ended.wait(), 30)
    stop.set()
    await asyncio.wait_for(working, 30)
    assert await status(dsn, job_id) == "succeeded"


async def test_what_runs_when_it_is_told_to_stop_may_end(platform: Platform, dsn: str, chores: Chores) -> None:
    stop = asyncio.Event()
    job_id = await defer(platform, dsn)
    working = asyncio.create_task(work(platform, dsn, stop))
    await asyncio.wait_for(chores.begun.wait(), 30)
    stop.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not working.done()
    chores.go_on.set()
    await asyncio.wait_for(working, 30)
    assert await status(dsn, job_id) == "succeeded"
