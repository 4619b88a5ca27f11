"""SQL over messages, their contents, tokens and blobs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from app.core.auth.reach import queries as reach_queries
from app.core.events import queries as events
from app.core.events.fullness import note as note_fullness
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

# All messages of a transaction at once, because a statement costs more than its rows. The thread is that of any ref:
# those of one message have become one thread before.
_INSERT_MESSAGES = """
    WITH message AS (
        INSERT INTO messages (account_id, message_id, alias_id, thread_id, folder, is_read, is_starred,
                              received_at, size, has_attachments, trashed_at)
        SELECT n.account_id, n.message_id, n.alias_id,
               coalesce((SELECT r.thread_id FROM thread_refs r WHERE r.account_id = n.account_id AND r.ref = n.ref),
                        n.message_id),
               n.folder, n.is_read, n.is_starred, n.received_at, n.size, n.has_attachments,
               CASE WHEN n.folder = 'trash' THEN now() END
        FROM unnest(%(account_ids)b::uuid[], %(message_ids)b::uuid[], %(alias_ids)b::uuid[], %(refs)b::bytea[],
                    %(folders)b::text[], %(read)b::boolean[], %(starred)b::boolean[], %(times)b::timestamptz[],
                    %(sizes)b::bigint[], %(have_attachments)b::boolean[])
             AS n (account_id, message_id, alias_id, ref, folder, is_read, is_starred, received_at, size,
                   has_attachments)
    ), summary AS (
        INSERT INTO message_summaries (account_id, message_id, message_key, summary)
        SELECT * FROM unnest(%(account_ids)b::uuid[], %(message_ids)b::uuid[], %(keys)b::bytea[],
                             %(summaries)b::bytea[])
    ), source AS (
        INSERT INTO message_sources (account_id, message_id, source)
        SELECT * FROM unnest(%(account_ids)b::uuid[], %(message_ids)b::uuid[], %(sources)b::bytea[])
    )
    INSERT INTO message_tokens (account_id, message_id, tokens)
    SELECT n.account_id, n.message_id, (%(tokens)b::bigint[])[n.first:n.last]
    FROM unnest(%(account_ids)b::uuid[], %(message_ids)b::uuid[], %(firsts)b::bigint[], %(lasts)b::bigint[])
         AS n (account_id, message_id, first, last)
"""

_ADD_USAGE = """
    WITH account AS (
        INSERT INTO account_usage AS u (account_id, shard, message_count, stored_bytes)
        SELECT n.account_id, %(shard)b, n.message_count, n.stored_bytes
        FROM unnest(%(account_ids)b::uuid[], %(account_counts)b::bigint[], %(account_bytes)b::bigint[])
             AS n (account_id, message_count, stored_bytes)
        ON CONFLICT (account_id, shard) DO UPDATE
        SET message_count = u.message_count + excluded.message_count,
            stored_bytes = u.stored_bytes + excluded.stored_bytes
    )
    INSERT INTO alias_usage AS u (account_id, alias_id, shard, message_count, received_count, last_received_on)
    SELECT n.account_id, n.alias_id, %(shard)b, n.message_count, n.received_count, n.day
    FROM unnest(%(owner_ids)b::uuid[], %(alias_ids)b::uuid[], %(alias_counts)b::bigint[], %(received_counts)b::bigint[],
                %(days)b::date[])
         AS n (account_id, alias_id, message_count, received_count, day)
    ON CONFLICT (account_id, alias_id, shard) DO UPDATE
    SET message_count = u.message_count + excluded.message_count,
        received_count = u.received_count + excluded.received_count,
        last_received_on = greatest(u.last_received_on, excluded.last_received_on)
"""

# Below zero it fails, and with it the transaction: an alias never takes more than its owner allowed, whoever stores.
_TAKE_FROM_LIMIT = """
    UPDATE aliases SET messages_left = messages_left - %(count)s
    WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND messages_left IS NOT NULL
