"""SQL over security events."""

from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from app.core.security.model import EventRow
from app.lib.db import Conn

MAX_PAGE = 200


async def place(conn: Conn, account_id: UUID, day: date, *, first: UUID, most: int) -> tuple[bytes, int] | None:
    """(public key, events since the id `first`, counted up to `most`) of the account."""
    cursor = await conn.execute(
        """SELECT public_key, (SELECT count(*) FROM (
                      SELECT FROM security_events e
                      WHERE e.account_id = a.account_id AND e.event_id >= %(first)s AND e.noted_on = %(day)s
                      LIMIT %(most)s) n)
           FROM accounts a WHERE account_id = %(account_id)s LIMIT 1""",
        {"account_id": account_id, "first": first, "day": day, "most": most},
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def insert_event(conn: Conn, account_id: UUID, event_id: UUID, *, day: date, details: bytes) -> None:
    """One event."""
    await conn.execute(
        """INSERT INTO security_events (account_id, event_id, noted_on, details, count)
           VALUES (%(account_id)s, %(event_id)s, %(day)s, %(details)s, 1)""",
        {"account_id": account_id, "event_id": event_id, "day": day, "details": details},
    )


async def wait_for_no_disk(conn: Conn) -> None:
    """Commit this transaction without waiting until it is on the disk: a crash may lose it, never half of it."""
    await conn.execute("SET LOCAL synchronous_commit = off")


async def count_wrong_password(conn: Conn, account_id: UUID, event_id: UUID, *, day: date) -> None:
    """One more on this day; `event_id` is for the first. Of an account that is gone nothing is counted."""
    await conn.execute(
        """INSERT INTO security_events AS e (account_id, event_id, noted_on, count)
           SELECT account_id, %(event_id)s, %(day)s, 1 FROM accounts WHERE account_id = %(account_id)s
           ON CONFLICT (account_id, noted_on) WHERE details IS NULL DO UPDATE SET count = e.count + 1""",
        {"account_id": account_id, "event_id": event_id, "day": day},
    )


async def events(conn: Conn, account_id: UUID, *, before: UUID | None, limit: int) -> list[EventRow]:
    """A page of the account's events, newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(EventRow), binary=True) as cursor:
        await cursor.execute(
            """SELECT event_id, noted_on, details, count FROM security_events
               WHERE account_id = %(account_id)s AND (%(before)s::uuid IS NULL OR event_id < %(before)s)
               ORDER BY event_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "before": before, "limit": min(limit, MAX_PAGE)},
        )
        return await cursor.fetchall()


async def delete_before(conn: Conn, day: date, *, limit: int) -> int:
    """Forget what was noted of anybody before that day; how many rows."""
    cursor = await conn.execute(
        """DELETE FROM security_events WHERE (account_id, event_id) IN (
               SELECT account_id, event_id FROM security_events WHERE noted_on < %(day)s
               ORDER BY noted_on LIMIT %(limit)s
           )""",
        {"day": day, "limit": limit},
    )
    return cursor.rowcount
