"""The pool of Postgres connections, and the one place where the driver's errors become ours."""

import asyncio
import select
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from app.errors import Unavailable

Conn = AsyncConnection[TupleRow]
"""What every query takes. Functions that are given one never commit: the edge owns the transaction."""

_CONNECT_SECONDS = 5


class Bigints(msgspec.Struct, frozen=True):
    """Many integers for a bigint[] parameter, written in one piece: the driver's own way costs a call for each."""

    values: Sequence[int]


class _BigintsDumper(Dumper):
    """Postgres's binary array: dimensions, flags, element type, length, lower bound; then each value and its length."""

    format = Format.BINARY
    oid = 1016  # int8[]

    def dump(self, obj: Bigints) -> bytes:
        """One dimension, no nulls."""
        count = len(obj.values)
        if not count:
            return struct.pack(">iii", 0, 0, 20)
        pairs = [8] * (2 * count)
        pairs[1::2] = obj.values
        return struct.pack(">iiiii" + "iq" * count, 1, 0, 20, count, 1, *pairs)


psycopg.adapters.register_dumper(Bigints, _BigintsDumper)


class Database:
    """Connections to one Postgres database; a process has one of these.

    `prepare=False` turns prepared statements off, for PgBouncer in transaction mode.
    """

    def __init__(self, dsn: str, *, max_size: int = 8, prepare: bool = True) -> None:
        self._pool: AsyncConnectionPool[Conn] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=max_size,
            timeout=_CONNECT_SECONDS,
            max_idle=300,
            # Reconnecting goes on for as long as the process lives: a database that comes back is used again.
            reconnect_timeout=_CONNECT_SECONDS,
            open=False,
            check=self._check,
            kwargs={
                "autocommit": True,
                "connect_timeout": _CONNECT_SECONDS,
                "prepare_threshold": 5 if prepare else None,
                "application_name": "restante",
            },
        )

        self._renewal: asyncio.Task[None] | None = None

    async def _check(self, conn: Conn) -> None:
        """Called before a connection is handed out; raises when it is dead, and the pool tries another.

        The server has nothing to say on an idle connection, so only one that has something to be read is worth a round
        trip. After a restart of the server that is all of them, and the pool pauses for a second after each that it
        finds dead: so all are looked at now.
        """
        readable = select.poll()
        readable.register(conn.fileno(), select.POLLIN)
        if readable.poll(0):
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.create_task(self._pool.check())
            await AsyncConnectionPool.check_connection(conn)

    async def open(self) -> None:
        """Start the pool without waiting for the database: requests wait, and fail as Unavailable after 5 s."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection; those in use are waited for."""
        await self._pool.close(timeout=_CONNECT_SECONDS)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        """A connection in autocommit, for reads of one statement each. Raises Unavailable."""
        with _driver_errors():
            async with self._pool.connection() as conn:
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A connection inside one transaction: committed at the end, rolled back by any exception.

        Raises Unavailable.
        """
        with _driver_errors():
            async with self._pool.connection() as conn, conn.transaction():
                yield conn

    @asynccontextmanager
    async def pipelined_transaction(self) -> AsyncIterator[Conn]:
        """A transaction whose statements, BEGIN and COMMIT included, travel together: for writes that read nothing.

        An error of any of them is raised at the end of the context, and then nothing was committed. Raises Unavailable.
        """
        with _driver_errors():
            async with self._pool.connection() as conn, conn.pipeline(), conn.transaction():
                yield conn

    async def in_batches(self, delete: Callable[[Conn], Awaitable[int]], *, batch: int) -> int:
        """Run what deletes at most `batch` rows, each time in a transaction of its own, until fewer are left; how many
        rows in all. Raises Unavailable.
        """
        deleted = 0
        while True:
            async with self.transaction() as conn:
                count = await delete(conn)
            deleted += count
            if count < batch:
                return deleted

    async def check(self) -> None:
        """One round trip. Raises Unavailable."""
        async with self.connection() as conn:
            await conn.execute("SELECT 1")


@contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DeadlockDetected as error:
        raise Unavailable("Two changes waited for each other. Please try again.", code="deadlock") from error
    except psycopg.errors.DiskFull as error:
        raise Unavailable("There is no room to store this now. Please try again later.", code="storage_full") from error
    except (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable("The database does not answer. Please try again in a moment.") from error


def connect_now(dsn: str) -> psycopg.Connection[TupleRow]:
    """One blocking connection in autocommit, for command-line work and migrations. Raises Unavailable."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="restante")
    except psycopg.OperationalError as error:
        raise Unavailable("The database does not answer; check DATABASE_URL and that Postgres runs there.") from error
