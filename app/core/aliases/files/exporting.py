"""All aliases of an account as CSV, a few hundred at a time."""

from collections.abc import AsyncIterator
from uuid import UUID

from app.core.aliases import details
from app.core.aliases import queries as aliases
from app.core.aliases.files import queries, writing
from app.core.aliases.model import Alias
from app.core.categories import service as categories
from app.lib.db import Database
from app.vault.keyring import Keyring

_AT_ONCE = 500


async def export(db: Database, account_id: UUID, keyring: Keyring) -> AsyncIterator[bytes]:
    """Every alias, also archived and deleted ones, oldest first, each as it is when its turn comes.

    No connection is held while a chunk is on its way to a slow reader.
    """
    yield writing.header()
    async with db.connection() as conn:
        names = {one.category_id: one.name for one in await categories.everything(conn, account_id, keyring)}
    async for found in everything(db, account_id, keyring):
        yield writing.lines(found, names)


async def everything(db: Database, account_id: UUID, keyring: Keyring) -> AsyncIterator[list[Alias]]:
    """The same aliases, opened."""
    after = None
    while True:
        async with db.connection() as conn:
            ids = await queries.alias_ids(conn, account_id, after=after, limit=_AT_ONCE)
            rows = sorted(await aliases.aliases_by_id(conn, account_id, ids), key=lambda row: row.alias_id)
        if not ids:
            return
        yield [details.open_row(keyring, account_id, row) for row in rows]
        after = ids[-1]
