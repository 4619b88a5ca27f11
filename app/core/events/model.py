"""An event: something that happened in an account, as webhooks and event streams tell it."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

EventType = Literal[
    "message.received",
    "message.held",
    "message.refused",
    "alias.created",
    "alias.disabled",
    "alias.expired",
    "domain.verified",
    "domain.failing",
    "quota.warning",
    "webhook.test",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
EPHEMERAL: frozenset[EventType] = frozenset({"message.received", "message.held", "message.refused"})
"""Their payloads are wiped once nothing waits to be delivered: what they say is in the message or the refusal."""
Content = Literal["thin", "full"]
"""What is told of a message: ids and metadata, or its text, HTML, header fields and links to its attachments, too."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be written down, its payload sealed."""

    account_id: UUID
    event_id: UUID
    type: EventType
    alias_id: UUID | None = None
    subject_id: UUID | None = None
    """The message, refusal or alias that it is about."""
    occurred_at: datetime
    payload: bytes
    is_full: bool = False
    """The payload has what full webhooks are told besides."""


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as stored."""

    account_id: UUID
    event_id: UUID
    type: EventType
    alias_id: UUID | None
    subject_id: UUID | None
    occurred_at: datetime
    payload: bytes | None
    """Sealed; None once it was wiped."""
