import asyncio
import struct

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound, PreconditionFailed, Unavailable
from app.lib.db import Bigints, Conn, Database, _BigintsDumper, accompanied, connect_now

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


async def opened(dsn: str) -> Database:
    db = Database(dsn, max_size=2)
    await db.open()
    return db


async def test_a_transaction_is_committed_whole_or_not_at_all(dsn: str) -> None:
    db = await opened(dsn)
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE kept (n int)")

    async def change_its_mind() -> None:
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO kept VALUES (1)")
            raise NotFound

    with pytest.raises(NotFound):
        await change_its_mind()
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT n FROM kept")).fetchall() == []
    await db.close()


async def test_a_pipelined_transaction_fails_at_its_end_and_leaves_nothing(dsn: str) -> None:
    db = await opened(dsn)
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE kept (n int PRIMARY KEY)")

    async def insert(*numbers: int) -> None:
        async with db.pipelined_transaction() as conn:
            for number in numbers:
                await conn.execute("INSERT INTO kept VALUES (%s)", (number,))

    with pytest.raises(psycopg.errors.UniqueViolation):
        await insert(1, 2, 2, 3)
    await insert(7)
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT n FROM kept")).fetchall() == [(7,)]
    await db.close()


async def test_company_goes_along_with_transactions_and_can_undo_them(dsn: str) -> None:
    db = await opened(dsn)
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE kept (n int)")
    seen: list[int] = []

    async def count() -> None:
        async with db.connection() as conn:
            row = await (await conn.execute("SELECT count(*), pg_backend_pid() FROM kept")).fetchone()
        assert row is not None
        seen.extend(row)

    async def last(conn: Conn) -> None:
        await conn.execute("INSERT INTO kept VALUES (2)")
        if len(seen) > 2:
            raise NotFound

    with accompanied() as company:
        company.first, company.last = count, last
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO kept VALUES (1)")
            assert seen == [0, conn.info.backend_pid]  # by the same connection, before anything else
        await count()
        assert seen[2] == 2
        with pytest.raises(NotFound):
            async with db.transaction() as conn:
                await conn.execute("INSERT INTO kept VALUES (1)")
    async with db.transaction():
        await count()
    assert seen[4] == 2
    await db.close()


async def test_what_another_changes_after_the_look_undoes_the_change(dsn: str) -> None:
    db = await opened(dsn)
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE kept (n int)")
        await conn.execute("INSERT INTO kept VALUES (1)")

    async def look() -> None:
        async with db.connection() as conn:
            await conn.execute("SELECT n FROM kept")

    async def change() -> None:
        async with db.transaction() as conn:
            with connect_now(dsn) as other:
                other.execute("UPDATE kept SET n = 2")
            await conn.execute("UPDATE kept SET n = n + 10")

    with accompanied() as company:
        company.first = look
        with pytest.raises(PreconditionFailed):
            await change()
        await change()
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT n FROM kept")).fetchall() == [(12,)]
    await db.close()


async def test_a_lost_connection_is_unavailable_and_the_next_one_works(dsn: str) -> None:
    db = await opened(dsn)
    with pytest.raises(Unavailable):
        async with db.connection() as conn:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await db.check()
    await db.close()


async def test_connections_that_died_unseen_are_never_handed_out(dsn: str) -> None:
    db = Database(dsn, max_size=4)
    await db.open()
    all_there = asyncio.Barrier(4)

    async def hold() -> None:
        async with db.connection():
            await all_there.wait()

    await asyncio.gather(*(hold() for _ in range(4)))
    with connect_now(dsn) as conn:
        query = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database()"
        assert conn.execute(query + " AND pid <> pg_backend_pid()").fetchone() == (4,)
    for _ in range(8):
        await db.check()
    await db.close()


async def test_a_closed_pool_is_unavailable(dsn: str) -> None:
    db = await opened(dsn)
    await db.close()
    with pytest.raises(Unavailable):
        await db.check()


async def test_a_database_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lib.db._CONNECT_SECONDS", 0.05)
    db = await opened(NOWHERE)
    with pytest.raises(Unavailable):
        await db.check()
    await db.close()


def test_a_command_without_a_database_is_told_what_to_check() -> None:
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        connect_now(NOWHERE)


async def test_cancelling_gives_the_connection_back(dsn: str) -> None:
    db = Database(dsn, max_size=1)
    await db.open()
    begun = asyncio.Event()

    async def hold() -> None:
        async with db.connection() as conn:
            begun.set()
            await conn.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(hold())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.check()
    await db.close()


async def test_without_prepared_statements_none_are_made(dsn: str) -> None:
    db = Database(dsn, max_size=1, prepare=False)
    await db.open()
    for _ in range(10):
        await db.check()
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM pg_prepared_statements")).fetchall() == [(0,)]
    await db.close()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_many_integers_are_written_as_postgres_reads_them(values: list[int]) -> None:
    dumped = _BigintsDumper(Bigints).dump(Bigints(values))
    expected = struct.pack(">iii", 1 if values else 0, 0, 20)
    if values:
        expected += struct.pack(">ii", len(values), 1) + b"".join(struct.pack(">iq", 8, value) for value in values)
    assert dumped == expected


async def test_postgres_reads_many_integers(dsn: str) -> None:
    db = await opened(dsn)
    async with db.connection() as conn:
        for values in ([], [0], [-(2**63), 2**63 - 1, 5]):
            row = await (await conn.execute("SELECT %b::bigint[]", (Bigints(values),))).fetchone()
            assert row == (values,)
    await db.close()


@pytest.mark.parametrize("how", ["connection", "transaction", "pipelined_transaction"])
async def test_a_database_without_room_says_so(dsn: str, how: str) -> None:
    db = await opened(dsn)

    async def write() -> None:
        async with getattr(db, how)() as conn:
            await conn.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")

    with pytest.raises(Unavailable) as caught:
        await write()
    assert caught.value.code == "storage_full"
    await db.check()
    await db.close()
