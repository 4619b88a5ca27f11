"""Puts sealed messages into the database, many in one transaction when many wait: one flush of the log serves all."""

import asyncio
from collections.abc import Sequence

import msgspec

from app.core.events.model import DUE
from app.core.messages import arrivals, queries
from app.core.messages.arrivals import Arrival
from app.core.messages.model import Delivery
from app.errors import Conflict, Unavailable
from app.lib.db import Database
from app.lib.wakeups import Announcer

MAX_BATCH_BYTES = 8 * 1024 * 1024
"""Of sealed sources, and of what webhooks are told, in one transaction."""
_MAX_WAITING = 1000


class _Waiting(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The copies of one message, stored together or not at all, and who waits for them."""

    deliveries: Sequence[Delivery]
    done: asyncio.Future[None]


class Committer:
    """Stores messages in the order they come. While one transaction commits, those that arrive gather for the next."""

    def __init__(self, db: Database, *, shard: int) -> None:
        self._db = db
        self._announcer = Announcer(db)
        self._shard = shard
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        """Return once all of them are committed.

        Raises Unavailable; then none of them is stored, unless the database was lost in the middle of the commit.
        Raises Conflict; then none is stored: a blob that they name has gone, or what was to be new has come meanwhile
        (`blob_moved`), or an alias has taken its last message (`alias_limit`).

        Being cancelled does not stop the commit: what a client that hung up sent may still be stored.
        """
        if len(self._waiting) >= _MAX_WAITING:
            raise Unavailable("The database is too slow for all the mail that comes in; try again later.")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(deliveries=deliveries, done=done))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await done

    async def close(self) -> None:
        """Wait until everything handed over is stored or refused."""
        if self._task is not None:
            await self._task
        await self._announcer.close()

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                await self._commit(batch)
        finally:
            self._task = None

    def _next_batch(self) -> list[_Waiting]:
        size = count = 0
        for waiting in self._waiting:
            size += sum(_size(delivery) for delivery in waiting.deliveries)
            if count and size > MAX_BATCH_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Commit the batch; if that fails, each message by itself, so that one that cannot be stored hurts no other."""
        try:
            async with self._db.pipelined_transaction() as conn:
                await queries.insert_deliveries(
                    conn, [delivery for waiting in batch for delivery in waiting.deliveries], shard=self._shard
                )
        except Exception as error:  # noqa: BLE001 - whatever it was, every waiter must hear of it
            if len(batch) > 1 and (not isinstance(error, Unavailable) or error.code == "deadlock"):
                for waiting in batch:
                    await self._commit([waiting])
                return
            error = _told(error)
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_exception(error)
            return
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_result(None)
        stored = [delivery for waiting in batch for delivery in waiting.deliveries]
        self._announcer.announce("messages", arrivals.written(_arrival(one) for one in stored))
        if any(one.event is not None or one.fullness is not None for one in stored):
            self._announcer.announce("webhooks", [DUE])


def _size(one: Delivery) -> int:
    payload = one.event.payload if one.event else None
    return len(one.source) + len(payload or b"")


def _arrival(one: Delivery) -> Arrival:
    return Arrival(account_id=one.account_id, message_id=one.message_id, alias_id=one.alias_id, folder=one.folder)


def _told(error: Exception) -> Exception:
    """What the caller can do something about, in our own words."""
    if queries.is_sharing_conflict(error):
        return Conflict("What the message shares with others has changed meanwhile.", code="blob_moved")
    if queries.is_limit_reached(error):
        return Conflict("The address has taken its last message meanwhile.", code="alias_limit")
    return error
