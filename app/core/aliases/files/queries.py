"""SQL for many aliases at once, out of a file and into one, and for files that wait for their owner's word."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.aliases.model import AliasSettings
from app.core.aliases.reserved import queries as reserved
from app.lib.db import Conn


async def alias_ids(conn: Conn, account_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """Ids of the account's aliases, deleted ones too, oldest first; at most 1,000."""
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases
           WHERE account_id = %(account_id)s AND (%(after)s::uuid IS NULL OR alias_id > %(after)s)
           ORDER BY alias_id LIMIT %(limit)s""",
        {"account_id": account_id, "after": after, "limit": min(limit, 1000)},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def own_addresses(conn: Conn, account_id: UUID, addresses: Sequence[str]) -> dict[str, bool]:
    """Those of the addresses that reach an alias of the account, and whether it is deleted."""
    cursor = await conn.execute(
        """SELECT d.address, a.deleted_on IS NOT NULL FROM addresses d JOIN aliases a USING (account_id, alias_id)
           WHERE d.address = ANY(%(addresses)s) AND account_id = %(account_id)s LIMIT %(limit)s""",
        {"account_id": account_id, "addresses": list(addresses), "limit": len(addresses)},
    )
    return {address: is_deleted for address, is_deleted in await cursor.fetchall()}  # noqa: C416 - typed by it


async def insert_addresses(conn: Conn, account_id: UUID, ids: Mapping[str, UUID]) -> set[str]:
    """Take many addresses as `app.core.aliases.queries.insert_address` takes one; those that were free.

    In the order of the addresses, so that two files that name the same ones never wait for each other in a circle.
    """
    addresses = sorted(ids)
    cursor = await conn.execute(
        """INSERT INTO addresses AS a (address, account_id, alias_id)
           SELECT address, %(account_id)s, alias_id
           FROM unnest(%(addresses)s::text[], %(ids)s::uuid[]) WITH ORDINALITY AS k (address, alias_id, place)
           ORDER BY place
           ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id, alias_id = excluded.alias_id
           WHERE a.account_id <> excluded.account_id
             AND EXISTS (SELECT FROM domains d WHERE d.domain = split_part(excluded.address, '@', 2)
                                                 AND d.account_id = excluded.account_id)
           RETURNING a.address""",
        {"account_id": account_id, "addresses": addresses, "ids": [ids[address] for address in addresses]},
    )
    taken = {address for (address,) in await cursor.fetchall()}
    return taken - await reserved.give_back(conn, account_id, sorted(taken))


async def insert_aliases(conn: Conn, account_id: UUID, made: Sequence[tuple[UUID, str, bytes, AliasSettings]]) -> None:
    """New aliases out of a file: (id, address, sealed details, settings) of each."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO aliases (account_id, alias_id, address, details, made_by, is_enabled, when_disabled,
                                    category_id, is_pinned, is_archived, expires_at, message_limit, messages_left,
                                    idle_days, idle_from, screening)
               VALUES (%s, %s, %s, %s, 'import', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [
                (
                    account_id,
                    alias_id,
                    address,
                    details,
                    one.is_enabled,
                    one.when_disabled,
                    one.category_id,
                    one.is_pinned,
                    one.is_archived,
                    one.expires_at,
                    one.message_limit,
                    one.messages_left,
                    one.idle_days,
                    one.idle_from,
                    one.screening,
                )
                for alias_id, address, details, one in made
            ],
        )


async def insert_import(conn: Conn, account_id: UUID, import_id: UUID, contents: bytes) -> None:
    """A file that waits; it takes the place of an earlier one."""
    keys = {"account_id": account_id, "import_id": import_id}
    await conn.execute("DELETE FROM alias_imports WHERE account_id = %(account_id)s", keys)
    await conn.execute(
        """INSERT INTO alias_imports (account_id, import_id, contents)
           VALUES (%(account_id)s, %(import_id)s, %(contents)s)""",
        keys | {"contents": contents},
    )


async def import_row(
    conn: Conn, account_id: UUID, import_id: UUID, *, is_locked: bool
) -> tuple[bytes, bytes | None] | None:
    """(contents, report), sealed; locked until the transaction ends, on demand."""
    keys = {"account_id": account_id, "import_id": import_id}
    if is_locked:
        await conn.execute(
            """SELECT FROM alias_imports
               WHERE account_id = %(account_id)s AND import_id = %(import_id)s LIMIT 1 FOR UPDATE""",
            keys,
        )
    cursor = await conn.execute(
        """SELECT contents, report FROM alias_imports
           WHERE account_id = %(account_id)s AND import_id = %(import_id)s LIMIT 1""",
        keys,
        binary=True,
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def set_report(conn: Conn, account_id: UUID, import_id: UUID, report: bytes) -> None:
    """What became of the file."""
    await conn.execute(
        """UPDATE alias_imports SET report = %(report)s
           WHERE account_id = %(account_id)s AND import_id = %(import_id)s""",
        {"account_id": account_id, "import_id": import_id, "report": report},
    )


async def delete_imports(conn: Conn, *, before: UUID, limit: int) -> int:
    """Files and reports with smaller ids, of all accounts; returns how many."""
    cursor = await conn.execute(
        """DELETE FROM alias_imports WHERE (account_id, import_id) IN (
               SELECT account_id, import_id FROM alias_imports WHERE import_id < %(before)s LIMIT %(limit)s
           )""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount
