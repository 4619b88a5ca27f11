"""The pool of Postgres connections, and the one place where the driver's errors become ours."""

import asyncio
import select
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from app.errors import PreconditionFailed, Unavailable

Conn = AsyncConnection[TupleRow]
"""What every query takes. Functions that are given one never commit: the edge owns the transaction."""

_CONNECT_SECONDS = 5


class Company:
    """What goes along with the transactions of one task, without those who open them knowing of it.

    `first` runs once, at the beginning of the next transaction: what it reads through `Database.connection` is that
    transaction's own snapshot, and if another transaction changes before the commit what this one then writes,
    PreconditionFailed is raised. `last` runs at the end of every transaction and commits with it. What either raises
    undoes the transaction.
    """

    def __init__(self) -> None:
        self.first: Callable[[], Awaitable[None]] | None = None
        self.last: Callable[[Conn], Awaitable[None]] | None = None
        self.lent: Conn | None = None

    async def begin(self, conn: Conn) -> None:
        """At the beginning of a transaction."""
        if self.first is None:
            return
        first, self.first, self.lent = self.first, None, conn
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try:
            await first()
        finally:
            self.lent = None

    async def end(self, conn: Conn) -> None:
        """Before a transaction commits."""
        if self.last is not None:
            await self.last(conn)


_COMPANY: ContextVar[Company | None] = ContextVar("company", default=None)


@contextmanager
def accompanied() -> Iterator[Company]:
    """Company for the transactions that this task opens inside; it does nothing until told what."""
    company = Company()
    token = _COMPANY.set(company)
    try:
        yield company
    finally:
        _COMPANY.reset(token)
        company.first = company.last = None  # tasks that were started inside may outlive it


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
        company = _COMPANY.get()
        if company is not None and company.lent is not None:
            yield company.lent
            return
        with _driver_errors():
            async with self._pool.connection() as conn:
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A connection inside one transaction: committed at the end, rolled back by any exception.

        Raises Unavailable, and what its company raises.
        """
        company = _COMPANY.get()
        with _driver_errors():
            async with self._pool.connection() as conn, conn.transaction():
                if company is not None:
                    await company.begin(conn)
                yield conn
                if company is not None:
                    await company.end(conn)

    @asynccontextmanager
    async def pipelined_transaction(self) -> AsyncIterator[Conn]:
        """A transaction whose statements, BEGIN and COMMIT included, travel together: for writes that read nothing.

        An error of any of them is raised at the end of the context, and then nothing was committed. It has no company.
        Raises Unavailable.
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
    except psycopg.errors.SerializationFailure as error:
        raise PreconditionFailed from error
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
