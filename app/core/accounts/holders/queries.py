"""SQL over the wraps of keyrings, and over recovery codes, which hold one, too."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.accounts.model import Holder
from app.lib.db import Conn
from app.vault.keyring import HolderKind


async def insert(conn: Conn, holder: Holder) -> None:
    """One wrap."""
    await conn.execute(
        """INSERT INTO holders (account_id, holder_id, kind, keyring)
           VALUES (%(account_id)s, %(holder_id)s, %(kind)s, %(keyring)s)""",
        msgspec.structs.asdict(holder),
    )


async def of_kinds(conn: Conn, account_id: UUID, kinds: Sequence[HolderKind]) -> Holder | None:
    """The account's holder of one of these kinds, of which it has one at most."""
    async with conn.cursor(row_factory=class_row(Holder)) as cursor:
        await cursor.execute(
            """SELECT account_id, holder_id, kind, keyring FROM holders
               WHERE account_id = %(account_id)s AND kind = ANY(%(kinds)s) LIMIT 1""",
            {"account_id": account_id, "kinds": list(kinds)},
        )
        return await cursor.fetchone()


async def delete(conn: Conn, account_id: UUID, kind: HolderKind) -> None:
    """The account's wraps of this kind."""
    await conn.execute(
        "DELETE FROM holders WHERE account_id = %(account_id)s AND kind = %(kind)s",
        {"account_id": account_id, "kind": kind},
    )


async def delete_all(conn: Conn, account_id: UUID) -> None:
    """The account's wraps."""
    await conn.execute("DELETE FROM holders WHERE account_id = %s", (account_id,))


async def set_recovery_code(conn: Conn, account_id: UUID, *, code_hash: bytes, made_on: date) -> None:
    """The account's recovery code, in place of the one there was."""
    await conn.execute(
        """INSERT INTO recovery_codes (account_id, code_hash, made_on)
           VALUES (%(account_id)s, %(code_hash)s, %(made_on)s)
           ON CONFLICT (account_id) DO UPDATE SET (code_hash, made_on) = (excluded.code_hash, excluded.made_on)""",
        {"account_id": account_id, "code_hash": code_hash, "made_on": made_on},
    )


async def delete_recovery_code(conn: Conn, account_id: UUID) -> None:
    """The account's recovery code, if it has one."""
    await conn.execute("DELETE FROM recovery_codes WHERE account_id = %s", (account_id,))


async def recovery_code(conn: Conn, account_id: UUID) -> tuple[bytes, date] | None:
    """(the code's hash, the day it was made) of the account's recovery code."""
    cursor = await conn.execute(
        "SELECT code_hash, made_on FROM recovery_codes WHERE account_id = %s LIMIT 1", (account_id,), binary=True
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None
