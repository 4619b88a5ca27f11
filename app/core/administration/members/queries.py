"""SQL over accounts as administrators see them."""

from collections.abc import Mapping
from datetime import date
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from app.core.accounts.model import Usage
from app.core.administration.members.model import Counts, FoundAlias, MemberRow, Show
from app.lib.db import Conn

MAX_PAGE = 200
_ROW = """
    SELECT a.account_id, a.login, a.kind, a.status, a.is_admin, a.created_on, a.storage_limit, a.alias_limit,
           a.domain_limit, p.name AS plan, a.last_used_on, a.delete_on,
           coalesce(s.is_deletion_asked, false) AS is_deletion_asked
    FROM accounts a
    LEFT JOIN plans p USING (plan_id)
    LEFT JOIN suspensions s ON s.account_id = a.account_id AND s.subject_id = a.account_id
"""
_SHOWN: Mapping[Show, LiteralString] = {
    "all": "true",
    "active": "a.status = 'active'",
    "suspended": "a.status = 'suspended'",
    "leaving": "a.delete_on IS NOT NULL",
    "standard": "a.kind = 'standard'",
    "sealed": "a.kind = 'sealed'",
    "admins": "a.is_admin",
}
# A beginning is a span of the index of logins, whose characters all sort below the tilde.
_ASKED = """
    (%(account_id)s::uuid IS NULL OR a.account_id = %(account_id)s)
    AND (%(start)s = '' OR a.account_id IN (
        SELECT l.account_id FROM logins l
        WHERE l.login COLLATE "C" >= %(start)s AND l.login COLLATE "C" < %(start)s || '~'
        ORDER BY l.login LIMIT 1000))
"""


