"""SQL over the domains mail is taken for."""

from datetime import date

from app.lib.db import Conn


async def insert_shared_domain(conn: Conn, domain: str, created_on: date) -> bool:
    """False when the domain is there already."""
    cursor = await conn.execute(
        "INSERT INTO domains (domain, created_on) VALUES (%(domain)s, %(created_on)s) ON CONFLICT DO NOTHING",
        {"domain": domain, "created_on": created_on},
    )
    return cursor.rowcount == 1


async def shared_domains(conn: Conn) -> list[str]:
    """The domains everybody may use, oldest first; at most 1,000."""
    cursor = await conn.execute(
        "SELECT domain FROM domains WHERE account_id IS NULL ORDER BY created_on, domain LIMIT 1000"
    )
    return [domain for (domain,) in await cursor.fetchall()]


async def is_domain(conn: Conn, domain: str) -> bool:
    """Whether mail is taken for this domain at all."""
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM domains WHERE domain = %(domain)s)", {"domain": domain})
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
