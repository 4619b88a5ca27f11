"""SQL over the audit log."""

from datetime import datetime
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
