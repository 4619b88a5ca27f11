"""SQL that flags, moves, counts and deletes messages. Ids that are not the account's change nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.filing.model import Doomed
from app.core.messages.model import Folder
from app.lib.db import Conn

# Rows are locked in the order of their ids, so that two changes of many never wait for each other in a circle.
_CHOSEN = """
    WITH chosen AS MATERIALIZED (
        SELECT message_id, folder FROM messages
        WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s)
        ORDER BY message_id FOR UPDATE
    )
"""


async def set_read(conn: Conn, account_id: UUID, message_ids: Sequence[UUID], *, is_read: bool) -> list[UUID]:
    """Mark messages; the ids of those that were marked otherwise."""
    cursor = await conn.execute(
        _CHOSEN
        + """UPDATE messages m SET is_read = %(is_read)s FROM chosen c
             WHERE m.account_id = %(account_id)s AND m.message_id = c.message_id AND m.is_read <> %(is_read)s
             RETURNING m.message_id""",
        {"account_id": account_id, "message_ids": list(message_ids), "is_read": is_read},
    )
    return [message_id for (message_id,) in await cursor.fetchall()]


async def set_starred(conn: Conn, account_id: UUID, message_ids: Sequence[UUID], *, is_starred: bool) -> list[UUID]:
    """Star messages, or take the star away; the ids of those that were otherwise."""
    cursor = await conn.execute(
        _CHOSEN
        + """UPDATE messages m SET is_starred = %(is_starred)s FROM chosen c
             WHERE m.account_id = %(account_id)s AND m.message_id = c.message_id AND m.is_starred <> %(is_starred)s
             RETURNING m.message_id""",
        {"account_id": account_id, "message_ids": list(message_ids), "is_starred": is_starred},
    )
    return [message_id for (message_id,) in await cursor.fetchall()]


async def move(
    conn: Conn, account_id: UUID, message_ids: Sequence[UUID], folder: Folder, *, now: datetime
) -> list[tuple[UUID, Folder]]:
    """Move messages; (id, the folder it came from) of those that were elsewhere."""
    cursor = await conn.execute(
        _CHOSEN
        + """UPDATE messages m SET folder = %(folder)s, trashed_at = %(trashed_at)s FROM chosen c
             WHERE m.account_id = %(account_id)s AND m.message_id = c.message_id AND c.folder <> %(folder)s
             RETURNING m.message_id, c.folder""",
        {
            "account_id": account_id,
            "message_ids": list(message_ids),
            "folder": folder,
            "trashed_at": now if folder == "trash" else None,
        },
    )
    return [(message_id, was) for message_id, was in await cursor.fetchall()]


async def aliases_of(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """(id, the alias it came to) of these messages; at most 1,000."""
    cursor = await conn.execute(
        """SELECT message_id, alias_id FROM messages
           WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s) LIMIT 1000""",
        {"account_id": account_id, "message_ids": list(message_ids)},
    )
    return list(await cursor.fetchall())


async def folder_of(conn: Conn, account_id: UUID, message_id: UUID) -> Folder | None:
    """Where the message is; None when it is not the account's."""
    cursor = await conn.execute(
        "SELECT folder FROM messages WHERE account_id = %s AND message_id = %s LIMIT 1", (account_id, message_id)
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def unread_counts(conn: Conn, account_id: UUID, *, most: int) -> Mapping[str, int]:
    """Unread messages in inbox and spam, and all that are held, each counted up to `most`."""
    cursor = await conn.execute(
        """SELECT f.folder, (
               SELECT count(*) FROM (
                   SELECT FROM messages m
                   WHERE m.account_id = %(account_id)s AND m.folder = f.folder AND NOT m.is_read LIMIT %(most)s
               ) unread
           ) FROM (VALUES ('inbox'), ('spam')) AS f (folder)
           UNION ALL
           SELECT 'held', count(*) FROM (
               SELECT FROM messages m WHERE m.account_id = %(account_id)s AND m.folder = 'held' LIMIT %(most)s
           ) held""",
        {"account_id": account_id, "most": most},
    )
    return dict(await cursor.fetchall())


async def trashed_before(conn: Conn, moment: datetime, *, limit: int) -> list[tuple[UUID, UUID]]:
    """(account id, message id) of messages of all accounts that came into the trash before, oldest first."""
    cursor = await conn.execute(
        """SELECT account_id, message_id FROM messages
           WHERE folder = 'trash' AND trashed_at < %(moment)s ORDER BY trashed_at LIMIT %(limit)s""",
        {"moment": moment, "limit": limit},
    )
    return [(account_id, message_id) for account_id, message_id in await cursor.fetchall()]


async def lock_trashed(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> list[Doomed]:
    """Those of the messages that are in the trash; nobody moves them until the transaction ends."""
    async with conn.cursor(row_factory=class_row(Doomed)) as cursor:
        await cursor.execute(
            """SELECT m.message_id, m.alias_id, m.thread_id, coalesce(octet_length(s.source), 0) AS source_size
               FROM messages m LEFT JOIN message_sources s USING (account_id, message_id)
               WHERE m.account_id = %(account_id)s AND m.message_id = ANY(%(message_ids)s) AND m.folder = 'trash'
               ORDER BY m.message_id LIMIT 1000 FOR UPDATE OF m""",
            {"account_id": account_id, "message_ids": list(message_ids)},
        )
        return await cursor.fetchall()


async def lock_blobs_of(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> list[UUID]:
    """The blobs of these messages; nobody names or deletes them until the transaction ends.

    Only a later statement sees who named them while this one waited, so it is that which decides what is deleted.
    """
    cursor = await conn.execute(
        """SELECT b.blob_id FROM blobs b
           WHERE b.account_id = %(account_id)s AND b.blob_id IN (
               SELECT blob_id FROM message_blobs
               WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s)
           )
           ORDER BY b.blob_id FOR UPDATE OF b""",
        {"account_id": account_id, "message_ids": list(message_ids)},
    )
    return [blob_id for (blob_id,) in await cursor.fetchall()]


async def delete_unnamed_blobs(conn: Conn, account_id: UUID, blob_ids: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """Forget those of the locked blobs that no message names any more; (blob id, bytes in the store) of each."""
    cursor = await conn.execute(
        """DELETE FROM blobs b
           WHERE b.account_id = %(account_id)s AND b.blob_id = ANY(%(blob_ids)s) AND NOT EXISTS (
               SELECT FROM message_blobs o WHERE o.account_id = %(account_id)s AND o.blob_id = b.blob_id
           )
           RETURNING b.blob_id, b.stored_size""",
        {"account_id": account_id, "blob_ids": list(blob_ids)},
    )
    return [(blob_id, size) for blob_id, size in await cursor.fetchall()]


async def delete_messages(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Delete messages with all rows that belong to them alone."""
    await conn.execute(
        "DELETE FROM messages WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s)",
        {"account_id": account_id, "message_ids": list(message_ids)},
    )


async def delete_empty_threads(conn: Conn, account_id: UUID, thread_ids: Sequence[UUID]) -> None:
    """Forget what ties messages to those of these threads that have no message any more."""
    await conn.execute(
        """DELETE FROM thread_refs r
           WHERE r.account_id = %(account_id)s AND r.thread_id = ANY(%(thread_ids)s)
             AND NOT EXISTS (
                 SELECT FROM messages m WHERE m.account_id = %(account_id)s AND m.thread_id = r.thread_id
             )""",
        {"account_id": account_id, "thread_ids": list(thread_ids)},
    )


async def subtract_usage(
    conn: Conn, account_id: UUID, *, shard: int, count: int, stored_bytes: int, by_alias: Mapping[UUID, int]
) -> None:
    """Count messages down. A shard may go below zero: only the sum of all tells anything."""
    await conn.execute(
        """INSERT INTO account_usage AS u (account_id, shard, message_count, stored_bytes)
           VALUES (%(account_id)s, %(shard)s, -%(count)s::bigint, -%(stored_bytes)s::bigint)
           ON CONFLICT (account_id, shard) DO UPDATE
           SET message_count = u.message_count + excluded.message_count,
               stored_bytes = u.stored_bytes + excluded.stored_bytes""",
        {"account_id": account_id, "shard": shard, "count": count, "stored_bytes": stored_bytes},
    )
    for alias_id, alias_count in sorted(by_alias.items()):
        await conn.execute(
            """UPDATE alias_usage SET message_count = message_count - %(count)s
               WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND shard = (
                   SELECT min(shard) FROM alias_usage
                   WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s
               )""",
            {"account_id": account_id, "alias_id": alias_id, "count": alias_count},
        )


async def trash_mail_of(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], *, now: datetime, limit: int) -> int:
    """Move messages that came to these aliases into the trash, so many at once; how many were moved."""
    cursor = await conn.execute(
        """WITH chosen AS MATERIALIZED (
               SELECT message_id FROM messages
               WHERE account_id = %(account_id)s AND alias_id = ANY(%(alias_ids)s) AND folder <> 'trash'
               ORDER BY message_id LIMIT %(limit)s FOR UPDATE
           )
           UPDATE messages m SET folder = 'trash', trashed_at = %(now)s FROM chosen c
           WHERE m.account_id = %(account_id)s AND m.message_id = c.message_id""",
        {"account_id": account_id, "alias_ids": list(alias_ids), "now": now, "limit": limit},
    )
    return cursor.rowcount
