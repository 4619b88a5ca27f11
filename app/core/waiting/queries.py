"""SQL of those who wait: what has come to many accounts, and which of their keys still count."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.messages.arrivals import Arrival
from app.lib.db import Conn

_MOST_OF_ACCOUNT = 200


async def arrivals_since(conn: Conn, account_ids: Sequence[UUID], since: UUID) -> list[Arrival]:
    """The messages of these accounts with ids after `since`, the newest 200 of each; one read of an index each."""
    async with conn.cursor(row_factory=class_row(Arrival)) as cursor:
        await cursor.execute(
            """SELECT m.account_id, m.message_id, m.alias_id, m.folder
               FROM unnest(%(account_ids)s::uuid[]) AS w (account_id)
               CROSS JOIN LATERAL (
                   SELECT account_id, message_id, alias_id, folder FROM messages
                   WHERE account_id = w.account_id AND message_id > %(since)s
                   ORDER BY message_id DESC LIMIT %(limit)s
               ) m""",
            {"account_ids": list(account_ids), "since": since, "limit": _MOST_OF_ACCOUNT},
        )
        return await cursor.fetchall()


async def keys_that_count(conn: Conn, keys: Sequence[tuple[UUID, UUID]], *, now: datetime) -> dict[UUID, bool]:
    """Of these (account, key), by key: those that were not revoked, of accounts that are active; whether they have
    not expired either.
    """
    cursor = await conn.execute(
        """SELECT k.key_id, k.expires_at IS NULL OR k.expires_at > %(now)s
           FROM unnest(%(account_ids)s::uuid[], %(key_ids)s::uuid[]) AS w (account_id, key_id)
           JOIN api_keys k USING (account_id, key_id) JOIN accounts a USING (account_id)
           WHERE a.status = 'active'
           LIMIT %(limit)s""",
        {
            "account_ids": [account_id for account_id, _ in keys],
            "key_ids": [key_id for _, key_id in keys],
            "now": now,
            "limit": len(keys),
        },
    )
    return dict(await cursor.fetchall())
