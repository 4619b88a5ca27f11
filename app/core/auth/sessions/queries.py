"""SQL over the sessions of one account, and over the codes that a pending one was given."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.sessions.model import SessionRow
from app.lib.db import Conn

MAX_PAGE = 200


async def sessions(conn: Conn, account_id: UUID, *, now: datetime, limit: int) -> list[SessionRow]:
    """The account's sessions that have not ended and are not pending, newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(SessionRow), binary=True) as cursor:
        await cursor.execute(
            """SELECT session_id, created_on, expires_at, browser FROM sessions
               WHERE account_id = %(account_id)s AND NOT is_pending AND expires_at > %(now)s
               ORDER BY created_on DESC, session_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "now": now, "limit": min(limit, MAX_PAGE)},
        )
        return await cursor.fetchall()


async def delete_session(conn: Conn, account_id: UUID, session_id: UUID) -> bool:
    """The session with its holder, and its entry in the directory; False where the account has none of this id."""
    keys = {"account_id": account_id, "session_id": session_id}
    cursor = await conn.execute(
        "DELETE FROM sessions WHERE account_id = %(account_id)s AND session_id = %(session_id)s", keys
    )
    await conn.execute(
        "DELETE FROM session_owners WHERE session_id = %(session_id)s AND account_id = %(account_id)s", keys
    )
    return cursor.rowcount == 1


async def delete_others(conn: Conn, account_id: UUID, session_id: UUID) -> int:
    """All sessions of the account but this one, with their holders; how many."""
    keys = {"account_id": account_id, "session_id": session_id}
    cursor = await conn.execute(
        "DELETE FROM sessions WHERE account_id = %(account_id)s AND session_id <> %(session_id)s", keys
    )
    await conn.execute(
        "DELETE FROM session_owners WHERE account_id = %(account_id)s AND session_id <> %(session_id)s", keys
    )
    return cursor.rowcount


async def count_code(conn: Conn, account_id: UUID, session_id: UUID) -> int:
    """One more code was given to this pending session; how many those are now, 0 where it has ended."""
    cursor = await conn.execute(
        """UPDATE sessions SET wrong_codes = wrong_codes + 1
           WHERE account_id = %(account_id)s AND session_id = %(session_id)s AND is_pending
           RETURNING wrong_codes""",
        {"account_id": account_id, "session_id": session_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else 0
