"""An event: something that happened in an account, as webhooks and event streams tell it."""

from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar, get_args
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.lib.times import Moment

T = TypeVar("T")

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
Quota = Literal["storage", "aliases"]
DUE = "due"
"""The one word of the topic `webhooks`: something is to be delivered."""
Facts: TypeAlias = dict[str, str | int]
"""What of an event stands in clear in the database anyway."""
Content = Literal["thin", "full"]
"""What is told of a message: ids and metadata, or its text, HTML, header fields and links to its attachments, too."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be written down."""

    account_id: UUID
    event_id: UUID
    type: EventType
    alias_id: UUID | None = None
    """Webhooks of this alias are told, too; None: only those of the whole account."""
    subject_id: UUID | None = None
    """The message, refusal or alias that it is about."""
    occurred_at: datetime
    facts: Facts | None = None
    payload: bytes | None = None
    """Sealed; of messages and refusals."""
    is_full: bool = False
    """The payload has what full webhooks are told."""


class Fullness(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what an account may have is used up; the owner is told when 80 and 100 percent are reached."""

    quota: Quota
    percent: int
    """0, 80 or 100."""
    used: int
    limit: int


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as stored."""

    account_id: UUID
    event_id: UUID
    type: EventType
    alias_id: UUID | None
    alias_address: str | None
    subject_id: UUID | None
    thread_id: UUID | None
    """Of a message that is still there: the conversation it belongs to by now."""
    occurred_at: datetime
    facts: Facts | None
    payload: bytes | None
    """Sealed; None once nothing waited to be delivered, and of events that have none."""


class EventResource(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An event on the wire: the body of a webhook's request, and the data of an event stream. `id` is its own for ever,
    however often it is told: whoever has seen it has seen the event.
    """

    id: UUID
    type: EventType
    timestamp: Moment
    data: T


class AliasEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an alias. `reason`: who made it (`owner`, `import`, `catch_all`, `service`), what switched it off
    (`switched_off`, `deleted`, `domain_deleted`), why it has expired (`date`, `count`, `idle`).
    """

    alias: AliasRef
    reason: str


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a domain, by its name in A-labels."""

    domain: str


class QuotaEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What of the account is nearly (80 percent) or wholly (100) used up; `storage` in bytes."""

    quota: Quota
    percent: int
    used: int
    limit: int


class TestEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a test tells."""

    webhook_id: UUID
    text: str
