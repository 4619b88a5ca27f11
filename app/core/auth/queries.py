"""SQL over sessions and API keys."""

from datetime import date, datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.model import Credential
from app.lib.db import Conn


async def insert_session(
    conn: Conn,
    account_id: UUID,
    session_id: UUID,
    *,
    secret_hash: bytes,
    created_on: date,
    expires_at: datetime,
    fresh_until: datetime,
    is_pending: bool,
    browser: bytes | None,
) -> None:
    """The session and its entry in the directory."""
    values = {
        "account_id": account_id,
        "session_id": session_id,
        "secret_hash": secret_hash,
        "created_on": created_on,
        "expires_at": expires_at,
        "fresh_until": fresh_until,
        "is_pending": is_pending,
        "browser": browser,
    }
    await conn.execute(
        """INSERT INTO sessions (account_id, session_id, secret_hash, created_on, expires_at, fresh_until, is_pending,
                                 browser)
           VALUES (%(account_id)s, %(session_id)s, %(secret_hash)s, %(created_on)s, %(expires_at)s, %(fresh_until)s,
                   %(is_pending)s, %(browser)s)""",
        values,
    )
    await conn.execute(
        """UPDATE accounts SET last_used_on = %(created_on)s
           WHERE account_id = %(account_id)s AND last_used_on IS DISTINCT FROM %(created_on)s""",
        values,
    )
    await conn.execute(
        """INSERT INTO session_owners (session_id, account_id, expires_at)
           VALUES (%(session_id)s, %(account_id)s, %(expires_at)s)""",
        values,
    )


async def session(conn: Conn, session_id: UUID) -> Credential | None:
    """The session of this id with all that opening the account needs, in one round trip."""
    async with conn.cursor(row_factory=class_row(Credential)) as cursor:
        await cursor.execute(
            """SELECT a.account_id, a.login, a.is_admin, a.status, a.kind, s.secret_hash, s.expires_at,
                      h.holder_id, h.kind AS holder_kind, h.keyring,
                      s.session_id AS credential_id, s.is_pending, s.fresh_until,
                      EXISTS (SELECT FROM account_domains d WHERE d.account_id = a.account_id
                                                              AND d.failing_since IS NOT NULL) AS has_failing_domain,
                      EXISTS (SELECT FROM webhooks w WHERE w.account_id = a.account_id
                                                       AND w.disabled_reason IS NOT NULL) AS has_disabled_webhook
               FROM session_owners o
               JOIN sessions s USING (account_id, session_id)
               JOIN accounts a USING (account_id)
               LEFT JOIN holders h
                   ON h.account_id = a.account_id AND (h.kind = 'instance' OR h.session_id = s.session_id)
               WHERE o.session_id = %(session_id)s LIMIT 1""",
            {"session_id": session_id},
        )
        return await cursor.fetchone()


async def delete_session(conn: Conn, account_id: UUID, session_id: UUID) -> None:
    """The session and its entry in the directory."""
    keys = {"account_id": account_id, "session_id": session_id}
    await conn.execute("DELETE FROM sessions WHERE account_id = %(account_id)s AND session_id = %(session_id)s", keys)
    await conn.execute("DELETE FROM session_owners WHERE session_id = %(session_id)s", keys)


async def forget_freshness(conn: Conn, now: datetime, *, limit: int) -> int:
    """Of at most `limit` sessions whose password was given too long ago to count, forget when; returns of how many."""
    cursor = await conn.execute(
        """UPDATE sessions SET fresh_until = NULL WHERE (account_id, session_id) IN (
               SELECT account_id, session_id FROM sessions WHERE fresh_until <= %(now)s LIMIT %(limit)s)""",
        {"now": now, "limit": limit},
    )
    return cursor.rowcount


async def delete_ended_sessions(conn: Conn, now: datetime, *, limit: int) -> int:
    """At most `limit` sessions that have ended, with their entries in the directory; returns how many."""
    cursor = await conn.execute(
        """DELETE FROM session_owners WHERE session_id IN (
               SELECT session_id FROM session_owners WHERE expires_at <= %(now)s LIMIT %(limit)s)
           RETURNING account_id, session_id""",
        {"now": now, "limit": limit},
    )
    ended = await cursor.fetchall()
    await conn.execute(
        """DELETE FROM sessions s
           USING unnest(%(account_ids)s::uuid[], %(session_ids)s::uuid[]) AS e (account_id, session_id)
           WHERE s.account_id = e.account_id AND s.session_id = e.session_id""",
        {
            "account_ids": [account_id for account_id, _ in ended],
            "session_ids": [session_id for _, session_id in ended],
        },
    )
    return len(ended)


async def api_key(conn: Conn, key_hash: bytes) -> Credential | None:
    """The key of this hash with all that opening the account needs, in one round trip."""
    async with conn.cursor(row_factory=class_row(Credential)) as cursor:
        await cursor.execute(
            """SELECT a.account_id, a.login, a.is_admin, a.status, a.kind, k.key_hash AS secret_hash, k.expires_at,
                      h.holder_id, h.kind AS holder_kind, h.keyring,
                      k.key_id AS credential_id, k.scopes, k.alias_id, k.domain, k.last_used_on
               FROM api_key_owners o
               JOIN api_keys k USING (account_id, key_id)
               JOIN accounts a USING (account_id)
               LEFT JOIN holders h ON h.account_id = a.account_id AND (h.kind = 'instance' OR h.key_id = k.key_id)
               WHERE o.key_hash = %(key_hash)s LIMIT 1""",
            {"key_hash": key_hash},
        )
        return await cursor.fetchone()


async def delete_sessions(conn: Conn, account_id: UUID) -> int:
    """All sessions of the account, with their entries in the directory; how many that were."""
    await conn.execute("DELETE FROM session_owners WHERE account_id = %s", (account_id,))
    cursor = await conn.execute("DELETE FROM sessions WHERE account_id = %s", (account_id,))
    return cursor.rowcount


async def delete_keys(conn: Conn, account_id: UUID) -> int:
    """All API keys of the account, with their entries in the directory; how many that were."""
    await conn.execute("DELETE FROM api_key_owners WHERE account_id = %s", (account_id,))
    cursor = await conn.execute("DELETE FROM api_keys WHERE account_id = %s", (account_id,))
    return cursor.rowcount
