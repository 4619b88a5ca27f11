"""What the sending side works with: a webhook that a worker holds, events that are due, and what came of them."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.events.model import Content, EventRow
from app.core.webhooks.model import DisabledReason
from app.core.webhooks.sending.retries import Health, Outcome


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that this worker alone sends to until the lease ends."""

    account_id: UUID
    webhook_id: UUID
    content: Content
    details: bytes
    index_key: bytes
    """Wrapped."""
    failing_since: datetime | None
    failure_count: int
    failed_event_id: UUID | None
    pause_count: int
    next_attempt_at: datetime | None
    leased_until: datetime

    @property
    def health(self) -> Health:
        """As it was when it was claimed."""
        if self.failing_since is None:
            return Health()
        return Health(
            failing_since=self.failing_since,
            failure_count=self.failure_count,
            failed_event_id=self.failed_event_id,
            pause_count=self.pause_count,
            next_attempt_at=self.next_attempt_at,
        )


class DueEvent(EventRow, frozen=True, kw_only=True):
    """An event that is to be sent, with how often that has been tried."""

    attempt_count: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what came of it."""

    event_id: UUID
    attempt_id: UUID
    status: int | None
    error: str | None
    milliseconds: int
    answer: bytes | None
    """Sealed; None where there was none."""
    outcome: Outcome


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The webhook as it is after writing down what was sent; its owner may have changed it meanwhile."""

    is_enabled: bool
    content: Content
    details: bytes
    disabled_reason: DisabledReason | None
