"""Who may hash a password next: few at a time, sources in turn, and known browsers before strangers."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator

from app.errors import LimitReached

_BUSY = "Many people are signing in right now. Please try again in a minute."
_RETRY_SECONDS = 60

Turn = asyncio.Future[None]


class Turns:
    """`at_once` callers have a turn; of strangers and of known ones `places` each may wait.

    Each source that waits has its turn before any has a second one. Where all places are taken, the source that has
    most of them loses its last to a newcomer, so one source never keeps another out.
    """

    def __init__(self, *, at_once: int, places: int) -> None:
        self._free = at_once
        self._known = _Line(places)
        self._strangers = _Line(places)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._known) + len(self._strangers)

    async def take(self, source: str, *, is_known: bool) -> None:
        """Wait for a turn; whoever got one has to give it back. Raises LimitReached when there is no place to wait."""
        if self._free > 0:
            self._free -= 1
            return
        line = self._known if is_known else self._strangers
        turn = line.join(source)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                line.leave(source, turn)
            elif turn.exception() is None:  # it had come already, and nobody is here to use it
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand the turn on to whoever is next."""
        turn = self._known.next() or self._strangers.next()
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)


class _Line:
    """Those who wait, by source; the source at the front is next."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._sources: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def join(self, source: str) -> Turn:
        """A place at the end of the source's own queue. Raises LimitReached."""
        if self._count >= self._places:
            self._displace_for(source)
        turn: Turn = asyncio.get_running_loop().create_future()
        self._sources.setdefault(source, deque()).append(turn)
        self._count += 1
        return turn

    def leave(self, source: str, turn: Turn) -> None:
        """Somebody who waited has gone."""
        queue = self._sources.get(source)
        if queue is not None and turn in queue:
            queue.remove(turn)
            self._left(source)

    def next(self) -> Turn | None:
        """Whose turn it is; its source goes to the end."""
        for source in self._waiting():
            turn = self._sources[source].popleft()
            self._sources.move_to_end(source)
            self._left(source)
            if not turn.done():
                return turn
        return None

    def _waiting(self) -> Iterator[str]:
        while self._sources:
            yield next(iter(self._sources))

    def _displace_for(self, source: str) -> None:
        largest = max(self._sources, key=lambda one: len(self._sources[one]))
        if len(self._sources[largest]) <= len(self._sources.get(source, ())) + 1:
            raise _busy()
        turn = self._sources[largest].pop()
        self._left(largest)
        if not turn.done():
            turn.set_exception(_busy())

    def _left(self, source: str) -> None:
        self._count -= 1
        if not self._sources[source]:
            del self._sources[source]


def _busy() -> LimitReached:
    return LimitReached(_BUSY, retry_after=_RETRY_SECONDS)
