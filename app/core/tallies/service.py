"""Counting what happens to the whole service: mail and connections by outcome. Never by account or address.

Each process counts for itself and adds to the day's numbers every few seconds, so whoever reads them, on whatever
machine, sees all of them. What was counted since then is lost when a process is killed.
"""

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Literal

from app.core.tallies import queries
from app.errors import Unavailable
from app.lib.db import Conn, Database
from app.lib.logs import error_fields, logger
from app.lib.times import utc_today

Name = Literal["mail", "connections"]
"""Recipients of messages, and SMTP connections, by what became of them."""
KEPT = timedelta(days=366)
"""By the day; from then on as a sum."""
_SECONDS = 5.0
_BATCH = 5000


class Tallies:
    """The counts of one process that were not written yet."""

    def __init__(self, db: Database, *, shard: int, seconds: float = _SECONDS) -> None:
        self._db = db
        self._shard = shard
        self._seconds = seconds
        self._counts: Counter[tuple[str, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def count(self, name: Name, label: str, amount: int = 1) -> None:
        """Something happened. Costs nothing worth knowing, and never raises."""
        if amount:
            self._counts[name, label] += amount
            self._write_soon()

    async def close(self) -> None:
        """Write what was counted until now."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await self._task
        await self._write()

    def _write_soon(self) -> None:
        if self._timer is None and self._task is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._start)

    def _start(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await self._write()
        self._task = None
        if self._counts:
            self._write_soon()

    async def _write(self) -> None:
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            async with self._db.transaction() as conn:
                await queries.add(conn, counts, day=utc_today(), shard=self._shard)
        except Unavailable as error:
            logger().warning("tallies_not_written", reason=error.code, **error_fields(error))
            self._counts += counts
        except Exception as error:  # noqa: BLE001 - a fault of ours here must not come in the way of anything
            logger().error("tallies_lost", **error_fields(error))


async def sums(conn: Conn, name: Name, *, since: date | None) -> dict[str, int]:
    """What was counted under this name, by label, from a day on or (None) since ever."""
    found = await queries.sums(conn, since=since)
    return {label: count for (of, label), count in found.items() if of == name}


async def forget(db: Database, *, now: datetime) -> int:
    """Keep but the sum of what is older than a year; how many numbers that were. Raises Unavailable."""
    day = (now - KEPT).date()
    return await db.in_batches(lambda conn: queries.fold(conn, day, limit=_BATCH), batch=_BATCH)
