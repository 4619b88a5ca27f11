"""What happens in an account, as it happens: messages, refusals and other events in one stream.

Messages are told as they are announced. Refusals and other events are looked for every two seconds. Ids are made before
things are committed: whoever goes on after an event is told again what came in the ten seconds before it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.auth.reach.service import KeyBound
from app.core.events import payloads
from app.core.events import queries as events
from app.core.events.model import EventRow, EventType
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.arrivals import Arrival
from app.core.messages.model import FOLDERS, Filters, Folder, MessageLine
from app.core.messages.resources import thin_message
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.refusals.resources import refusal_resource
from app.core.waiting.positions import WINDOW
from app.core.waiting.watch import Watch
from app.core.webhooks.service import SELECTABLE, scope_of
from app.errors import RestanteError, Unavailable
from app.lib.ids import first_id_at, made_at
from app.lib.times import utc_now

_OF_ACCOUNT = frozenset({"domain.verified", "domain.failing", "quota.warning"})
_OF_MESSAGES = frozenset({"message.received", "message.held"})
HEARTBEAT_SECONDS = 15.0
_LOOK_SECONDS = 2.0
_PAGE = 200
_MOST_NEWS = 5000
"""Messages waiting for a client that does not read: then the stream ends, and the client goes on where it was."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event to send. Without an id where it says something new of what was told under this id before."""

    event_id: UUID
    type: EventType
    body: bytes
    """JSON, as webhooks have it."""
    is_wanted: bool = True
    """It is to be sent; else it only keeps its place in the order."""
    is_again: bool = False


def types_for(actor: Actor, asked: Sequence[EventType] | None) -> frozenset[EventType]:
    """What the actor may be told of those that were asked for; of all (None) what there is for it.

    Raises ScopeMissing, KeyBound for what was asked for and may not be told.
    """
    if asked is None:
        hidden = _OF_ACCOUNT if actor.is_bound else frozenset()
        return frozenset(one for one in SELECTABLE if scope_of(one) in actor.scopes and one not in hidden)
    for one in asked:
        actor.assert_may(scope_of(one))
        if actor.is_bound and one in _OF_ACCOUNT:
            raise KeyBound
    return frozenset(asked)


