"""SQL over accounts on their way out, and over what has had its time and belongs to no other subject."""

from datetime import date, datetime
from uuid import UUID

from app.lib.db import Conn


async def delete_ended_jobs(conn: Conn, before: datetime, *, limit: int) -> int:
    """At most `limit` jobs of the queue that ended before this, well or not, with their history; how many."""
    cursor = await conn.execute(
        """DELETE FROM procrastinate_jobs WHERE id IN (
               SELECT j.id FROM procrastinate_jobs j
               WHERE j.status NOT IN ('todo', 'doing')
                 AND NOT EXISTS (SELECT FROM procrastinate_events e WHERE e.job_id = j.id AND e.at >= %(before)s)
               LIMIT %(limit)s)""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount


async def is_only_admin(conn: Conn, account_id: UUID) -> bool:
    """Whether the account is the one administrator of a service that others use, too."""
    cursor = await conn.execute(
        """SELECT is_admin AND NOT EXISTS (SELECT FROM accounts o WHERE o.is_admin AND o.account_id <> a.account_id)
                  AND EXISTS (SELECT FROM accounts o WHERE o.account_id <> a.account_id)
           FROM accounts a WHERE account_id = %(account_id)s LIMIT 1""",
        {"account_id": account_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def set_leaving(conn: Conn, account_id: UUID, delete_on: date) -> bool:
    """False when the account is suspended, is to be deleted already, or is gone."""
    cursor = await conn.execute(
        """UPDATE accounts SET status = 'leaving', delete_on = %(delete_on)s
           WHERE account_id = %(account_id)s AND status = 'active'""",
        {"account_id": account_id, "delete_on": delete_on},
    )
    return cursor.rowcount == 1


async def set_staying(conn: Conn, account_id: UUID) -> bool:
    """False when nobody has asked for the account's deletion, or when its keys are destroyed already."""
    cursor = await conn.execute(
        """UPDATE accounts SET status = 'active', delete_on = NULL
           WHERE account_id = %(account_id)s AND status = 'leaving'
             AND NOT EXISTS (SELECT FROM deletions d WHERE d.account_id = accounts.account_id)""",
        {"account_id": account_id},
    )
    return cursor.rowcount == 1


async def delete_on(conn: Conn, account_id: UUID) -> date | None:
    """The day on which the account is to be deleted, if its owner has asked for it."""
    cursor = await conn.execute(
        "SELECT delete_on FROM accounts WHERE account_id = %(account_id)s LIMIT 1", {"account_id": account_id}
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def due(conn: Conn, today: date, *, limit: int) -> list[UUID]:
    """Accounts whose day has come."""
    cursor = await conn.execute(
        """SELECT account_id FROM accounts a
           WHERE delete_on <= %(today)s AND NOT EXISTS (SELECT FROM deletions d WHERE d.account_id = a.account_id)
           ORDER BY delete_on LIMIT %(limit)s""",
        {"today": today, "limit": limit},
    )
    return [account_id for (account_id,) in await cursor.fetchall()]


async def destroy_keys(conn: Conn, account_id: UUID, today: date) -> bool:
    """Whatever opens the account or tells anybody of it; from this commit on nobody reads a word. False: it is gone.

    What is left is to be deleted piece by piece, and `begun` names the account until then.
    """
    keys = {"account_id": account_id, "today": today}
    cursor = await conn.execute(
        """UPDATE accounts SET status = 'leaving', delete_on = %(today)s, login = '', public_key = '', index_key = ''
           WHERE account_id = %(account_id)s""",
        keys,
    )
    if not cursor.rowcount:
        return False
    await conn.execute("DELETE FROM holders WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM passwords WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM session_owners WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM sessions WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM api_key_owners WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM api_keys WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM feed_owners WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM feeds WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM webhooks WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM logins WHERE account_id = %(account_id)s", keys)
    await conn.execute(
        """INSERT INTO deletions (account_id, begun_on) VALUES (%(account_id)s, %(today)s) ON CONFLICT DO NOTHING""",
        keys,
    )
    return True


async def begun(conn: Conn, *, limit: int) -> list[UUID]:
    """Accounts whose keys are destroyed and of which something is left."""
    cursor = await conn.execute("SELECT account_id FROM deletions ORDER BY begun_on LIMIT %s", (limit,))
    return [account_id for (account_id,) in await cursor.fetchall()]


async def delete_messages(conn: Conn, account_id: UUID, *, limit: int) -> int:
    """At most `limit` messages with all that belongs to them; how many."""
    cursor = await conn.execute(
        """DELETE FROM messages WHERE account_id = %(account_id)s AND message_id IN (
               SELECT message_id FROM messages WHERE account_id = %(account_id)s LIMIT %(limit)s)""",
        {"account_id": account_id, "limit": limit},
    )
    return cursor.rowcount


async def delete_aliases(conn: Conn, account_id: UUID) -> None:
    """All aliases, and what belongs to them. Waits for mail that is being stored at this moment; none comes after."""
    await conn.execute("DELETE FROM aliases WHERE account_id = %(account_id)s", {"account_id": account_id})


async def delete_account(conn: Conn, account_id: UUID) -> None:
    """The account and whatever is left of it, once its aliases and its addresses are gone."""
    keys = {"account_id": account_id}
    await conn.execute("DELETE FROM thread_refs WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM events WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM domains WHERE account_id = %(account_id)s", keys)
    await conn.execute("DELETE FROM accounts WHERE account_id = %(account_id)s", keys)


async def end(conn: Conn, account_id: UUID) -> None:
    """Nothing is left of the account."""
    await conn.execute("DELETE FROM deletions WHERE account_id = %(account_id)s", {"account_id": account_id})
