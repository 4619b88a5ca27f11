"""Who waits for mail in this process: they hear of all that arrives for their accounts, and of their own end.

Wake-ups come by one connection for all; once a second one query looks for what they may have missed. Nobody who waits
holds a connection.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, TypeVar
from uuid import UUID

from app.core.auth.model import Actor
from app.core.messages import arrivals
from app.core.messages.arrivals import Arrival
from app.core.messages.model import Folder
from app.core.platform import Platform
from app.core.waiting import queries
from app.core.waiting.positions import WINDOW
from app.errors import LimitReached, RestanteError, Unauthenticated, Unavailable
from app.lib.ids import first_id_at
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now

Hear = Callable[[Sequence[Arrival]], None]
"""Called in the event loop with messages that have arrived for the account, at least once each; returns at once."""
Kind = Literal["wait", "stream"]

MOST: dict[Kind, int] = {"wait": 2000, "stream": 50}
"""Of one account in one process."""
_LOOK_SECONDS = 1.0
_LOOKS_PER_KEY_CHECK = 2
_ACCOUNTS_A_LOOK = 1000
_RETRY_SECONDS = 5
T = TypeVar("T")


class Seat:
    """A place among those who wait."""

    def __init__(self, actor: Actor, kind: Kind, hear: Hear) -> None:
        self.actor = actor
        self.kind: Kind = kind
        self.hear = hear
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, error: RestanteError) -> None:
        """Have everything that goes on in this place raise the error."""
        if not self._ended.done():
            self._ended.set_exception(error)

    async def until_ended(self, work: Awaitable[T]) -> T:
        """What the work gives. Raises what ends the place before that, and what the work raises."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._ended.result()
            return await task
        finally:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def leave(self) -> None:
        """Nothing is told here any more."""
        if self._ended.done():
            self._ended.exception()  # asked for, so that nobody complains that it was not
        else:
            self._ended.cancel()


class Watch:
    """The places of one process, by account."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._seats: defaultdict[UUID, dict[Seat, None]] = defaultdict(dict)
        self._counts: Counter[tuple[UUID, Kind]] = Counter()
        self._heard: defaultdict[UUID, dict[UUID, Folder]] = defaultdict(dict)
        """What was told within the window by account, and where it lay: so that looking does not tell it again."""
        self._stirred = asyncio.Event()
        self._is_subscribed = False
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def follow(self, actor: Actor, kind: Kind, hear: Hear) -> Iterator[Seat]:
        """A place for as long as the context lasts; from its beginning nothing that arrives is missed.

        Raises LimitReached for too many of one account, and Unavailable when this process is about to end.
        """
        self.assert_room(actor, kind)
        seat = Seat(actor, kind, hear)
        self._seats[actor.account_id][seat] = None
        self._counts[actor.account_id, kind] += 1
        if not self._is_subscribed:
            self._platform.listener.subscribe("messages", self._wake)
            self._is_subscribed = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield seat
        finally:
            seat.leave()
            self._leave(seat)

    async def ready(self) -> None:
        """Wait until what is announced is heard, a second at most: looking finds the rest. For who has a place."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._platform.listener.connected.wait(), _LOOK_SECONDS)

    def assert_room(self, actor: Actor, kind: Kind) -> None:
        """That there is a place. Raises as `follow`."""
        if self._platform.listener.closed.is_set():
            raise _ending()
        if self._counts[actor.account_id, kind] >= MOST[kind]:
            raise LimitReached(
                f"Too many of your requests wait here at once; {MOST[kind]} may.",
                code="too_many_waiting",
                retry_after=_RETRY_SECONDS,
            )

    @property
    def count(self) -> int:
        """How many places are taken."""
        return sum(self._counts.values())

    def _leave(self, seat: Seat) -> None:
        account_id = seat.actor.account_id
        del self._seats[account_id][seat]
        self._counts[account_id, seat.kind] -= 1
        if not self._counts[account_id, seat.kind]:
            del self._counts[account_id, seat.kind]
        if not self._seats[account_id]:
            del self._seats[account_id]
            self._heard.pop(account_id, None)

    def _tell(self, news: Sequence[Arrival]) -> None:
        by_account: defaultdict[UUID, list[Arrival]] = defaultdict(list)
        for arrival in news:
            if arrival.account_id in self._seats:
                self._heard[arrival.account_id][arrival.message_id] = arrival.folder
                by_account[arrival.account_id].append(arrival)
        for account_id, of_account in by_account.items():
            for seat in list(self._seats[account_id]):
                seat.hear(of_account)

    def _wake(self, words: Sequence[str]) -> None:
        if words:
            self._tell(arrivals.read(words))
        else:
            self._stirred.set()

    async def _run(self) -> None:
        """While anybody waits."""
        looks = 0
        while self._seats:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), _LOOK_SECONDS)
            self._stirred.clear()
            if self._platform.listener.closed.is_set():
                self._end_all()
                return
            looks += 1
            try:
                await self._look()
                if looks % _LOOKS_PER_KEY_CHECK == 0:
                    await self._check_keys()
            except Unavailable as error:
                logger().warning("waiting_unseen", **error_fields(error))

    def _end_all(self) -> None:
        for of_account in self._seats.values():
            for seat in of_account:
                seat.end(_ending())

    async def _look(self) -> None:
        """For what was committed and not announced, or not heard."""
        since = first_id_at(utc_now() - WINDOW)
        waiting = list(self._seats)
        for at in range(0, len(waiting), _ACCOUNTS_A_LOOK):
            account_ids = waiting[at : at + _ACCOUNTS_A_LOOK]
            async with self._platform.db.connection() as conn:
                found = await queries.arrivals_since(conn, account_ids, since)
            self._tell([one for one in found if self._place(one) != one.folder])
        for heard in self._heard.values():
            for message_id in [one for one in heard if one < since]:
                del heard[message_id]

    def _place(self, one: Arrival) -> Folder | None:
        """Where the message was told to be."""
        return self._heard[one.account_id].get(one.message_id) if one.account_id in self._heard else None

    async def _check_keys(self) -> None:
        """Whose key was revoked or has expired meanwhile waits no longer."""
        seats = [seat for of_account in self._seats.values() for seat in of_account if seat.actor.key_id]
        keys = {(seat.actor.account_id, seat.actor.key_id): None for seat in seats if seat.actor.key_id}
        async with self._platform.db.connection() as conn:
            good = await queries.keys_that_count(conn, list(keys), now=utc_now())
        for seat in seats:
            if seat.actor.key_id not in good:
                seat.end(Unauthenticated("This API key no longer counts.", code="wrong_key"))
            elif not good[seat.actor.key_id]:
                seat.end(Unauthenticated("This API key has expired. Make a new one.", code="expired"))


def _ending() -> Unavailable:
    return Unavailable("This part of the service is being restarted. Ask again at once.", code="restarting")
