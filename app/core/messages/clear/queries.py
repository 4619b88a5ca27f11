"""SQL over objects that may lie in the store in clear, and over what names them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.messages.model import BlobRow
from app.lib.db import Conn

MOST_COUNTED = 1000
MAX_NAMING = 200


async def count(conn: Conn, account_id: UUID) -> int:
    """How many there are, counted up to 1,000."""
    cursor = await conn.execute(
        """SELECT count(*) FROM (
               SELECT FROM blobs WHERE account_id = %(account_id)s AND locked_key IS NULL LIMIT %(most)s
           ) AS found""",
        {"account_id": account_id, "most": MOST_COUNTED},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def following(conn: Conn, account_id: UUID, after: UUID | None) -> UUID | None:
    """The first of them, or the first after that one."""
    cursor = await conn.execute(
        """SELECT blob_id FROM blobs
           WHERE account_id = %(account_id)s AND locked_key IS NULL
             AND (%(after)s::uuid IS NULL OR blob_id > %(after)s)
           ORDER BY blob_id LIMIT 1""",
        {"account_id": account_id, "after": after},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def naming(conn: Conn, account_id: UUID, blob_id: UUID) -> list[UUID]:
    """The messages that name the object, newest first; at most 200."""
    cursor = await conn.execute(
        """SELECT message_id FROM message_blobs WHERE account_id = %(account_id)s AND blob_id = %(blob_id)s
           ORDER BY message_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "blob_id": blob_id, "limit": MAX_NAMING},
    )
    return [message_id for (message_id,) in await cursor.fetchall()]


async def set_locked_key(conn: Conn, account_id: UUID, blob_id: UUID, locked_key: bytes) -> None:
    """The object was sealed all along; now its row says so."""
    await conn.execute(
        "UPDATE blobs SET locked_key = %(locked_key)s WHERE account_id = %(account_id)s AND blob_id = %(blob_id)s",
        {"account_id": account_id, "blob_id": blob_id, "locked_key": locked_key},
    )


async def replace(
    conn: Conn, account_id: UUID, blob_id: UUID, new: BlobRow, summaries: Mapping[UUID, bytes]
) -> Sequence[UUID]:
    """Have these messages name the new object in place of the old, with these summaries; which are still there.

    The new one takes over being found by its content.
    """
    values = {
        "account_id": account_id,
        "old": blob_id,
        "new": new.blob_id,
        "stored_size": new.stored_size,
        "content_digest": new.content_digest,
        "locked_key": new.locked_key,
        "message_ids": list(summaries),
        "summaries": list(summaries.values()),
    }
    await conn.execute(
        """UPDATE blobs SET content_digest = NULL
           WHERE account_id = %(account_id)s AND (blob_id = %(old)s OR content_digest = %(content_digest)s)""",
        values,
    )
    await conn.execute(
        """INSERT INTO blobs (account_id, blob_id, stored_size, content_digest, locked_key)
           VALUES (%(account_id)s, %(new)s, %(stored_size)s, %(content_digest)s, %(locked_key)s)""",
        values,
    )
    cursor = await conn.execute(
        """UPDATE message_blobs SET blob_id = %(new)s
           WHERE account_id = %(account_id)s AND blob_id = %(old)s AND message_id = ANY(%(message_ids)s)
           RETURNING message_id""",
        values,
    )
    moved = [message_id for (message_id,) in await cursor.fetchall()]
    await conn.execute(
        """UPDATE message_summaries s SET summary = n.summary
           FROM unnest(%(message_ids)s::uuid[], %(summaries)s::bytea[]) AS n (message_id, summary)
           WHERE s.account_id = %(account_id)s AND s.message_id = n.message_id AND n.message_id = ANY(%(moved)s)""",
        values | {"moved": moved},
    )
    return moved
