"""SQL over plans, vouchers, and what accounts remember of them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.billing.model import Grant, NewPlan, Plan, Stock
from app.lib.db import Conn

_PLAN = """plan_id, name, price, currency, storage_limit, alias_limit, domain_limit, lines, is_on_sale, position"""


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as the driver gives it."""

    plan_id: UUID
    name: str
    price: int
    currency: str
    storage_limit: int
    alias_limit: int
    domain_limit: int
    lines: list[str]
    is_on_sale: bool
    position: int

    def plan(self) -> Plan:
        """As a value."""
        return msgspec.convert(self, Plan, from_attributes=True)


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a voucher changes of an account."""

    storage_limit: int
    alias_limit: int
    domain_limit: int
    plan_id: UUID | None


async def plans(conn: Conn, *, limit: int) -> list[Plan]:
    """All plans as the shop orders them; at most 100."""
    async with conn.cursor(row_factory=class_row(PlanRow)) as cursor:
        await cursor.execute(
            "SELECT " + _PLAN + " FROM plans ORDER BY position, price, plan_id LIMIT %(limit)s",
            {"limit": min(limit, 100)},
        )
        return [row.plan() for row in await cursor.fetchall()]


async def plan(conn: Conn, plan_id: UUID) -> Plan | None:
    """The plan of this id."""
    async with conn.cursor(row_factory=class_row(PlanRow)) as cursor:
        await cursor.execute(
            "SELECT " + _PLAN + " FROM plans WHERE plan_id = %(plan_id)s LIMIT 1", {"plan_id": plan_id}
        )
        row = await cursor.fetchone()
        return row.plan() if row else None


async def lock_plan(conn: Conn, plan_id: UUID) -> None:
    """Until the transaction ends nobody makes a voucher or a purchase of the plan, whose foreign keys wait for it."""
    await conn.execute("SELECT FROM plans WHERE plan_id = %(plan_id)s FOR UPDATE", {"plan_id": plan_id})


async def insert_plan(conn: Conn, plan_id: UUID, new: NewPlan) -> None:
    """A new plan."""
    await conn.execute(
        """INSERT INTO plans (plan_id, name, price, currency, storage_limit, alias_limit, domain_limit, lines,
                              is_on_sale, position)
           VALUES (%(plan_id)s, %(name)s, %(price)s, %(currency)s, %(storage_limit)s, %(alias_limit)s,
                   %(domain_limit)s, %(lines)s, %(is_on_sale)s, %(position)s)""",
        msgspec.structs.asdict(new) | {"plan_id": plan_id, "lines": list(new.lines)},
    )


async def update_plan(conn: Conn, plan_id: UUID, new: NewPlan) -> None:
    """All of it."""
    await conn.execute(
        """UPDATE plans SET name = %(name)s, price = %(price)s, currency = %(currency)s,
                            storage_limit = %(storage_limit)s, alias_limit = %(alias_limit)s,
                            domain_limit = %(domain_limit)s, lines = %(lines)s, is_on_sale = %(is_on_sale)s,
                            position = %(position)s
           WHERE plan_id = %(plan_id)s""",
        msgspec.structs.asdict(new) | {"plan_id": plan_id, "lines": list(new.lines)},
    )


async def insert_vouchers(conn: Conn, plan_id: UUID, hashes: Sequence[bytes], *, made_on: date) -> None:
    """One row a hash; one that is there already stays as it is."""
    await conn.execute(
        """INSERT INTO vouchers (voucher_hash, plan_id, made_on)
           SELECT hash, %(plan_id)s, %(made_on)s FROM unnest(%(hashes)s::bytea[]) AS hash
           ON CONFLICT DO NOTHING""",
        {"plan_id": plan_id, "hashes": list(hashes), "made_on": made_on},
    )


async def delete_voucher(conn: Conn, voucher_hash: bytes) -> UUID | None:
    """Its plan; None where there is no such voucher. Of two who ask at once the second waits, and finds none."""
    cursor = await conn.execute(
        "DELETE FROM vouchers WHERE voucher_hash = %(hash)s RETURNING plan_id", {"hash": voucher_hash}
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def is_voucher(conn: Conn, voucher_hash: bytes) -> bool:
    """Whether it can be redeemed."""
    cursor = await conn.execute("SELECT FROM vouchers WHERE voucher_hash = %(hash)s LIMIT 1", {"hash": voucher_hash})
    return await cursor.fetchone() is not None


async def stocks(conn: Conn) -> list[Stock]:
    """The vouchers of every plan that has some; at most 100 plans."""
    async with conn.cursor(row_factory=class_row(Stock)) as cursor:
        await cursor.execute("SELECT plan_id, count(*) AS voucher_count FROM vouchers GROUP BY plan_id LIMIT 100")
        return await cursor.fetchall()


async def is_promised(conn: Conn, plan_id: UUID) -> bool:
    """Whether somebody may still redeem the plan: a voucher is out, or somebody is paying."""
    cursor = await conn.execute(
        """SELECT EXISTS (SELECT FROM vouchers WHERE plan_id = %(plan_id)s)
               OR EXISTS (SELECT FROM purchases WHERE plan_id = %(plan_id)s
                          AND state IN ('open', 'processing', 'disputed'))""",
        {"plan_id": plan_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def account(conn: Conn, account_id: UUID) -> AccountRow | None:
    """What it may have and which plan it has; nobody else changes it until the transaction ends."""
    async with conn.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(
            """SELECT storage_limit, alias_limit, domain_limit, plan_id FROM accounts
               WHERE account_id = %(account_id)s LIMIT 1 FOR NO KEY UPDATE""",
            {"account_id": account_id},
        )
        return await cursor.fetchone()


async def give(conn: Conn, account_id: UUID, grant: Grant, *, plan_id: UUID, today: date) -> None:
    """What the account may have from now on, and of which plan."""
    await conn.execute(
        """UPDATE accounts SET storage_limit = %(storage_limit)s, alias_limit = %(alias_limit)s,
                               domain_limit = %(domain_limit)s, plan_id = %(plan_id)s, plan_since = %(today)s
           WHERE account_id = %(account_id)s""",
        msgspec.structs.asdict(grant) | {"account_id": account_id, "plan_id": plan_id, "today": today},
    )


async def held(conn: Conn, account_id: UUID) -> tuple[UUID, date] | None:
    """(plan id, since when) of the account's newest voucher."""
    cursor = await conn.execute(
        "SELECT plan_id, plan_since FROM accounts WHERE account_id = %(account_id)s AND plan_id IS NOT NULL LIMIT 1",
        {"account_id": account_id},
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None
