"""Wake-ups between processes by Postgres's NOTIFY. One that is lost costs its listener a look; nothing depends on it.

NOTIFY makes commits wait for each other, so what is busy says so afterwards, many at once (`Announcer`); what happens
now and then may say so in its own transaction (`notify`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

import psycopg
from psycopg import AsyncConnection

from app.errors import Unavailable
from app.lib.db import Conn, Database
from app.lib.logs import error_fields, logger

Topic = Literal["messages", "webhooks"]
Tell = Callable[[Sequence[str]], None]
"""Called in the event loop with what was announced; with nothing, when something may have been missed."""

_CHANNELS: dict[Topic, str] = {topic: f"restante_{topic}" for topic in get_args(Topic)}
_TOPICS: dict[str, Topic] = {channel: topic for topic, channel in _CHANNELS.items()}
_MAX_BYTES = 7_999
"""Of what one NOTIFY carries (Postgres)."""
_MAX_GATHERED = 10_000
"""Words waiting for a database that does not answer; what is more is lost."""
_NOTIFY = "SELECT pg_notify(channel, words) FROM unnest(%s::text[], %s::text[]) AS n (channel, words)"
_CONNECT_SECONDS = 5
_RECONNECT_SECONDS = 1.0


async def notify(conn: Conn, topic: Topic, words: Iterable[str]) -> None:
    """Announce with the caller's transaction: heard once it commits, and never if it does not.

    A word is one line of at most 7,999 bytes. For what is rare.
    """
    parts = _joined(words)
    if parts:
        await conn.execute(_NOTIFY, ([_CHANNELS[topic]] * len(parts), parts))


class Announcer:
    """Announces what this process has committed; while one round trip is under way the next one's words gather."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._gathered: defaultdict[Topic, dict[str, None]] = defaultdict(dict)
        self._task: asyncio.Task[None] | None = None

    def announce(self, topic: Topic, words: Iterable[str]) -> None:
        """Return at once. A word is one line; said once, soon, or never where the database does not answer."""
        gathered = self._gathered[topic]
        gathered.update(dict.fromkeys(words))
        while len(gathered) > _MAX_GATHERED:
            gathered.popitem()
        if gathered and self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Wait until everything is said or lost."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            while any(self._gathered.values()):
                gathered, self._gathered = self._gathered, defaultdict(dict)
                said = [(_CHANNELS[topic], part) for topic, words in gathered.items() for part in _joined(words)]
                try:
                    async with self._db.connection() as conn:
                        await conn.execute(_NOTIFY, ([channel for channel, _ in said], [part for _, part in said]))
                except Unavailable as error:
                    logger().warning("wakeups_lost", count=len(said), **error_fields(error))
        finally:
            self._task = None


class Listener:
    """Hears what is announced, for everybody in this process, on one connection of its own.

    It connects when somebody subscribes first, and again whenever the connection is lost. The DSN must lead to Postgres
    itself: a pooler in transaction mode cannot LISTEN.
    """

    def __init__(self, dsn: str) -> None:
        self.closed = asyncio.Event()
        """Set when nothing more will be heard: the process is about to end, and nobody should wait any longer."""
        self.connected = asyncio.Event()
        """Set while what is announced is heard."""
        self._dsn = dsn
        self._told: dict[Topic, dict[object, Tell]] = {topic: {} for topic in _CHANNELS}
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, topic: Topic, tell: Tell) -> Callable[[], None]:
        """Have `tell` called from now on; what is returned ends that. It must return at once.

        It is also called without words when the connection stands, for what was committed meanwhile.
        """
        mark = object()
        self._told[topic][mark] = tell
        if self._task is None:
            self._task = asyncio.create_task(self._run())

        def unsubscribe() -> None:
            self._told[topic].pop(mark, None)

        return unsubscribe

    async def close(self) -> None:
        """Hear nothing more, and tell everybody to look: at `closed`."""
        self.closed.set()
        for topic in self._told:
            self._tell(topic, ())
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it was, others go on listening
                logger().warning("listener_lost", **error_fields(error))
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        conn = await AsyncConnection.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="restante-listener",
            # Half a minute after its machine has gone a silent connection counts as lost.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=4,
        )
        async with conn:
            for channel in _TOPICS:
                await conn.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            self.connected.set()
            try:
                for topic in self._told:
                    self._tell(topic, ())
                async for heard in conn.notifies():
                    self._tell(_TOPICS[heard.channel], heard.payload.split("\n"))
            finally:
                self.connected.clear()

    def _tell(self, topic: Topic, words: Sequence[str]) -> None:
        for tell in list(self._told[topic].values()):
            tell(words)


def _joined(words: Iterable[str]) -> list[str]:
    """The words a line each, in as few pieces as Postgres takes."""
    parts: list[str] = []
    size = _MAX_BYTES + 1
    for word in words:
        length = len(word.encode()) + 1
        if size + length > _MAX_BYTES + 1:
            parts.append(word)
            size = length
        else:
            parts[-1] += "\n" + word
            size += length
    return parts
