"""SQL over messages, their contents, tokens and blobs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row

from app.core.messages.cut import MAX_CUTS
from app.core.messages.model import FOLDERS, BlobRow, Delivery, Filters, Folder, MessageRow
from app.core.senders import queries as senders
from app.core.threads import queries as threads
from app.lib.db import Bigints, Conn
from app.lib.ids import first_id_at

MAX_PAGE = 200
_OF_LIMIT = "aliases_messages_left"
_OF_SHARING = ("blobs_content", "message_blobs_blob")
_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=(1 << 128) - 1)

_INSERT_MESSAGE = (
    """
    WITH message AS (
        INSERT INTO messages (account_id, message_id, alias_id, thread_id, folder, is_read, is_starred,
                              received_at, size, has_attachments)
        VALUES (%(account_id)b, %(message_id)b, %(alias_id)b, coalesce(("""
    + threads.OF_REFS
    + """), %(message_id)b), %(folder)b, false, false, %(received_at)b, %(size)b,
            %(has_attachments)b)
    ), summary AS (
        INSERT INTO message_summaries (account_id, message_id, message_key, summary)
        VALUES (%(account_id)b, %(message_id)b, %(message_key)b, %(summary)b)
    ), source AS (
        INSERT INTO message_sources (account_id, message_id, source)
        VALUES (%(account_id)b, %(message_id)b, %(source)b)
    )
    INSERT INTO message_tokens (account_id, message_id, tokens)
    VALUES (%(account_id)b, %(message_id)b, %(tokens)b)
"""
)

_ADD_ACCOUNT_USAGE = """
    INSERT INTO account_usage AS u (account_id, shard, message_count, stored_bytes)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (account_id, shard) DO UPDATE
    SET message_count = u.message_count + excluded.message_count, stored_bytes = u.stored_bytes + excluded.stored_bytes
"""

_ADD_ALIAS_USAGE = """
    INSERT INTO alias_usage AS u (account_id, alias_id, shard, message_count, received_count, last_received_on)
    VALUES (%(account_id)s, %(alias_id)s, %(shard)s, %(count)s, %(count)s, current_date)
    ON CONFLICT (account_id, alias_id, shard) DO UPDATE
    SET message_count = u.message_count + excluded.message_count,
        received_count = u.received_count + excluded.received_count, last_received_on = excluded.last_received_on
"""

# Below zero it fails, and with it the transaction: an alias never takes more than its owner allowed, whoever stores.
_TAKE_FROM_LIMIT = """
    UPDATE aliases SET messages_left = messages_left - %(count)s
    WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND messages_left IS NOT NULL
