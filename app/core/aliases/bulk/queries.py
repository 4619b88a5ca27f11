"""SQL that changes many aliases, and tells what they were before."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from app.core.aliases.model import BulkAction
from app.core.aliases.queries import HAS_ENDED, USAGE_OF_EACH
from app.lib.db import Conn

_SET: Mapping[BulkAction, LiteralString] = {
    # Idleness is counted anew from where an alias is switched on.
    "on": """is_enabled = true, idle_from = CASE WHEN idle_days IS NULL THEN NULL ELSE %(today)s::date END,
             is_end_told = false WHERE NOT is_enabled""",
    "off": "is_enabled = false WHERE is_enabled",
    "pin": "is_pinned = true WHERE NOT is_pinned",
    "unpin": "is_pinned = false WHERE is_pinned",
    "archive": "is_archived = true WHERE NOT is_archived",
    "unarchive": "is_archived = false WHERE is_archived",
}
_OF_THESE = "account_id = %(account_id)s AND alias_id = ANY(%(alias_ids)s)"


async def set_flag(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], action: BulkAction, *, today: date
) -> list[UUID]:
    """Switch, pin or archive locked aliases, or take that back; the ids of those that were otherwise."""
    cursor = await conn.execute(
        f"UPDATE aliases SET {_SET[action]} AND {_OF_THESE} AND deleted_on IS NULL RETURNING alias_id",
        {"account_id": account_id, "alias_ids": list(alias_ids), "today": today},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def set_category(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], *, category_id: UUID | None
) -> list[tuple[UUID, UUID | None]]:
    """Sort locked aliases into a category; (id, the category before) of those that were elsewhere."""
    cursor = await _set_value(conn, account_id, alias_ids, "category_id", category_id)
    return [(alias_id, was) for alias_id, was in await cursor.fetchall()]


async def set_expiry(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], *, expires_at: datetime | None
) -> list[tuple[UUID, datetime | None]]:
    """Give locked aliases an end, or none; (id, the end before) of those that had another."""
    cursor = await _set_value(conn, account_id, alias_ids, "expires_at", expires_at)
    return [(alias_id, was) for alias_id, was in await cursor.fetchall()]


async def _set_value(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], column: LiteralString, value: UUID | datetime | None
) -> AsyncCursor[TupleRow]:
    """Rows of (alias, the value before)."""
    told: LiteralString = ", is_end_told = false" if column == "expires_at" else ""
    return await conn.execute(
        f"""WITH before AS MATERIALIZED (SELECT alias_id, {column} FROM aliases WHERE {_OF_THESE})
            UPDATE aliases a SET {column} = %(value)s{told} FROM before b
            WHERE a.account_id = %(account_id)s AND a.alias_id = b.alias_id AND a.deleted_on IS NULL
              AND a.{column} IS DISTINCT FROM %(value)s
            RETURNING a.alias_id, b.{column}""",
        {"account_id": account_id, "alias_ids": list(alias_ids), "value": value},
    )


async def renew(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Take away what has made locked aliases expire; the ids of those that had."""
    cursor = await conn.execute(
        f"""WITH ended AS MATERIALIZED (
                SELECT a.alias_id FROM aliases a {USAGE_OF_EACH}
                WHERE a.account_id = %(account_id)s AND a.alias_id = ANY(%(alias_ids)s)
                  AND a.deleted_on IS NULL AND {HAS_ENDED}
            )
            UPDATE aliases a
            SET expires_at = CASE WHEN a.expires_at > %(now)s THEN a.expires_at END,
                message_limit = CASE WHEN a.messages_left > 0 THEN a.message_limit END,
                messages_left = nullif(a.messages_left, 0),
                idle_from = CASE WHEN a.idle_days IS NULL THEN NULL ELSE (%(now)s AT TIME ZONE 'UTC')::date END,
                is_end_told = false
            FROM ended e WHERE a.account_id = %(account_id)s AND a.alias_id = e.alias_id
            RETURNING a.alias_id""",
        {"account_id": account_id, "alias_ids": list(alias_ids), "now": now},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def delete_aliases(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], *, deleted_on: date, kept_local_parts: Sequence[str]
) -> list[UUID]:
    """Mark locked aliases deleted, but for those with these local parts; the ids of those that were not."""
    cursor = await conn.execute(
        f"""UPDATE aliases SET deleted_on = %(deleted_on)s
            WHERE {_OF_THESE} AND deleted_on IS NULL AND split_part(address, '@', 1) <> ALL(%(kept)s)
            RETURNING alias_id""",
        {
            "account_id": account_id,
            "alias_ids": list(alias_ids),
            "deleted_on": deleted_on,
            "kept": list(kept_local_parts),
        },
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def restore_aliases(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> list[UUID]:
    """Take the deletion of locked aliases back; the ids of those that were deleted."""
    cursor = await conn.execute(
        f"UPDATE aliases SET deleted_on = NULL WHERE {_OF_THESE} AND deleted_on IS NOT NULL RETURNING alias_id",
        {"account_id": account_id, "alias_ids": list(alias_ids)},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]
