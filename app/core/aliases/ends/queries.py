"""SQL over aliases that have come to an end which nobody was told of yet."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from app.core.aliases.model import Ending
from app.core.aliases.queries import USAGE_OF_EACH
from app.lib.db import Conn

# By parts of `expiry.ending` along an index of their own each: what ends by idling is looked up with its usage.
_WHERE: dict[Ending, LiteralString] = {
    "date": "a.expires_at <= %(now)s",
    "count": "a.messages_left = 0",
    "idle": """a.idle_days IS NOT NULL AND a.idle_from + a.idle_days < (%(now)s AT TIME ZONE 'UTC')::date
               AND coalesce(u.last_received_on + a.idle_days < (%(now)s AT TIME ZONE 'UTC')::date, true)""",
}


async def take_ended(conn: Conn, ending: Ending, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(account, alias) of aliases of anybody that have ended so, enabled ones, at most `limit`: noted as told.

    In the order of their accounts. Those that somebody changes at this moment are left for the next time.
    """
    usage: LiteralString = USAGE_OF_EACH if ending == "idle" else ""
    cursor = await conn.execute(
        f"""WITH ended AS MATERIALIZED (
                SELECT a.account_id, a.alias_id FROM aliases a {usage}
                WHERE NOT a.is_end_told AND a.deleted_on IS NULL AND a.is_enabled AND {_WHERE[ending]}
                ORDER BY a.account_id, a.alias_id LIMIT %(limit)s FOR NO KEY UPDATE OF a SKIP LOCKED
            )
            UPDATE aliases a SET is_end_told = true FROM ended e
            WHERE a.account_id = e.account_id AND a.alias_id = e.alias_id
            RETURNING a.account_id, a.alias_id""",
        {"now": now, "limit": limit},
    )
    return [(account_id, alias_id) for account_id, alias_id in sorted(await cursor.fetchall())]
