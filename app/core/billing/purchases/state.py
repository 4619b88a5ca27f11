"""What a purchase's facts amount to, in whatever order they came. Pure."""

from collections.abc import Collection
from typing import Literal

from app.core.billing.purchases.model import Fact, FactKind, State, VoucherState

_DECIDED = frozenset({"dispute_won", "dispute_lost"})
Change = Literal["make", "withdraw"]


def state_of(facts: Collection[Fact]) -> State:
    """The state that this set of facts gives: the worst that happened to the money counts.

    A part that was refunded changes nothing: it is a kindness, not an end. A dispute that was won is over.
    """
    kinds: set[FactKind] = {fact.kind for fact in facts}
    decided = {fact.dispute for fact in facts if fact.kind in _DECIDED}
    if "dispute_lost" in kinds:
        return "lost"
    if "refunded_whole" in kinds:
        return "refunded"
    if any(fact.kind == "dispute_opened" and fact.dispute not in decided for fact in facts):
        return "disputed"
    if kinds & {"completed_paid", "async_succeeded"}:
        return "paid"
    if "async_failed" in kinds:
        return "failed"
    if "expired" in kinds:
        return "expired"
    return "processing" if "completed_unpaid" in kinds else "open"


def change_of(state: State, voucher: VoucherState) -> Change | None:
    """What has to be done about the purchase's voucher. One that was redeemed stays redeemed."""
    is_due = state == "paid"
    if is_due and voucher in {"none", "withdrawn"}:
        return "make"
    return "withdraw" if not is_due and voucher == "made" else None
