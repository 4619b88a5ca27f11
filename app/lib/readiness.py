"""Whether this process can do its work now: the database answers, its schema is new enough, the object store works."""

import asyncio
from collections.abc import Callable
from time import monotonic

from app.errors import RestanteError
from app.lib import migrate
from app.lib.blobs import BlobStore
from app.lib.db import Database

_BLOBS_SECONDS = 10.0
"""A probe of the object store writes an object: it is worth this long."""


class Readiness:
    """Asked by load balancers and supervisors, perhaps every second."""

    def __init__(self, db: Database, blobs: BlobStore, *, clock: Callable[[], float] = monotonic) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._newest = migrate.newest()
        self._probing = asyncio.Lock()
        self._probed_at: float | None = None
        self._has_blobs = False

    async def failing(self) -> str | None:
        """The first part that does not work (`database`, `schema`, `blobs`), or None when all do."""
        try:
            async with self._db.connection() as conn:
                cursor = await conn.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
                row = await cursor.fetchone()
                if row != (True,):
                    return "schema"
                cursor = await conn.execute(
                    "SELECT EXISTS (SELECT FROM schema_migrations WHERE name = %(name)s)", {"name": self._newest}
                )
                if await cursor.fetchone() != (True,):
                    return "schema"
        except RestanteError:
            return "database"
        return None if await self._blobs_work() else "blobs"

    async def _blobs_work(self) -> bool:
        async with self._probing:
            if self._probed_at is None or self._clock() - self._probed_at >= _BLOBS_SECONDS:
                try:
                    await self._blobs.check()
                except RestanteError:
                    self._has_blobs = False
                else:
                    self._has_blobs = True
                self._probed_at = self._clock()
            return self._has_blobs
