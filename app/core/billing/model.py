"""What can be bought: plans, and vouchers for them."""

from datetime import date
from uuid import UUID

import msgspec


class NewPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the administrator writes."""

    name: str
    price: int
    """In the currency's minor unit."""
    currency: str
    """ISO 4217 in small letters."""
    storage_limit: int
    """Bytes."""
    alias_limit: int
    domain_limit: int
    lines: tuple[str, ...] = ()
    """What is in it besides, as the shop says it: plain text."""
    is_on_sale: bool = True
    position: int = 0
    """In the shop, the smallest first."""


class Plan(NewPlan, frozen=True, kw_only=True):
    """A plan there is. It is never deleted: accounts and vouchers remember it."""

    plan_id: UUID


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What an account remembers of its vouchers: the newest one's plan and day."""

    plan: Plan
    since: date


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """Vouchers of a plan that nobody has redeemed yet; those of purchases are among them."""

    plan_id: UUID
    voucher_count: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may have after a voucher."""

    storage_limit: int
    """Bytes."""
    alias_limit: int
    domain_limit: int
