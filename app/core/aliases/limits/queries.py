"""SQL over how many aliases an account has, may have, and has made of late."""

from uuid import UUID

from psycopg.rows import class_row

from app.core.aliases.limits.model import Allowance, MadeBy
from app.lib.db import Conn


async def allowance(conn: Conn, account_id: UUID) -> Allowance | None:
    """What the account has and may have."""
    async with conn.cursor(row_factory=class_row(Allowance)) as cursor:
        await cursor.execute(
            """SELECT alias_limit, aliases_warned, (SELECT count(*) FROM aliases a
                                    WHERE a.account_id = c.account_id AND a.deleted_on IS NULL) AS alias_count
               FROM accounts c WHERE account_id = %(account_id)s LIMIT 1""",
            {"account_id": account_id},
        )
        return await cursor.fetchone()


async def nth_newest(conn: Conn, account_id: UUID, n: int, *, made_by: MadeBy, first_id: UUID) -> UUID | None:
    """The id of the n-th newest alias made so, deleted ones too; None where there are fewer from `first_id` on."""
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases
           WHERE account_id = %(account_id)s AND alias_id >= %(first_id)s AND made_by = %(made_by)s
           ORDER BY alias_id DESC OFFSET %(before)s LIMIT 1""",
        {"account_id": account_id, "first_id": first_id, "made_by": made_by, "before": n - 1},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def count_made(conn: Conn, account_id: UUID, *, made_by: MadeBy, first_id: UUID) -> int:
    """How many aliases were made so, deleted ones too, from `first_id` on."""
    cursor = await conn.execute(
        """SELECT count(*) FROM aliases
           WHERE account_id = %(account_id)s AND alias_id >= %(first_id)s AND made_by = %(made_by)s""",
        {"account_id": account_id, "first_id": first_id, "made_by": made_by},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
