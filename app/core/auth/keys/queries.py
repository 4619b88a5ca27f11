"""SQL over API keys and the directory of their hashes."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.keys.model import KeyRow
from app.lib.db import Conn

_ROW = """
    SELECT k.key_id, k.name, k.scopes, k.alias_id, a.address AS alias_address, k.domain, k.created_on, k.expires_at,
           k.last_used_on, k.made_with
    FROM api_keys k LEFT JOIN aliases a ON a.account_id = k.account_id AND a.alias_id = k.alias_id
    WHERE k.account_id = %(account_id)s
"""


async def insert_key(
    conn: Conn,
    account_id: UUID,
    key_id: UUID,
    *,
    key_hash: bytes,
    name: bytes,
    scopes: Sequence[str],
    alias_id: UUID | None,
    domain: str | None,
    created_on: date,
    expires_at: datetime | None,
    made_with: UUID | None,
) -> None:
    """The key and its entry in the directory; `name` is sealed."""
    values = {
        "account_id": account_id,
        "key_id": key_id,
        "key_hash": key_hash,
        "name": name,
        "scopes": list(scopes),
        "alias_id": alias_id,
        "domain": domain,
        "created_on": created_on,
        "expires_at": expires_at,
        "made_with": made_with,
    }
    await conn.execute(
        """INSERT INTO api_keys (account_id, key_id, key_hash, name, scopes, alias_id, domain, created_on, expires_at,
                                 made_with)
           VALUES (%(account_id)s, %(key_id)s, %(key_hash)s, %(name)s, %(scopes)s, %(alias_id)s, %(domain)s,
                   %(created_on)s, %(expires_at)s, %(made_with)s)""",
        values,
    )
    await conn.execute(
        "INSERT INTO api_key_owners (key_hash, account_id, key_id) VALUES (%(key_hash)s, %(account_id)s, %(key_id)s)",
        values,
    )


async def keys(conn: Conn, account_id: UUID, *, limit: int) -> list[KeyRow]:
    """The account's keys, newest first."""
    async with conn.cursor(row_factory=class_row(KeyRow)) as cursor:
        await cursor.execute(
            _ROW + " ORDER BY k.key_id DESC LIMIT %(limit)s", {"account_id": account_id, "limit": limit}
        )
        return await cursor.fetchall()


async def key(conn: Conn, account_id: UUID, key_id: UUID) -> KeyRow | None:
    """One key of the account."""
    async with conn.cursor(row_factory=class_row(KeyRow)) as cursor:
        await cursor.execute(_ROW + " AND k.key_id = %(key_id)s LIMIT 1", {"account_id": account_id, "key_id": key_id})
        return await cursor.fetchone()


async def count(conn: Conn, account_id: UUID) -> int:
    """How many keys the account has."""
    cursor = await conn.execute("SELECT count(*) FROM api_keys WHERE account_id = %s", (account_id,))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def set_name(conn: Conn, account_id: UUID, key_id: UUID, name: bytes) -> None:
    """Call a key something else."""
    await conn.execute(
        "UPDATE api_keys SET name = %(name)s WHERE account_id = %(account_id)s AND key_id = %(key_id)s",
        {"account_id": account_id, "key_id": key_id, "name": name},
    )


async def set_last_used(conn: Conn, account_id: UUID, key_id: UUID, day: date) -> None:
    """Note that the key was used on this day; written once, whoever notes it."""
    await conn.execute(
        """UPDATE api_keys SET last_used_on = %(day)s
           WHERE account_id = %(account_id)s AND key_id = %(key_id)s
             AND (last_used_on IS NULL OR last_used_on < %(day)s)""",
        {"account_id": account_id, "key_id": key_id, "day": day},
    )


async def delete_key(conn: Conn, account_id: UUID, key_id: UUID) -> int:
    """The key and all that were made with it, or with those; how many that were."""
    cursor = await conn.execute(
        """WITH RECURSIVE gone AS (
               SELECT key_id, key_hash FROM api_keys
               WHERE account_id = %(account_id)s AND key_id = %(key_id)s
               UNION
               SELECT k.key_id, k.key_hash FROM api_keys k JOIN gone g ON k.made_with = g.key_id
               WHERE k.account_id = %(account_id)s
           ), known AS (
               DELETE FROM api_key_owners WHERE key_hash IN (SELECT key_hash FROM gone)
           )
           DELETE FROM api_keys WHERE account_id = %(account_id)s AND key_id IN (SELECT key_id FROM gone)""",
        {"account_id": account_id, "key_id": key_id},
    )
    return cursor.rowcount
