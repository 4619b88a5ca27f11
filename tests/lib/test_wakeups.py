import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest

from app.lib.db import Database
from app.lib.wakeups import Announcer, Listener, Topic, notify


class Ear:
    """Hears a topic and waits for what is said."""

    def __init__(self, listener: Listener, topic: Topic = "messages") -> None:
        self.heard: list[str] = []
        self.looks = 0
        self._news = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.unsubscribe = listener.subscribe(topic, self._tell)

    def _tell(self, words: Sequence[str]) -> None:
        self.heard += words
        self.looks += not words
        self._tasks.append(asyncio.create_task(self._wake()))

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, *, looks: int = 0, words: int = 0) -> None:
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: self.looks >= looks and len(self.heard) >= words)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    made = Database(dsn)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def listener(dsn: str) -> AsyncIterator[Listener]:
    made = Listener(dsn)
    yield made
    await made.close()


async def test_what_one_process_announces_everybody_who_listens_hears(db: Database, listener: Listener) -> None:
    first, second, other = Ear(listener), Ear(listener), Ear(listener, "webhooks")
    for ear in (first, second, other):
        await ear.until(looks=1)
    announcer = Announcer(db)
    announcer.announce("messages", ["one", "two"])
    announcer.announce("webhooks", [""])
    await announcer.close()
    for ear in (first, second):
        await ear.until(words=2)
        assert ear.heard == ["one", "two"]
    await other.until(words=1)
    assert other.heard == [""]


async def test_who_unsubscribes_hears_no_more(db: Database, listener: Listener) -> None:
    gone, there = Ear(listener), Ear(listener)
    await there.until(looks=1)
    gone.unsubscribe()
    gone.unsubscribe()
    announcer = Announcer(db)
    announcer.announce("messages", ["word"])
    await there.until(words=1)
    assert gone.heard == []
    await announcer.close()


async def test_what_gathers_is_said_once_and_in_as_few_notifications_as_hold_it(
    db: Database, listener: Listener
) -> None:
    ear = Ear(listener)
    await ear.until(looks=1)
    said: list[Sequence[str]] = []
    listener.subscribe("messages", said.append)
    words = [f"{number:0>100}" for number in range(200)]
    announcer = Announcer(db)
    for word in words:
        announcer.announce("messages", [word, words[0]])
    announcer.announce("messages", [])
    await announcer.close()
    await ear.until(words=200)
    assert ear.heard == words
    assert [len(one) for one in said] == [79, 79, 42]  # 79 words of 101 bytes in 7,999


async def test_the_longest_word_there_may_be(db: Database, listener: Listener) -> None:
    ear = Ear(listener)
    await ear.until(looks=1)
    announcer = Announcer(db)
    announcer.announce("messages", ["é" * 3999, "x" * 7999, "y"])
    await announcer.close()
    await ear.until(words=3)
    assert ear.heard == ["é" * 3999, "x" * 7999, "y"]


async def test_a_transaction_announces_when_it_commits(db: Database, listener: Listener) -> None:
    ear = Ear(listener)
    await ear.until(looks=1)

    async def change_its_mind() -> None:
        async with db.transaction() as conn:
            await notify(conn, "messages", ["never"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_its_mind()
    async with db.transaction() as conn:
        await notify(conn, "messages", ["kept"])
        await notify(conn, "messages", [])
    await ear.until(words=1)
    assert ear.heard == ["kept"]


async def test_after_a_lost_connection_everybody_looks(dsn: str, db: Database, listener: Listener) -> None:
    ear = Ear(listener)
    await ear.until(looks=1)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'restante-listener'"""
        )
    await ear.until(looks=2)
    announcer = Announcer(db)
    announcer.announce("messages", ["again"])
    await ear.until(words=1)
    await announcer.close()


async def test_a_database_that_does_not_answer_costs_wakeups_and_nothing_else(dsn: str, listener: Listener) -> None:
    closed = Database(dsn)
    announcer = Announcer(closed)
    announcer.announce("messages", [str(number) for number in range(20_000)])
    await announcer.close()
    await closed.open()
    ear = Ear(listener)
    await ear.until(looks=1)
    announcer.announce("messages", ["after"])
    await ear.until(words=1)
    assert ear.heard == ["after"]
    await announcer.close()
    await closed.close()


async def test_one_who_fails_to_listen_leaves_the_others_their_news(listener: Listener, db: Database) -> None:
    def fail(words: Sequence[str]) -> None:
        if words:
            raise ZeroDivisionError

    ear = Ear(listener)
    listener.subscribe("messages", fail)
    await ear.until(looks=1)
    announcer = Announcer(db)
    announcer.announce("messages", ["word"])
    await ear.until(words=1)
    await ear.until(looks=2)
    await announcer.close()


async def test_the_end_of_listening_is_told(dsn: str) -> None:
    listener = Listener(dsn)
    ear = Ear(listener)
    await ear.until(looks=1)
    assert not listener.closed.is_set()
    await listener.close()
    await asyncio.wait_for(listener.closed.wait(), timeout=30)
    await listener.close()
