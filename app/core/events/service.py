"""Writing down what happens in an account, in the transaction that does it, and forgetting it after 30 days.

Events about messages and refusals go with what stores those: see `payloads`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.events import queries
from app.core.events.model import DUE, EventType, Facts, NewEvent
from app.core.platform import Platform
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.wakeups import notify

LIFETIME = timedelta(days=30)
_AT_ONCE = 1000
_BATCH = 2000
_SETTLED_AFTER = timedelta(minutes=5)


async def tell(
    conn: Conn,
    account_id: UUID,
    event_type: EventType,
    facts: Facts,
    *,
    alias_ids: Sequence[UUID | None] = (None,),
    now: datetime,
) -> None:
    """Write down that it happened, to each of these aliases or (None) to the account; told once this commits."""
    deliveries = 0
    for at in range(0, len(alias_ids), _AT_ONCE):
        deliveries += await queries.insert_events(
            conn,
            [
                NewEvent(
                    account_id=account_id,
                    event_id=new_id(),
                    type=event_type,
                    alias_id=alias_id,
                    subject_id=alias_id,
                    occurred_at=now,
                    facts=facts,
                )
                for alias_id in alias_ids[at : at + _AT_ONCE]
            ],
        )
    if deliveries:
        await notify(conn, "webhooks", [DUE])


async def forget(platform: Platform, *, now: datetime) -> int:
    """Delete events older than 30 days, with what was delivered of them; how many. Raises Unavailable."""
    return await platform.db.in_batches(
        lambda conn: queries.delete_before(conn, now - LIFETIME, limit=_BATCH), batch=_BATCH
    )


async def wipe_payloads(platform: Platform, *, now: datetime) -> int:
    """Wipe payloads that nobody waits for any more, whatever came between; how many. Raises Unavailable.

    Delivering wipes them at once; what is left belongs to webhooks that were deleted, or that did not want it.
    """
    return await platform.db.in_batches(
        lambda conn: queries.wipe_idle_payloads(conn, before=now - _SETTLED_AFTER, limit=_BATCH), batch=_BATCH
    )
