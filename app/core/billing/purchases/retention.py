"""What purchases leave behind, and for how long; the scheduled job walks it."""

from datetime import datetime, timedelta

from app.core.billing.purchases import queries
from app.core.platform import Platform

KEPT = timedelta(days=540)
"""Refunds and disputes come as late as that."""
UNPAID_KEPT = timedelta(days=30)
"""The slowest payments take two weeks."""
_BATCH = 1000


async def forget_redeemed(on: Platform) -> int:
    """Part purchases from vouchers that were redeemed; how many.

    Many at once and at night: if each redemption did it, the row would tell when it happened.
    """
    count = await on.db.in_batches(lambda conn: queries.forget_redeemed(conn, limit=_BATCH), batch=_BATCH)
    async with on.db.connection() as conn:
        await queries.vacuum_vouchers(conn)
    return count


async def forget_purchases(on: Platform, *, now: datetime) -> int:
    """Purchases that have had their time, and what Stripe told of them; how many rows."""
    unpaid_before, before = (now - UNPAID_KEPT).date(), (now - KEPT).date()
    return await on.db.in_batches(
        lambda conn: queries.delete_purchases(conn, unpaid_before=unpaid_before, before=before, limit=_BATCH),
        batch=_BATCH,
    ) + await on.db.in_batches(
        lambda conn: queries.delete_facts(conn, before=unpaid_before, limit=_BATCH), batch=_BATCH
    )
