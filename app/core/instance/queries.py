"""SQL over the one row that says which instance key the database was made with."""

from app.lib.db import Conn


async def insert_key_check(conn: Conn, key_check: bytes) -> None:
    """Remember the key of the first start; later ones change nothing."""
    await conn.execute(
        "INSERT INTO instance (is_only_row, key_check) VALUES (true, %(key_check)s) ON CONFLICT DO NOTHING",
        {"key_check": key_check},
    )


async def key_check(conn: Conn) -> bytes:
    """What the first start left."""
    cursor = await conn.execute("SELECT key_check FROM instance LIMIT 1")
    row = await cursor.fetchone()
    return row[0] if row else b""
