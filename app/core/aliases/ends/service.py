"""Telling owners that aliases have come to an end, by the clock: nothing else happens at that moment."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from app.core.aliases.ends import queries
from app.core.aliases.model import Ending
from app.core.events import service as events
from app.core.platform import Platform

_BATCH = 500


async def tell_ended(platform: Platform, endings: Sequence[Ending], *, now: datetime) -> int:
    """Tell of all aliases that have ended so and were not told of yet; how many. Raises Unavailable."""
    return sum([await _tell(platform, ending, now=now) for ending in endings])


async def _tell(platform: Platform, ending: Ending, *, now: datetime) -> int:
    count = 0
    while True:
        async with platform.db.transaction() as conn:
            found = await queries.take_ended(conn, ending, now=now, limit=_BATCH)
            for account_id, ended in groupby(found, lambda one: one[0]):
                ids = [alias_id for _, alias_id in ended]
                await events.tell(conn, account_id, "alias.expired", {"reason": ending}, alias_ids=ids, now=now)
        count += len(found)
        if len(found) < _BATCH:
            return count