"""


async def insert_deliveries(conn: Conn, deliveries: Sequence[Delivery], *, shard: int) -> None:
    """All of the messages with what belongs to them, and the counters. `conn` is in pipeline mode: one round trip."""
    account_counts: Counter[UUID] = Counter()
    account_bytes: Counter[UUID] = Counter()
    alias_counts: Counter[tuple[UUID, UUID]] = Counter()
    limited: Counter[tuple[UUID, UUID]] = Counter()
    cursor = conn.cursor()
    await _insert_blobs(conn, deliveries)
    await threads.insert_refs(conn, deliveries)
    for one in deliveries:
        if len(one.refs) > 1:
            await threads.join_threads(conn, one.account_id, one.refs)
        await cursor.execute(_INSERT_MESSAGE, msgspec.structs.asdict(one) | {"tokens": Bigints(one.tokens)})
        if one.subject_token is not None:
            await threads.adopt(conn, one, one.subject_token)
        account_counts[one.account_id] += 1
        account_bytes[one.account_id] += len(one.source) + sum(blob.stored_size for blob in one.new_blobs)
        alias_counts[one.account_id, one.alias_id] += 1
        if one.is_limited:
            limited[one.account_id, one.alias_id] += 1
    await _insert_message_blobs(conn, deliveries)
    # In one order everywhere, so that two processes never wait for each other in a circle.
    for account_id, count in sorted(account_counts.items()):
        await cursor.execute(_ADD_ACCOUNT_USAGE, (account_id, shard, count, account_bytes[account_id]))
    for (account_id, alias_id), count in sorted(alias_counts.items()):
        values = {"account_id": account_id, "alias_id": alias_id, "shard": shard, "count": count}
        await cursor.execute(_ADD_ALIAS_USAGE, values)
    for (account_id, alias_id), count in sorted(limited.items()):
        await cursor.execute(_TAKE_FROM_LIMIT, {"account_id": account_id, "alias_id": alias_id, "count": count})
    await senders.insert_senders(conn, deliveries, shard=shard)


async def _insert_blobs(conn: Conn, deliveries: Iterable[Delivery]) -> None:
    """What the accounts did not have, before anything else and in one order: two may store the same content at once."""
    rows = sorted(
        ((one.account_id, blob) for one in deliveries for blob in one.new_blobs),
        key=lambda row: (row[0], row[1].content_digest or b""),
    )
    if rows:
        await conn.execute(
            """INSERT INTO blobs (account_id, blob_id, stored_size, content_digest, locked_key)
               SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[])""",
            (
                [account_id for account_id, _ in rows],
                [blob.blob_id for _, blob in rows],
                [blob.stored_size for _, blob in rows],
                [blob.content_digest for _, blob in rows],
                [blob.locked_key for _, blob in rows],
            ),
        )


async def _insert_message_blobs(conn: Conn, deliveries: Iterable[Delivery]) -> None:
    rows = sorted((one.account_id, blob_id, one.message_id) for one in deliveries for blob_id in one.blobs)
    if rows:
        accounts, blobs, ids = zip(*rows, strict=True)
        await conn.execute(
            """INSERT INTO message_blobs (account_id, blob_id, message_id)
               SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])""",
            (list(accounts), list(blobs), list(ids)),
        )


def is_sharing_conflict(error: Exception) -> bool:
    """Whether messages could not be stored because what they share was deleted, or has been stored, meanwhile."""
    return isinstance(error, psycopg.errors.IntegrityError) and error.diag.constraint_name in _OF_SHARING


def is_limit_reached(error: Exception) -> bool:
    """Whether messages could not be stored because an alias has taken all that it takes."""
    return isinstance(error, psycopg.errors.CheckViolation) and error.diag.constraint_name == _OF_LIMIT


async def blobs_by_content(conn: Conn, account_id: UUID, digests: Sequence[bytes]) -> list[BlobRow]:
    """The account's objects that hold these contents."""
    async with conn.cursor(row_factory=class_row(BlobRow), binary=True) as cursor:
        await cursor.execute(
            """SELECT blob_id, stored_size, content_digest, locked_key FROM blobs
               WHERE account_id = %(account_id)s AND content_digest = ANY(%(digests)s) LIMIT %(limit)s""",
            {"account_id": account_id, "digests": list(digests), "limit": MAX_CUTS},
        )
        return await cursor.fetchall()


_ROW = """
    SELECT m.message_id, m.alias_id, m.thread_id, a.address, m.folder, m.is_read, m.is_starred, m.received_at, m.size,
           s.message_key, s.summary
    FROM messages m
    JOIN message_summaries s USING (account_id, message_id)
    JOIN aliases a USING (account_id, alias_id)
    WHERE m.account_id = %(account_id)s
"""

_PAGE_OF_ALL = (
    _ROW
    + """ AND m.folder <> 'held' AND (%(before)s::uuid IS NULL OR m.message_id < %(before)s)
          ORDER BY m.message_id DESC LIMIT %(limit)s"""
)

_PAGE_OF_FOLDER = (
    _ROW
    + """ AND m.folder = %(folder)s AND (%(before)s::uuid IS NULL OR m.message_id < %(before)s)
          ORDER BY m.message_id DESC LIMIT %(limit)s"""
)


# The newest of each folder by themselves, and its name as a literal: so each is read along an index that begins with
# the folder, also where the planner knows nothing of how one account fills its folders.
_OF_FOLDER = {
    folder: f"""(
        SELECT n.message_id FROM messages n
        WHERE n.account_id = %(account_id)s AND n.folder = '{folder}'
          AND n.message_id < %(before)s AND n.message_id >= %(since)s"""
    for folder in FOLDERS
}


def _filtered(folders: Sequence[Folder], filters: Filters, *, is_upward: bool = False) -> str:
    order = "ASC" if is_upward else "DESC"
    end = _conditions(filters) + f" ORDER BY n.message_id {order} LIMIT %(limit)s)"
    branches = " UNION ALL ".join(_OF_FOLDER[folder] + end for folder in folders)
    page = f"SELECT message_id FROM ({branches}) found ORDER BY message_id {order} LIMIT %(limit)s"
    return _ROW + f" AND m.message_id IN ({page}) ORDER BY m.message_id DESC LIMIT %(limit)s"


