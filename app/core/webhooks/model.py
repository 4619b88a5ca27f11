"""A webhook: an endpoint of the owner's that is told what happens, and what has become of telling it.

The array-like Structs are stored sealed as MessagePack arrays: a new field goes at the end and has a default.
"""

from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from app.core.events.model import Content, EventType

DeliveryState = Literal["pending", "delivered", "failed"]
"""`failed`: given up; `replay` begins anew."""
DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
Replayable = Literal["pending", "delivered", "failed", "missed"]
"""`missed`: it was not to be told at all, because it was switched off, or was not there yet."""
DisabledReason = Literal["gone", "failing"]
"""The endpoint said 410 (Gone), or has answered nothing well for three days."""


class Secret(msgspec.Struct, frozen=True, array_like=True):
    """A signing secret, `whsec_` and the base64 of 32 bytes; one that was replaced signs until `until`."""

    secret: str
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"Secret(until={self.until})"


class WebhookDetails(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a webhook. The secret in force comes first."""

    url: str
    description: str
    secrets: tuple[Secret, ...]

    def __repr__(self) -> str:
        return "WebhookDetails()"


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as stored."""

    account_id: UUID
    webhook_id: UUID
    alias_id: UUID | None
    alias_address: str | None
    is_enabled: bool
    event_types: list[EventType]
    content: Content
    details: bytes
    created_on: date
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    failure_count: int
    next_attempt_at: datetime | None
    pending_count: int
    """Deliveries that wait, counted up to 1,000."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as its owner sees it, opened."""

    webhook_id: UUID
    url: str
    description: str
    alias_id: UUID | None
    """None: it is told of every alias, and of the account itself."""
    alias_address: str | None
    event_types: tuple[EventType, ...]
    content: Content
    is_enabled: bool
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    failure_count: int
    next_attempt_at: datetime | None
    """Of one that is failing: when it is tried again."""
    pending_count: int
    created_on: date
    secrets: tuple[Secret, ...]
    is_readable: bool = True
    """False: address, description and secrets are damaged and empty here; it can only be deleted."""

    def __repr__(self) -> str:
        return f"Webhook({self.webhook_id})"


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses."""

    url: str
    event_types: tuple[EventType, ...]
    description: str = ""
    alias_id: UUID | None = None
    content: Content = "thin"
    accepts_exposure: bool = False
    """Of sealed accounts: that messages wait under a key of the server's until they are told in full."""

    def __repr__(self) -> str:
        return "NewWebhook()"


class WebhookPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes; None takes the alias away. Enabling one that failed begins with a clean sheet."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    event_types: tuple[EventType, ...] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    alias_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    content: Content | msgspec.UnsetType = msgspec.UNSET
    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    accepts_exposure: bool = False
    """As in `NewWebhook`."""

    def __repr__(self) -> str:
        return "WebhookPatch()"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of telling one webhook of one event."""

    webhook_id: UUID
    event_id: UUID
    type: EventType
    alias_id: UUID | None
    occurred_at: datetime
    state: DeliveryState
    attempt_count: int
    next_attempt_at: datetime
    ended_at: datetime | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request to an endpoint and what it answered."""

    attempt_id: UUID
    """Its time begins it."""
    status: int | None
    """HTTP's; None where there was no answer."""
    error: str | None
    """Why not, as a code."""
    milliseconds: int
    answer: bytes | None
    """The first 512 bytes of the answer's body."""

    def __repr__(self) -> str:
        return f"Attempt({self.attempt_id})"
