"""SQL over aliases and the directory of addresses."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from app.core.aliases.model import AliasRow, Mailbox
from app.lib.db import Conn

MAX_PAGE = 200


async def insert_address(conn: Conn, address: str, account_id: UUID, alias_id: UUID) -> bool:
    """False when the address is or once was somebody's."""
    cursor = await conn.execute(
        """INSERT INTO addresses (address, account_id, alias_id)
           VALUES (%(address)s, %(account_id)s, %(alias_id)s) ON CONFLICT DO NOTHING""",
        {"address": address, "account_id": account_id, "alias_id": alias_id},
    )
    return cursor.rowcount == 1


async def insert_alias(conn: Conn, account_id: UUID, alias_id: UUID, *, address: str, details: bytes) -> None:
    """An enabled alias."""
    await conn.execute(
        """INSERT INTO aliases (account_id, alias_id, address, is_enabled, when_disabled, details)
           VALUES (%(account_id)s, %(alias_id)s, %(address)s, true, 'refuse', %(details)s)""",
        {"account_id": account_id, "alias_id": alias_id, "address": address, "details": details},
    )


_SELECT = """
    SELECT a.alias_id, a.address, a.is_enabled, a.when_disabled, a.details,
           coalesce(u.message_count, 0)::bigint AS message_count, u.last_received_on::text AS last_received_on
    FROM aliases a
    LEFT JOIN LATERAL (
        SELECT sum(message_count) AS message_count, max(last_received_on) AS last_received_on
        FROM alias_usage u WHERE u.account_id = a.account_id AND u.alias_id = a.alias_id
    ) u ON true
    WHERE a.account_id = %(account_id)s
"""


async def alias(conn: Conn, account_id: UUID, alias_id: UUID) -> AliasRow | None:
    """One alias of the account."""
    async with conn.cursor(row_factory=class_row(AliasRow)) as cursor:
        await cursor.execute(
            _SELECT + " AND a.alias_id = %(alias_id)s LIMIT 1", {"account_id": account_id, "alias_id": alias_id}
        )
        return await cursor.fetchone()


async def aliases(conn: Conn, account_id: UUID, *, before: UUID | None, limit: int) -> list[AliasRow]:
    """A page of the account's aliases, newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(AliasRow)) as cursor:
        await cursor.execute(
            _SELECT
            + """ AND (%(before)s::uuid IS NULL OR a.alias_id < %(before)s)
                  ORDER BY a.alias_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "before": before, "limit": min(limit, MAX_PAGE)},
        )
        return await cursor.fetchall()


async def alias_id_of(conn: Conn, account_id: UUID, address: str) -> UUID | None:
    """The account's alias that this address reaches."""
    cursor = await conn.execute(
        "SELECT alias_id FROM addresses WHERE address = %(address)s AND account_id = %(account_id)s LIMIT 1",
        {"address": address, "account_id": account_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def addresses_of(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of these aliases of the account."""
    cursor = await conn.execute(
        """SELECT alias_id, address FROM aliases
           WHERE account_id = %(account_id)s AND alias_id = ANY(%(alias_ids)s) LIMIT 1000""",
        {"account_id": account_id, "alias_ids": list(alias_ids)},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def set_enabled(conn: Conn, account_id: UUID, alias_id: UUID, *, is_enabled: bool) -> None:
    """Switch the alias on or off."""
    await conn.execute(
        """UPDATE aliases SET is_enabled = %(is_enabled)s
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s""",
        {"account_id": account_id, "alias_id": alias_id, "is_enabled": is_enabled},
    )


async def set_details(conn: Conn, account_id: UUID, alias_id: UUID, details: bytes) -> None:
    """Replace what the owner wrote."""
    await conn.execute(
        "UPDATE aliases SET details = %(details)s WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s",
        {"account_id": account_id, "alias_id": alias_id, "details": details},
    )


async def mailbox(conn: Conn, candidates: Sequence[str]) -> Mailbox | None:
    """Which alias takes mail for the first of these addresses that is one (exact before without its tag)."""
    async with conn.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """SELECT account_id, alias_id, a.address, a.is_enabled, a.when_disabled,
                      c.status, c.kind, c.public_key, c.index_key, c.storage_limit,
                      (SELECT coalesce(sum(u.stored_bytes), 0)::bigint FROM account_usage u
                       WHERE u.account_id = c.account_id) AS stored_bytes
               FROM addresses d
               JOIN aliases a USING (account_id, alias_id)
               JOIN accounts c USING (account_id)
               WHERE d.address = ANY(%(candidates)s)
               ORDER BY array_position(%(candidates)s, d.address) LIMIT 1""",
            {"candidates": list(candidates)},
        )
        return await cursor.fetchone()
