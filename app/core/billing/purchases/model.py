"""A purchase at Stripe, and what its events say of it."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

State = Literal["open", "processing", "paid", "failed", "expired", "refunded", "disputed", "lost"]
"""`processing`: Checkout is through, and the bank takes its time. `lost`: a dispute was decided for the buyer."""
VoucherState = Literal["none", "made", "withdrawn", "redeemed"]
"""`redeemed` is known from the night after; until then, or for ever, the voucher is just gone."""
FactKind = Literal[
    "completed_paid",
    "completed_unpaid",
    "async_succeeded",
    "async_failed",
    "expired",
    "refunded_whole",
    "refunded_part",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event of Stripe says. Ids but the purchase's are Stripe's."""

    event_id: str
    kind: FactKind
    purchase_id: UUID | None = None
    """None for events about the payment, which know nothing of the Checkout session."""
    payment: str | None = None
    dispute: str | None = None


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase. It knows no account."""

    purchase_id: UUID
    plan_id: UUID
    price: int
    currency: str
    made_on: date
    session: str | None
    payment: str | None
    state: State
    voucher: VoucherState
    voucher_hash: bytes | None
    is_kept: bool

    def __repr__(self) -> str:
        return f"Purchase(purchase_id={self.purchase_id!r}, state={self.state!r}, voucher={self.voucher!r})"


class NewPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored before the buyer goes to Stripe."""

    purchase_id: UUID
    plan_id: UUID
    price: int
    currency: str
    made_on: date
    receipt_hash: bytes
    voucher_hash: bytes