"""


async def insert_deliveries(conn: Conn, deliveries: Sequence[Delivery], *, shard: int) -> None:
    """All of the messages with what belongs to them, and the counters. `conn` is in pipeline mode: one round trip."""
    if not deliveries:
        return
    await _insert_blobs(conn, deliveries)
    await threads.insert_refs(conn, deliveries)
    for one in deliveries:
        if len(one.refs) > 1:
            await threads.join_threads(conn, one.account_id, one.refs)
    await _insert_messages(conn, deliveries)
    for one in deliveries:
        if one.subject_token is not None:
            await threads.adopt(conn, one, one.subject_token)
    await _insert_message_blobs(conn, deliveries)
    await _add_usage(conn, deliveries, shard=shard)
    limited = Counter((one.account_id, one.alias_id) for one in deliveries if one.is_limited)
    for (account_id, alias_id), count in sorted(limited.items()):
        await conn.execute(_TAKE_FROM_LIMIT, {"account_id": account_id, "alias_id": alias_id, "count": count})
    await senders.insert_senders(conn, deliveries, shard=shard)
    await _insert_events(conn, deliveries)


async def _insert_events(conn: Conn, deliveries: Sequence[Delivery]) -> None:
    told = [one.event for one in deliveries if one.event is not None]
    if told:
        await events.insert_events(conn, told)
    now = max(one.received_at for one in deliveries)
    full = {one.account_id: one.fullness for one in deliveries if one.fullness is not None}
    for account_id, fullness in sorted(full.items()):
        await note_fullness(conn, account_id, fullness, now=now)


async def _insert_messages(conn: Conn, deliveries: Sequence[Delivery]) -> None:
    lasts = list(accumulate(len(one.tokens) for one in deliveries))
    await conn.execute(
        _INSERT_MESSAGES,
        {
            "account_ids": [one.account_id for one in deliveries],
            "message_ids": [one.message_id for one in deliveries],
            "alias_ids": [one.alias_id for one in deliveries],
            "refs": [one.refs[0] if one.refs else b"" for one in deliveries],
            "folders": [one.folder for one in deliveries],
            "read": [one.is_read for one in deliveries],
            "starred": [one.is_starred for one in deliveries],
            "times": [one.received_at for one in deliveries],
            "sizes": Bigints([one.size for one in deliveries]),
            "have_attachments": [one.has_attachments for one in deliveries],
            "keys": [one.message_key for one in deliveries],
            "summaries": [one.summary for one in deliveries],
            "sources": [one.source for one in deliveries],
            "tokens": Bigints([token for one in deliveries for token in one.tokens]),
            "firsts": Bigints([1, *(last + 1 for last in lasts[:-1])]),
            "lasts": Bigints(lasts),
        },
    )


async def _add_usage(conn: Conn, deliveries: Sequence[Delivery], *, shard: int) -> None:
    """In one order everywhere, so that two processes never wait for each other in a circle."""
    of_account = Counter(one.account_id for one in deliveries)
    of_alias = Counter((one.account_id, one.alias_id) for one in deliveries)
    received = Counter((one.account_id, one.alias_id) for one in deliveries if not one.is_imported)
    days: dict[tuple[UUID, UUID], date] = {}
    size: Counter[UUID] = Counter()
    for one in deliveries:
        key, day = (one.account_id, one.alias_id), one.received_at.date()
        days[key] = max(days.get(key, day), day)
        size[one.account_id] += len(one.source) + sum(blob.stored_size for blob in one.new_blobs)
    accounts, aliases = sorted(of_account), sorted(of_alias)
    await conn.execute(
        _ADD_USAGE,
        {
            "shard": shard,
            "account_ids": accounts,
            "account_counts": Bigints([of_account[one] for one in accounts]),
            "account_bytes": Bigints([size[one] for one in accounts]),
            "owner_ids": [account_id for account_id, _ in aliases],
            "alias_ids": [alias_id for _, alias_id in aliases],
            "alias_counts": Bigints([of_alias[one] for one in aliases]),
            "received_counts": Bigints([received[one] for one in aliases]),
            "days": [days[one] for one in aliases],
        },
    )


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
    } | reach_queries.values(filters.reach)
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
    asked = "".join(yes if choice else no for choice, yes, no in chosen if choice is not None)
    return asked + reach_queries.condition(filters.reach, "n.alias_id")


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


async def sources(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The sealed sources of some messages."""
    cursor = await conn.execute(
        """SELECT message_id, source FROM message_sources
           WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s) LIMIT %(limit)s""",
        {"account_id": account_id, "message_ids": list(message_ids), "limit": len(message_ids)},
        binary=True,
    )
    return dict(await cursor.fetchall())


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
