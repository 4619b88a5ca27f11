"""Mail that was not kept: what its owner sees of it for 30 days."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from app.core.events.model import Fullness
from app.core.policy.model import Reason


class RefusalDetails(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a refusal to the account's public key. New fields go at the end."""

    envelope_from: str
    """MAIL FROM; empty for bounces."""
    header_from: tuple[str, ...]
    """The addresses of the From field, where the message was read."""
    recipient: str
    """As the sender gave it, with its tag."""


class NewRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written down, and how often the rule that decided was met."""

    account_id: UUID
    alias_id: UUID
    public_key: bytes
    code: int
    """SMTP's; 250 where mail was taken and dropped, or taken for others."""
    reason: Reason
    details: RefusalDetails
    rule_id: UUID | None = None
    alias_address: str = ""
    """For what webhooks are told."""
    outbox_key: bytes | None = None
    """The account's index key, where webhooks are told of it."""
    fullness: Fullness | None = None
    """That the account is full, where its owner was not told yet."""

    def __repr__(self) -> str:
        return f"NewRefusal({self.alias_id}, {self.reason})"


class SealedRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal to be stored."""

    account_id: UUID
    refusal_id: UUID
    alias_id: UUID
    code: int
    reason: str
    details: bytes


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Refusals of one alias, day, code and reason that are only counted; `refusal_id` is for the first of them."""

    account_id: UUID
    alias_id: UUID
    code: int
    reason: str
    refusal_id: UUID
    count: int


class RefusalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as stored."""

    refusal_id: UUID
    alias_id: UUID
    alias_address: str
    refused_on: date
    code: int
    reason: Reason
    details: bytes | None
    count: int


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as its owner sees it, opened. Without `details` it counts the rest of a day with too many to list."""

    refusal_id: UUID
    alias_id: UUID
    alias_address: str
    refused_at: datetime
    """Of one that counts the rest: when the first of those came."""
    code: int
    reason: Reason
    details: RefusalDetails | None
    count: int
    is_readable: bool = True
    """False where what was sealed is damaged; then there are no details."""

    @property
    def sender(self) -> str:
        """Whom a rule would be about: the first From address, else the envelope's; empty where neither is known."""
        if self.details is None:
            return ""
        return next(iter(self.details.header_from), self.details.envelope_from)

    def __repr__(self) -> str:
        return f"Refusal({self.refusal_id}, {self.reason})"
