"""SQL over second factors and their backup codes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.second_factor.model import Stored
from app.lib.db import Conn


async def second_factor(conn: Conn, account_id: UUID) -> Stored | None:
    """The account's generator, on or being set up."""
    async with conn.cursor(row_factory=class_row(Stored), binary=True) as cursor:
        await cursor.execute(
            """SELECT secret, is_on, last_step, made_on, wrong_on, wrong_count FROM second_factors
               WHERE account_id = %(account_id)s LIMIT 1""",
            {"account_id": account_id},
        )
        return await cursor.fetchone()


async def insert_second_factor(conn: Conn, account_id: UUID, *, secret: bytes, made_on: date) -> None:
    """One that is not on yet, in place of another that is not; one that is on stays."""
    await conn.execute(
        """INSERT INTO second_factors AS f (account_id, secret, is_on, last_step, made_on, wrong_count)
           VALUES (%(account_id)s, %(secret)s, false, 0, %(made_on)s, 0)
           ON CONFLICT (account_id) DO UPDATE SET (secret, made_on) = (excluded.secret, excluded.made_on)
           WHERE NOT f.is_on""",
        {"account_id": account_id, "secret": secret, "made_on": made_on},
    )


async def take_step(conn: Conn, account_id: UUID, step: int) -> bool:
    """Use the code of that step up; False where that or a later one was used already. One of many at once wins."""
    cursor = await conn.execute(
        """UPDATE second_factors SET last_step = %(step)s
           WHERE account_id = %(account_id)s AND last_step < %(step)s""",
        {"account_id": account_id, "step": step},
    )
    return cursor.rowcount == 1


async def set_on(conn: Conn, account_id: UUID, *, made_on: date) -> None:
    """From now on it is asked for."""
    await conn.execute(
        "UPDATE second_factors SET is_on = true, made_on = %(made_on)s WHERE account_id = %(account_id)s",
        {"account_id": account_id, "made_on": made_on},
    )


async def count_wrong(conn: Conn, account_id: UUID, *, day: date) -> None:
    """One more wrong code on this day."""
    await conn.execute(
        """UPDATE second_factors
           SET wrong_count = CASE WHEN wrong_on = %(day)s THEN wrong_count + 1 ELSE 1 END, wrong_on = %(day)s
           WHERE account_id = %(account_id)s""",
        {"account_id": account_id, "day": day},
    )


async def delete_second_factor(conn: Conn, account_id: UUID) -> bool:
    """The generator with its backup codes; False where there was none."""
    cursor = await conn.execute("DELETE FROM second_factors WHERE account_id = %s", (account_id,))
    return cursor.rowcount == 1


async def replace_codes(conn: Conn, account_id: UUID, hashes: Sequence[bytes]) -> None:
    """Backup codes in place of those there were."""
    await conn.execute("DELETE FROM second_factor_codes WHERE account_id = %s", (account_id,))
    await conn.execute(
        """INSERT INTO second_factor_codes (account_id, code_hash)
           SELECT %(account_id)s, code_hash FROM unnest(%(hashes)s::bytea[]) AS c (code_hash)""",
        {"account_id": account_id, "hashes": list(hashes)},
    )


async def take_code(conn: Conn, account_id: UUID, code_hash: bytes) -> bool:
    """Use a backup code up; False where there is none like it. One of many at once wins."""
    cursor = await conn.execute(
        "DELETE FROM second_factor_codes WHERE account_id = %(account_id)s AND code_hash = %(code_hash)s",
        {"account_id": account_id, "code_hash": code_hash},
    )
    return cursor.rowcount == 1


async def code_count(conn: Conn, account_id: UUID) -> int:
    """How many backup codes are left."""
    cursor = await conn.execute("SELECT count(*) FROM second_factor_codes WHERE account_id = %s", (account_id,))
    row = await cursor.fetchone()
    return row[0] if row else 0
