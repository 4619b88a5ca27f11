"""SQL over the one row that counts new accounts."""

from datetime import datetime

from app.lib.db import Conn


async def count_joining(conn: Conn, hour: datetime) -> int:
    """One more account in this hour; how many there are with it. Others who join wait until the transaction ends."""
    cursor = await conn.execute(
        """INSERT INTO joining_pace AS p (is_only_row, hour, account_count) VALUES (true, %(hour)s, 1)
           ON CONFLICT (is_only_row) DO UPDATE
               SET hour = excluded.hour,
                   account_count = CASE WHEN p.hour = excluded.hour THEN p.account_count + 1 ELSE 1 END
           RETURNING account_count""",
        {"hour": hour},
    )
    row = await cursor.fetchone()
    return row[0] if row else 1


async def delete_pace(conn: Conn, *, before: datetime) -> int:
    """Forget an hour before this one."""
    cursor = await conn.execute("DELETE FROM joining_pace WHERE hour < %(before)s", {"before": before})
    return cursor.rowcount


async def joined_in(conn: Conn, hour: datetime) -> int:
    """How many accounts were made in this hour."""
    cursor = await conn.execute("SELECT account_count FROM joining_pace WHERE hour = %(hour)s LIMIT 1", {"hour": hour})
    row = await cursor.fetchone()
    return row[0] if row else 0
