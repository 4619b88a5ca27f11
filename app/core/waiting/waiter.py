"""One who waits for a message: looks at what is there, then at what arrives, and remembers what was looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from app.core.auth.model import Actor
from app.core.messages import words
from app.core.messages.arrivals import Arrival
from app.core.messages.model import MessageLine
from app.core.rules import senders
from app.core.rules.held import sender_of
from app.core.waiting import positions
from app.core.waiting.model import FOLDERS, Wanted
from app.core.waiting.positions import WINDOW, Position
from app.errors import NotFound
from app.lib.ids import first_id_at, made_at

_FIRST_PAGE, _PAGE = 20, 200


class Waiter:
    """Waits once. `page(after, limit)` gives what came next after an id, the oldest first, `line(id)` one message."""

    def __init__(
        self,
        actor: Actor,
        wanted: Wanted,
        position: Position | None,
        *,
        now: datetime,
        page: Callable[[UUID, int], Awaitable[Sequence[MessageLine]]],
        line: Callable[[UUID], Awaitable[MessageLine]],
    ) -> None:
        self._actor = actor
        self._wanted = wanted
        # Without a position what can be seen already does not count, unless it came since the request did.
        self._begins = first_id_at(now) if position is None else None
        self._position = positions.after_time(now - WINDOW) if position is None else position
        self._page = page
        self._line = line
        self._seen: dict[UUID, None] = {}
        self._news: dict[UUID, None] = {}
        self._passed_over: set[UUID] = set()
        self._stirred = asyncio.Event()

    def hear(self, news: Sequence[Arrival]) -> None:
        """Keep what may be wanted."""
        for one in news:
            is_meant = self._wanted.alias_id is None or one.alias_id == self._wanted.alias_id
            if is_meant and one.folder in FOLDERS and (one.is_released or self._position.is_before(one.message_id)):
                self._news[one.message_id] = None
                self._stirred.set()

    async def run(self, seconds: float) -> MessageLine | None:
        """The first message that fits, the oldest of several; None after so many seconds. `hear` goes on meanwhile."""
        found = await self._look()
        if found is not None or not seconds:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._listen()
        return None

    def pass_over(self, message_id: UUID) -> None:
        """Take the message for one that does not fit."""
        self._passed_over.add(message_id)

    def next_position(self, last: UUID) -> Position:
        """Where to go on after this message."""
        return positions.after_seen(self._position, self._seen, last)

    async def _look(self) -> MessageLine | None:
        last, limit = self._position.floor, _FIRST_PAGE
        while True:
            page = await self._page(last, limit)
            for line in page:
                self._seen[line.message_id] = None
                is_new = self._begins is None or line.message_id >= self._begins
                if is_new and self._position.is_before(line.message_id) and self._fits(line):
                    return line
            if len(page) < limit:
                return None
            last, limit = page[-1].message_id, _PAGE
            self._forget_before(first_id_at(made_at(last) - WINDOW))

    async def _listen(self) -> MessageLine:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            news, self._news = self._news, {}
            for message_id in sorted(news):
                if message_id in self._seen:
                    continue
                self._seen[message_id] = None
                with suppress(NotFound):  # deleted again
                    line = await self._line(message_id)
                    if self._fits(line):
                        return line

    def _forget_before(self, message_id: UUID) -> None:
        self._seen = {one: None for one in self._seen if one >= message_id}

    def _fits(self, line: MessageLine) -> bool:
        wanted = self._wanted
        return (
            line.folder in FOLDERS
            and line.is_readable
            and line.message_id not in self._passed_over
            and (wanted.alias_id is None or line.alias_id == wanted.alias_id)
            and self._actor.reach.holds(line.alias_id, line.alias_address)
            and (wanted.sender is None or wanted.sender in senders.candidates(sender_of(line.summary)))
            and set(wanted.subject).issubset(words.split(line.summary.subject))
        )
