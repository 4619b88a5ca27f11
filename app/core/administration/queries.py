"""SQL over the audit log and suspensions."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.administration.model import AuditEntry
from app.lib.db import Conn


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be."""

    entry_id: UUID
    actor_id: UUID | None
    action: str
    account_id: UUID | None
    subject: str
    details: str


async def insert_entry(conn: Conn, entry: NewEntry) -> None:
    """One entry, with the database's own time."""
    await conn.execute(
        """INSERT INTO audit_entries (entry_id, actor_id, action, account_id, subject, details)
           VALUES (%(entry_id)s, %(actor_id)s, %(action)s, %(account_id)s, %(subject)s, %(details)s)""",
        msgspec.structs.asdict(entry),
    )


async def entries(
    conn: Conn, *, account_id: UUID | None, before: UUID | None, after: UUID | None, limit: int
) -> list[AuditEntry]:
    """Newest first; of the whole log, or those about one account; at most 200.

    `before` begins below an entry; `after` gives those right above one.
    """
    async with conn.cursor(row_factory=class_row(AuditEntry)) as cursor:
        await cursor.execute(
            """WITH found AS (
                   (SELECT * FROM audit_entries
                    WHERE %(after)s::uuid IS NULL
                      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
                      AND (%(before)s::uuid IS NULL OR entry_id < %(before)s)
                    ORDER BY entry_id DESC LIMIT %(limit)s)
                   UNION ALL
                   (SELECT * FROM audit_entries
                    WHERE entry_id > %(after)s
                      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
                    ORDER BY entry_id LIMIT %(limit)s))
               SELECT e.entry_id, e.noted_at, e.actor_id, a.login AS actor_login, e.action, e.account_id,
                      s.login AS account_login, e.subject, e.details
               FROM found e
               LEFT JOIN accounts a ON a.account_id = e.actor_id
               LEFT JOIN accounts s ON s.account_id = e.account_id
               ORDER BY e.entry_id DESC""",
            {"account_id": account_id, "before": before, "after": after, "limit": min(limit, 200)},
        )
        return await cursor.fetchall()


async def delete_entries(conn: Conn, before: datetime, *, limit: int) -> int:
    """At most `limit` entries from before this; the table itself refuses for those of the last year. How many."""
    cursor = await conn.execute(
        """DELETE FROM audit_entries WHERE entry_id IN (
               SELECT entry_id FROM audit_entries WHERE noted_at < %(before)s LIMIT %(limit)s)""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount


class SuspensionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A suspension as stored."""

    reason: str
    words: bytes
    suspended_on: date


async def replace_suspension(conn: Conn, account_id: UUID, subject_id: UUID, row: SuspensionRow) -> None:
    """Of the account, or of an alias of it; a later one takes the place of an earlier one."""
    await conn.execute(
        """INSERT INTO suspensions (account_id, subject_id, reason, words, suspended_on)
           VALUES (%(account_id)s, %(subject_id)s, %(reason)s, %(words)s, %(suspended_on)s)
           ON CONFLICT (account_id, subject_id) DO UPDATE
           SET reason = excluded.reason, words = excluded.words, suspended_on = excluded.suspended_on""",
        {"account_id": account_id, "subject_id": subject_id} | msgspec.structs.asdict(row),
    )


async def delete_suspension(conn: Conn, account_id: UUID, subject_id: UUID) -> bool:
    """False when there was none."""
    cursor = await conn.execute(
        "DELETE FROM suspensions WHERE account_id = %(account_id)s AND subject_id = %(subject_id)s",
        {"account_id": account_id, "subject_id": subject_id},
    )
    return cursor.rowcount == 1


async def suspension(conn: Conn, account_id: UUID, subject_id: UUID) -> SuspensionRow | None:
    """Of the account, or of an alias of it."""
    async with conn.cursor(row_factory=class_row(SuspensionRow)) as cursor:
        await cursor.execute(
            """SELECT reason, words, suspended_on FROM suspensions
               WHERE account_id = %(account_id)s AND subject_id = %(subject_id)s LIMIT 1""",
            {"account_id": account_id, "subject_id": subject_id},
        )
        return await cursor.fetchone()


async def set_alias_suspended(conn: Conn, account_id: UUID, alias_id: UUID, *, is_suspended: bool) -> None:
    """What receiving looks at."""
    await conn.execute(
        """UPDATE aliases SET is_suspended = %(is_suspended)s
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s""",
        {"account_id": account_id, "alias_id": alias_id, "is_suspended": is_suspended},
    )