async def members(
    conn: Conn,
    *,
    account_id: UUID | None,
    start: str,
    show: Show,
    before: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[MemberRow]:
    """Accounts, newest first, below `before` or right above `after`; of a beginning of logins among 1,000 at most."""
    way = "a.account_id > %(after)s" if after else "(%(before)s::uuid IS NULL OR a.account_id < %(before)s)"
    order = "a.account_id" if after else "a.account_id DESC"
    async with conn.cursor(row_factory=class_row(MemberRow)) as cursor:
        await cursor.execute(
            f"""SELECT * FROM ({_ROW} WHERE {_ASKED} AND {_SHOWN[show]} AND {way}
                               ORDER BY {order} LIMIT %(limit)s) f ORDER BY f.account_id DESC""",
            {
                "account_id": account_id,
                "start": start,
                "before": before,
                "after": after,
                "limit": min(limit, MAX_PAGE),
            },
        )
        return await cursor.fetchall()


async def member(conn: Conn, account_id: UUID) -> MemberRow | None:
    """One account."""
    async with conn.cursor(row_factory=class_row(MemberRow)) as cursor:
        await cursor.execute(_ROW + " WHERE a.account_id = %(account_id)s LIMIT 1", {"account_id": account_id})
        return await cursor.fetchone()


async def usage(conn: Conn, account_ids: list[UUID]) -> dict[UUID, Usage]:
    """What these accounts hold; one without any mail is left out."""
    cursor = await conn.execute(
        """SELECT account_id, sum(message_count)::bigint, sum(stored_bytes)::bigint FROM account_usage
           WHERE account_id = ANY(%(account_ids)s) GROUP BY account_id LIMIT 200""",
        {"account_ids": account_ids},
    )
    return {row[0]: Usage(message_count=row[1], stored_bytes=row[2]) for row in await cursor.fetchall()}


async def counts(conn: Conn, account_id: UUID) -> Counts:
    """What one account has."""
    async with conn.cursor(row_factory=class_row(Counts)) as cursor:
        await cursor.execute(
            """SELECT
                 (SELECT count(*) FROM aliases WHERE account_id = %(account_id)s AND deleted_on IS NULL) AS alias_count,
                 (SELECT count(*) FROM account_domains WHERE account_id = %(account_id)s) AS domain_count,
                 (SELECT count(*) FROM api_keys WHERE account_id = %(account_id)s) AS key_count,
                 (SELECT count(*) FROM webhooks WHERE account_id = %(account_id)s) AS webhook_count
               LIMIT 1""",
            {"account_id": account_id},
        )
        found = await cursor.fetchone()
    return found or Counts(alias_count=0, domain_count=0, key_count=0, webhook_count=0)


async def lock_admins(conn: Conn) -> list[UUID]:
    """The administrators who can sign in; nobody changes who they are until the transaction ends. At most 1,000."""
    cursor = await conn.execute(
        """SELECT account_id, status FROM accounts WHERE is_admin
           ORDER BY account_id LIMIT 1000 FOR NO KEY UPDATE"""
    )
    return [account_id for account_id, status in await cursor.fetchall() if status == "active"]


async def is_only_admin(conn: Conn, account_id: UUID) -> bool:
    """Whether no other administrator can sign in."""
    cursor = await conn.execute(
        """SELECT NOT EXISTS (SELECT FROM accounts
                              WHERE is_admin AND status = 'active' AND account_id <> %(account_id)s)""",
        {"account_id": account_id},
    )
    row = await cursor.fetchone()
    return row == (True,)


async def set_admin(conn: Conn, account_id: UUID, *, is_admin: bool) -> bool:
    """False when it is so already, or there is no such account."""
    cursor = await conn.execute(
        """UPDATE accounts SET is_admin = %(is_admin)s
           WHERE account_id = %(account_id)s AND is_admin <> %(is_admin)s""",
        {"account_id": account_id, "is_admin": is_admin},
    )
    return cursor.rowcount == 1


async def ask_deletion(conn: Conn, account_id: UUID, delete_on: date) -> bool:
    """Have a suspended account deleted on this day; False where it is not suspended, or is to be deleted already."""
    cursor = await conn.execute(
        """WITH asked AS (
               UPDATE accounts SET delete_on = %(delete_on)s
               WHERE account_id = %(account_id)s AND status = 'suspended' AND delete_on IS NULL
               RETURNING account_id)
           UPDATE suspensions s SET is_deletion_asked = true FROM asked
           WHERE s.account_id = asked.account_id AND s.subject_id = asked.account_id""",
        {"account_id": account_id, "delete_on": delete_on},
    )
    return cursor.rowcount == 1


async def cancel_deletion(conn: Conn, account_id: UUID) -> bool:
    """Keep an account that an administrator wanted deleted; False where none did, or its deletion has begun."""
    cursor = await conn.execute(
        """WITH kept AS (
               UPDATE accounts a SET delete_on = NULL FROM suspensions s
               WHERE a.account_id = %(account_id)s AND s.account_id = a.account_id AND s.subject_id = a.account_id
                 AND s.is_deletion_asked
                 AND NOT EXISTS (SELECT FROM deletions d WHERE d.account_id = a.account_id)
               RETURNING a.account_id)
           UPDATE suspensions s SET is_deletion_asked = false FROM kept
           WHERE s.account_id = kept.account_id AND s.subject_id = kept.account_id""",
        {"account_id": account_id},
    )
    return cursor.rowcount == 1


_ALIAS = """
    SELECT a.account_id, a.alias_id, a.address, c.login, a.is_suspended, a.deleted_on
    FROM aliases a JOIN accounts c USING (account_id)
"""


async def alias_of_address(conn: Conn, addresses: list[str]) -> FoundAlias | None:
    """The alias that mail for the first of these addresses reaches, else for the second."""
    async with conn.cursor(row_factory=class_row(FoundAlias)) as cursor:
        await cursor.execute(
            _ALIAS
            + """ JOIN addresses d USING (account_id, alias_id)
                  WHERE d.address = ANY(%(addresses)s) ORDER BY d.address = %(first)s DESC LIMIT 1""",
            {"addresses": addresses, "first": addresses[0]},
        )
        return await cursor.fetchone()


async def alias(conn: Conn, account_id: UUID, alias_id: UUID) -> FoundAlias | None:
    """One alias."""
    async with conn.cursor(row_factory=class_row(FoundAlias)) as cursor:
        await cursor.execute(
            _ALIAS + " WHERE a.account_id = %(account_id)s AND a.alias_id = %(alias_id)s LIMIT 1",
            {"account_id": account_id, "alias_id": alias_id},
        )
        return await cursor.fetchone()
