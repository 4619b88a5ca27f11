"""SQL over an account's preferences for new aliases."""

from uuid import UUID

from psycopg.rows import class_row

from app.core.aliases.preferences.model import Preferences
from app.lib.db import Conn


async def preferences(conn: Conn, account_id: UUID) -> Preferences | None:
    """As they are stored."""
    async with conn.cursor(row_factory=class_row(Preferences)) as cursor:
        await cursor.execute(
            """SELECT default_format AS format, default_domain AS domain
               FROM accounts WHERE account_id = %(account_id)s LIMIT 1""",
            {"account_id": account_id},
        )
        return await cursor.fetchone()


async def set_preferences(conn: Conn, account_id: UUID, wanted: Preferences) -> None:
    """Replace both."""
    await conn.execute(
        """UPDATE accounts SET default_format = %(format)s, default_domain = %(domain)s
           WHERE account_id = %(account_id)s""",
        {"account_id": account_id, "format": wanted.format, "domain": wanted.domain},
    )