async def filtered_messages(
    conn: Conn,
    account_id: UUID,
    *,
    folders: Sequence[Folder],
    filters: Filters,
    before: UUID | None,
    after: UUID | None = None,
    limit: int,
) -> list[MessageRow]:
    """A page of the messages in any of these folders that pass the filters, newest first; at most 200.

    With `after`, those that came next after that one.
    """
    ends = [end for end in (before, first_id_at(filters.before) if filters.before else None) if end is not None]
    since = first_id_at(filters.after) if filters.after else _FIRST_ID
    values = {
        "account_id": account_id,
        "before": min(ends, default=_LAST_ID),
        "since": since if after is None else max(since, _next_id(after)),
        "alias_id": filters.alias_id,
        "limit": min(limit, MAX_PAGE),
    }
    async with conn.cursor(row_factory=class_row(MessageRow), binary=True) as cursor:
        await cursor.execute(_filtered(folders, filters, is_upward=after is not None), values)
        return await cursor.fetchall()


def _next_id(message_id: UUID) -> UUID:
    return UUID(int=min(message_id.int + 1, _LAST_ID.int))


def _conditions(filters: Filters) -> str:
    """As literals, not parameters: partial indexes are used only where the statement says their own condition."""
    chosen = [
        (filters.is_read, " AND n.is_read", " AND NOT n.is_read"),
        (filters.is_starred, " AND n.is_starred", " AND NOT n.is_starred"),
        (filters.has_attachment, " AND n.has_attachments", " AND NOT n.has_attachments"),
        (filters.alias_id is not None or None, " AND n.alias_id = %(alias_id)s", ""),
    ]
    return "".join(yes if choice else no for choice, yes, no in chosen if choice is not None)


async def messages(
    conn: Conn, account_id: UUID, *, folder: Folder | None, before: UUID | None, limit: int
) -> list[MessageRow]:
    """A page of a folder, or of all but those that are held, newest first, those before `before`; at most 200."""
    async with conn.cursor(row_factory=class_row(MessageRow), binary=True) as cursor:
        await cursor.execute(
            _PAGE_OF_ALL if folder is None else _PAGE_OF_FOLDER,
            {"account_id": account_id, "folder": folder, "before": before, "limit": min(limit, MAX_PAGE)},
        )
        return await cursor.fetchall()


async def messages_of(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> list[MessageRow]:
    """Those of the account's messages, newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(MessageRow), binary=True) as cursor:
        await cursor.execute(
            _ROW + " AND m.message_id = ANY(%(message_ids)s) ORDER BY m.message_id DESC LIMIT %(limit)s",
            {"account_id": account_id, "message_ids": list(message_ids), "limit": MAX_PAGE},
        )
        return await cursor.fetchall()


async def message(conn: Conn, account_id: UUID, message_id: UUID) -> MessageRow | None:
    """One message of the account, as lists read it."""
    async with conn.cursor(row_factory=class_row(MessageRow), binary=True) as cursor:
        await cursor.execute(
            _ROW + " AND m.message_id = %(message_id)s LIMIT 1", {"account_id": account_id, "message_id": message_id}
        )
        return await cursor.fetchone()


async def source(conn: Conn, account_id: UUID, message_id: UUID) -> bytes | None:
    """The sealed source of one message."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(
        "SELECT source FROM message_sources WHERE account_id = %s AND message_id = %s LIMIT 1",
        (account_id, message_id),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def set_message_keys(conn: Conn, account_id: UUID, keys: Mapping[UUID, bytes]) -> None:
    """Store message keys that were wrapped anew."""
    await conn.execute(
        """UPDATE message_summaries s SET message_key = k.message_key
           FROM unnest(%(ids)s::uuid[], %(keys)s::bytea[]) AS k (message_id, message_key)
           WHERE s.account_id = %(account_id)s AND s.message_id = k.message_id""",
        {"account_id": account_id, "ids": list(keys), "keys": list(keys.values())},
    )


async def kept_blobs(conn: Conn, account_id: UUID, blob_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these blobs the account's messages still need."""
    cursor = await conn.execute(
        """SELECT blob_id FROM blobs
           WHERE account_id = %(account_id)s AND blob_id = ANY(%(blob_ids)s) LIMIT 10000""",
        {"account_id": account_id, "blob_ids": list(blob_ids)},
    )
    return {blob_id for (blob_id,) in await cursor.fetchall()}
