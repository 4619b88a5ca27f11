"""What an event of Stripe's says of a purchase: the few fields that are used, and nothing of the buyer."""

from typing import Any
from uuid import UUID

import msgspec

from app.core.billing.purchases.model import Fact, FactKind
from app.errors import Invalid
from app.lib.checkout import Event
from app.lib.ids import parse_id


class _Session(msgspec.Struct, frozen=True):
    """A Checkout session: docs.stripe.com/api/checkout/sessions/object."""

    payment_status: str
    client_reference_id: str | None = None
    payment_intent: str | None = None


class _Charge(msgspec.Struct, frozen=True):
    """A charge: docs.stripe.com/api/charges/object."""

    refunded: bool
    """Whole."""
    payment_intent: str | None = None
    metadata: dict[str, str] = {}


class _Dispute(msgspec.Struct, frozen=True):
    """A dispute: docs.stripe.com/api/disputes/object."""

    id: str
    status: str
    payment_intent: str | None = None


_OF_SESSIONS: dict[str, FactKind] = {
    "checkout.session.async_payment_succeeded": "async_succeeded",
    "checkout.session.async_payment_failed": "async_failed",
    "checkout.session.expired": "expired",
}
_COMPLETED = "checkout.session.completed"
_REFUNDED = "charge.refunded"
_DISPUTE_CLOSED = "charge.dispute.closed"
_DISPUTES = frozenset({"charge.dispute.created", "charge.dispute.funds_withdrawn", _DISPUTE_CLOSED})
_PAID = frozenset({"paid", "no_payment_required"})
HANDLED = frozenset({*_OF_SESSIONS, _COMPLETED, _REFUNDED, *_DISPUTES})
"""The events to choose for the endpoint at Stripe."""


def fact_of(event: Event) -> Fact | None:
    """What it says; None for events about something else, such as other sales of the same Stripe account.

    Raises Invalid for an event whose object is not as Stripe describes it.
    """
    try:
        if event.type == _COMPLETED or event.type in _OF_SESSIONS:
            return _of_session(event)
        if event.type == _REFUNDED:
            return _of_charge(event)
        if event.type in _DISPUTES:
            return _of_dispute(event)
    except msgspec.ValidationError:
        raise Invalid("The event's object is not as Stripe describes it.", code="event") from None
    return None


def _of_session(event: Event) -> Fact | None:
    session = _read(event, _Session)
    purchase_id = _ours(session.client_reference_id)
    if purchase_id is None:
        return None
    is_paid = session.payment_status in _PAID
    kind = _OF_SESSIONS.get(event.type) or ("completed_paid" if is_paid else "completed_unpaid")
    return Fact(event_id=event.id, kind=kind, purchase_id=purchase_id, payment=session.payment_intent)


def _of_charge(event: Event) -> Fact | None:
    charge = _read(event, _Charge)
    purchase_id = _ours(charge.metadata.get("purchase"))
    if charge.payment_intent is None:
        return None
    kind: FactKind = "refunded_whole" if charge.refunded else "refunded_part"
    return Fact(event_id=event.id, kind=kind, purchase_id=purchase_id, payment=charge.payment_intent)


def _of_dispute(event: Event) -> Fact | None:
    """An inquiry of the bank (`warning_…`) moves no money; where it grows into a dispute, funds are withdrawn."""
    dispute = _read(event, _Dispute)
    if dispute.payment_intent is None or dispute.status.startswith("warning_"):
        return None
    kind: FactKind = "dispute_opened"
    if event.type == _DISPUTE_CLOSED:
        kind = "dispute_lost" if dispute.status == "lost" else "dispute_won"
    return Fact(event_id=event.id, kind=kind, payment=dispute.payment_intent, dispute=dispute.id)


def _ours(reference: str | None) -> UUID | None:
    return parse_id(reference) if reference else None


def _read(event: Event, kind: type[Any]) -> Any:  # noqa: ANN401 - what the type says
    return msgspec.convert(event.data, kind)
