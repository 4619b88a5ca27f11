"""SQL over addresses of deleted accounts: nobody is ever given one, and only their digests are kept."""

from collections.abc import Sequence
from uuid import UUID

from app.lib.db import Conn


async def give_back(conn: Conn, account_id: UUID, addresses: Sequence[str]) -> set[str]:
    """Of addresses that the account has just taken, take those away that are reserved; which.

    On a domain that the account has proven none is. It is a statement after the one that takes them, because that may
    have waited for the deletion of the account that had them.
    """
    cursor = await conn.execute(
        """DELETE FROM addresses a
           WHERE a.address = ANY(%(addresses)s) AND a.account_id = %(account_id)s
             AND EXISTS (SELECT FROM reserved_addresses r WHERE r.digest = address_digest(a.address))
             AND NOT EXISTS (SELECT FROM domains d WHERE d.domain = split_part(a.address, '@', 2)
                                                     AND d.account_id = a.account_id)
           RETURNING a.address""",
        {"account_id": account_id, "addresses": list(addresses)},
    )
    return {address for (address,) in await cursor.fetchall()}


async def is_reserved(conn: Conn, address: str) -> bool:
    """Whether the address was somebody's whose account is gone."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM reserved_addresses WHERE digest = address_digest(%(address)s))",
        {"address": address},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def has_reserved(conn: Conn, domain: str) -> bool:
    """Whether any address on the domain is reserved."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM reserved_addresses WHERE domain = %(domain)s)", {"domain": domain}
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def reserve_all(conn: Conn, account_id: UUID, *, except_for: Sequence[str]) -> None:
    """Reserve all addresses of the account, and forget whose they were.

    Not those on domains of its own, which whoever proves the domain next may use, nor those of these local parts.
    """
    values = {"account_id": account_id, "except_for": list(except_for)}
    await conn.execute(
        """INSERT INTO reserved_addresses (digest, domain)
           SELECT address_digest(address), split_part(address, '@', 2) FROM addresses a
           WHERE a.account_id = %(account_id)s AND split_part(address, '@', 1) <> ALL(%(except_for)s)
             AND NOT EXISTS (SELECT FROM domains d WHERE d.domain = split_part(a.address, '@', 2)
                                                     AND d.account_id = a.account_id)
           ON CONFLICT DO NOTHING""",
        values,
    )
    await conn.execute("DELETE FROM addresses WHERE account_id = %(account_id)s", values)