class EventStream:
    """One client's. Iterate once; None is a sign of life."""

    def __init__(
        self,
        platform: Platform,
        watch: Watch,
        actor: Actor,
        *,
        types: frozenset[EventType],
        alias_id: UUID | None,
        after: UUID | None,
        now: datetime,
    ) -> None:
        self._platform = platform
        self._watch = watch
        self._actor = actor
        self._types = types
        self._alias_id = alias_id
        self._floor = first_id_at((now if after is None else made_at(after)) - WINDOW)
        # Without a place to go on from only what comes from now on counts.
        self._begins = first_id_at(now) if after is None else None
        self._sent: dict[UUID, EventType] = {}
        self._news: dict[UUID, bool] = {}
        self._stirred = asyncio.Event()
        self._is_too_slow = False

    async def __aiter__(self) -> AsyncIterator[Told | None]:
        """Until the client hangs up, is too slow, its key counts no more, or the process ends."""
        with self._watch.follow(self._actor, "stream", self._hear) as seat, suppress(RestanteError):
            await seat.until_ended(self._watch.ready())
            async for batch in self._past():
                for one in batch:
                    yield one
            silent = 0.0
            while not self._is_too_slow:
                batch = await seat.until_ended(self._next())
                silent = 0.0 if batch else silent + _LOOK_SECONDS
                for one in batch:
                    yield one
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield None

    def _hear(self, news: Sequence[Arrival]) -> None:
        for one in news:
            is_new = self._sent.get(one.message_id) != _type(one.folder)
            if is_new and (self._alias_id is None or one.alias_id == self._alias_id):
                self._news[one.message_id] = one.is_released or self._news.get(one.message_id, False)
        if len(self._news) > _MOST_NEWS:
            self._is_too_slow = True
        if self._news:
            self._stirred.set()

    async def _past(self) -> AsyncIterator[list[Told]]:
        """What came after the place to go on from, in order."""
        last = self._floor
        while True:
            batch, is_all = await self._after(last)
            for one in batch:
                self._sent[one.event_id] = one.type
            yield [one for one in batch if one.is_wanted and (self._begins is None or one.event_id >= self._begins)]
            if is_all:
                return
            last = batch[-1].event_id

    async def _after(self, last: UUID) -> tuple[list[Told], bool]:
        """(what came next after an id, the oldest first; whether that is all there is)."""
        pages = [await self._messages_after(last), await self._refusals_after(last), await self._others_after(last)]
        ends = [page[-1].event_id for page in pages if len(page) == _PAGE]
        found = sorted((one for page in pages for one in page), key=lambda one: one.event_id)
        return (found if not ends else [one for one in found if one.event_id <= min(ends)]), not ends

    async def _next(self) -> list[Told]:
        """What is new, within two seconds; nothing where nothing is."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), _LOOK_SECONDS)
        self._stirred.clear()
        if self._news:
            news, self._news = self._news, {}
            return self._unsent(await self._messages(news))
        try:
            found = [*await _all(self._refusals_after, self._floor), *await _all(self._others_after, self._floor)]
        except Unavailable:
            return []  # the next look will find it
        fresh = self._unsent(sorted(found, key=lambda one: one.event_id))
        self._floor = max(self._floor, first_id_at(utc_now() - WINDOW))
        for one in [one for one in self._sent if one < self._floor]:
            del self._sent[one]
        return fresh

    def _unsent(self, found: Iterable[Told]) -> list[Told]:
        """What was not sent, or as something else, as held mail that was let in."""
        fresh = []
        for one in found:
            sent = self._sent.get(one.event_id)
            if sent != one.type:
                self._sent[one.event_id] = one.type
                fresh.append(one if sent is None else msgspec.structs.replace(one, is_again=True))
        return [one for one in fresh if one.is_wanted]

    async def _messages(self, news: dict[UUID, bool]) -> list[Told]:
        ids = sorted(news)
        if not self._types & _OF_MESSAGES:
            return []
        told: list[Told] = []
        for at in range(0, len(ids), _PAGE):
            async with self._platform.db.connection() as conn:
                rows = await message_queries.messages_of(conn, self._actor.account_id, ids[at : at + _PAGE])
                seen = [row for row in reversed(rows) if self._actor.reach.holds(row.alias_id, row.address)]
                lines = await messages.open_rows(conn, self._actor, seen)
            told += self._told(lines, news)
        return told

    async def _messages_after(self, last: UUID) -> list[Told]:
        if not self._types & _OF_MESSAGES:
            return []
        filters = Filters(alias_id=self._alias_id)
        async with self._platform.db.connection() as conn:
            lines = await messages.page(
                conn, self._actor, folder=FOLDERS, before=None, after=last, limit=_PAGE, filters=filters
            )
        return self._told(lines[::-1], {})

    def _told(self, lines: Sequence[MessageLine], news: dict[UUID, bool]) -> list[Told]:
        found = []
        for line in lines:
            event_type = _type(line.folder)
            found.append(
                Told(
                    event_id=line.message_id,
                    type=event_type,
                    body=payloads.encoded(line.message_id, event_type, line.received_at, thin_message(line)),
                    is_wanted=event_type in self._types,
                    is_again=news.get(line.message_id, False),
                )
            )
        return found

    async def _refusals_after(self, last: UUID) -> list[Told]:
        if "message.refused" not in self._types:
            return []
        async with self._platform.db.connection() as conn:
            found = await refusals.following(conn, self._actor, alias_id=self._alias_id, after=last, limit=_PAGE)
        return [
            Told(
                event_id=one.refusal_id,
                type="message.refused",
                body=payloads.encoded(one.refusal_id, "message.refused", one.refused_at, refusal_resource(one)),
            )
            for one in found
        ]

    async def _others_after(self, last: UUID) -> list[Told]:
        if not self._types - _OF_MESSAGES - {"message.refused"}:
            return []
        async with self._platform.db.connection() as conn:
            rows = await events.events_after(conn, self._actor.account_id, last, limit=_PAGE)
        return [
            Told(
                event_id=row.event_id,
                type=row.type,
                body=payloads.encoded(row.event_id, row.type, row.occurred_at, payloads.of_facts(row)),
                is_wanted=self._is_wanted(row),
            )
            for row in rows
        ]

    def _is_wanted(self, row: EventRow) -> bool:
        if row.type not in self._types or (self._alias_id is not None and row.alias_id != self._alias_id):
            return False
        reach = self._actor.reach
        return reach.is_whole or (row.alias_id is not None and reach.holds(row.alias_id, row.alias_address or ""))


def _type(folder: Folder) -> EventType:
    return "message.held" if folder == "held" else "message.received"


async def _all(source: Callable[[UUID], Awaitable[list[Told]]], last: UUID) -> list[Told]:
    found = page = await source(last)
    while len(page) == _PAGE:
        page = await source(page[-1].event_id)
        found = [*found, *page]
    return found
