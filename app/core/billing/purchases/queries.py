"""SQL over purchases and what Stripe's events said of them."""

from datetime import date
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.billing.purchases.model import Fact, NewPurchase, Purchase, State, VoucherState
from app.lib.db import Conn

_PURCHASE = "purchase_id, plan_id, price, currency, made_on, session, payment, state, voucher, voucher_hash, is_kept"
_MAX_FACTS = 500
"""Of one purchase; a real one has two or three."""


async def insert_purchase(conn: Conn, new: NewPurchase) -> None:
    """A purchase that nobody has paid yet."""
    await conn.execute(
        """INSERT INTO purchases (purchase_id, receipt_hash, voucher_hash, plan_id, price, currency, made_on, state,
                                  voucher, is_kept)
           VALUES (%(purchase_id)s, %(receipt_hash)s, %(voucher_hash)s, %(plan_id)s, %(price)s, %(currency)s,
                   %(made_on)s, 'open', 'none', false)""",
        msgspec.structs.asdict(new),
    )


async def delete_purchase(conn: Conn, purchase_id: UUID) -> None:
    """One that Stripe never heard of."""
    await conn.execute("DELETE FROM purchases WHERE purchase_id = %(id)s", {"id": purchase_id})


async def set_session(conn: Conn, purchase_id: UUID, session: str) -> None:
    """Stripe's id of the Checkout session."""
    await conn.execute(
        "UPDATE purchases SET session = %(session)s WHERE purchase_id = %(id)s",
        {"id": purchase_id, "session": session},
    )


async def by_receipt(conn: Conn, receipt_hash: bytes) -> Purchase | None:
    """The purchase whose receipt's secret hashes to this."""
    async with conn.cursor(row_factory=class_row(Purchase)) as cursor:
        await cursor.execute(
            "SELECT " + _PURCHASE + " FROM purchases WHERE receipt_hash = %(hash)s LIMIT 1", {"hash": receipt_hash}
        )
        return await cursor.fetchone()


async def held(conn: Conn, purchase_id: UUID | None, payment: str | None) -> Purchase | None:
    """The purchase of this id, or of this payment; nobody else changes it until the transaction ends."""
    async with conn.cursor(row_factory=class_row(Purchase)) as cursor:
        await cursor.execute(
            "SELECT "
            + _PURCHASE
            + """ FROM purchases WHERE purchase_id = %(id)s OR payment = %(payment)s
                  ORDER BY purchase_id = %(id)s DESC NULLS LAST LIMIT 1 FOR UPDATE""",
            {"id": purchase_id, "payment": payment},
        )
        return await cursor.fetchone()


async def insert_fact(conn: Conn, fact: Fact, *, today: date) -> bool:
    """False when the event was told before."""
    cursor = await conn.execute(
        """INSERT INTO payment_facts (event_id, purchase_id, payment, kind, dispute, received_on)
           VALUES (%(event_id)s, %(purchase_id)s, %(payment)s, %(kind)s, %(dispute)s, %(today)s)
           ON CONFLICT DO NOTHING""",
        msgspec.structs.asdict(fact) | {"today": today},
    )
    return cursor.rowcount == 1


async def lock_payment(conn: Conn, payment: str) -> None:
    """Events of one payment wait for each other, also while no purchase is known to have it."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('restante payment ' || %s, 0))", (payment,))


async def facts(conn: Conn, purchase_id: UUID, payment: str | None) -> list[Fact]:
    """All that is known of the purchase; at most 500."""
    async with conn.cursor(row_factory=class_row(Fact)) as cursor:
        await cursor.execute(
            """SELECT event_id, kind, purchase_id, payment, dispute FROM payment_facts
               WHERE purchase_id = %(id)s OR payment = %(payment)s LIMIT %(limit)s""",
            {"id": purchase_id, "payment": payment, "limit": _MAX_FACTS},
        )
        return await cursor.fetchall()


async def set_state(conn: Conn, purchase_id: UUID, *, state: State, voucher: VoucherState, payment: str | None) -> None:
    """What follows from the facts."""
    await conn.execute(
        """UPDATE purchases SET state = %(state)s, voucher = %(voucher)s, payment = coalesce(payment, %(payment)s)
           WHERE purchase_id = %(id)s""",
        {"id": purchase_id, "state": state, "voucher": voucher, "payment": payment},
    )


async def set_kept(conn: Conn, purchase_id: UUID) -> None:
    """The buyer has the code."""
    await conn.execute("UPDATE purchases SET is_kept = true WHERE purchase_id = %(id)s", {"id": purchase_id})


async def forget_redeemed(conn: Conn, *, limit: int) -> int:
    """Part at most `limit` purchases from vouchers that are no longer there; how many."""
    cursor = await conn.execute(
        """UPDATE purchases SET voucher = 'redeemed', voucher_hash = NULL WHERE purchase_id IN (
               SELECT p.purchase_id FROM purchases p
               WHERE p.voucher_hash IS NOT NULL AND p.voucher = 'made'
                 AND NOT EXISTS (SELECT FROM vouchers v WHERE v.voucher_hash = p.voucher_hash)
               LIMIT %(limit)s)""",
        {"limit": limit},
    )
    return cursor.rowcount


async def delete_purchases(conn: Conn, *, unpaid_before: date, before: date, limit: int) -> int:
    """At most `limit` that came to nothing before the one day, or were made before the other; how many."""
    cursor = await conn.execute(
        """DELETE FROM purchases WHERE purchase_id IN (
               SELECT purchase_id FROM purchases
               WHERE made_on < %(before)s
                  OR (made_on < %(unpaid_before)s AND state IN ('open', 'failed', 'expired'))
               LIMIT %(limit)s)""",
        {"unpaid_before": unpaid_before, "before": before, "limit": limit},
    )
    return cursor.rowcount


async def delete_facts(conn: Conn, *, before: date, limit: int) -> int:
    """At most `limit` that were told before this day, and belong to no purchase that is still kept; how many."""
    cursor = await conn.execute(
        """DELETE FROM payment_facts WHERE event_id IN (
               SELECT f.event_id FROM payment_facts f
               WHERE f.received_on < %(before)s
                 AND NOT EXISTS (SELECT FROM purchases p
                                 WHERE p.purchase_id = f.purchase_id OR p.payment = f.payment)
               LIMIT %(limit)s)""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount


async def vacuum_vouchers(conn: Conn) -> None:
    """Let go of the rows of vouchers that are deleted: so small a table is never large enough for Postgres to do it.

    The connection is in autocommit.
    """
    await conn.execute("VACUUM vouchers")


async def by_payment(conn: Conn, payment: str) -> Purchase | None:
    """The purchase that this payment of Stripe's paid."""
    async with conn.cursor(row_factory=class_row(Purchase)) as cursor:
        await cursor.execute(
            "SELECT " + _PURCHASE + " FROM purchases WHERE payment = %(payment)s LIMIT 1", {"payment": payment}
        )
        return await cursor.fetchone()
