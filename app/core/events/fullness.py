"""How full an account is, told to its owner when 80 and 100 percent are reached: once, and again after it was less."""

from datetime import datetime
from uuid import UUID

from app.core.events import queries
from app.core.events.model import DUE, Fullness, Quota
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.wakeups import notify

_LEVELS = (100, 80)


def of(quota: Quota, *, used: int, limit: int) -> Fullness:
    """How full it is with so much used. Pure."""
    percent = next((level for level in _LEVELS if used * 100 >= limit * level), 0)
    return Fullness(quota=quota, percent=percent, used=used, limit=limit)


async def note(conn: Conn, account_id: UUID, fullness: Fullness, *, now: datetime) -> None:
    """Note it with whatever filled the account, or made room; an event where it is fuller than its owner knows.

    In pipeline mode the caller wakes those who deliver.
    """
    facts: dict[str, str | int] = {
        "quota": fullness.quota,
        "percent": fullness.percent,
        "used": fullness.used,
        "limit": fullness.limit,
    }
    if await queries.note_fullness(conn, account_id, fullness, event_id=new_id(), facts=facts, now=now) > 0:
        await notify(conn, "webhooks", [DUE])
