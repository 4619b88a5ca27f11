"""A refusal in the words of the API, and of webhooks and event streams, which say the same. No lookups, no I/O."""

from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.refusals.model import Refusal
from app.lib.times import Moment, rfc3339


class RefusalResource(msgspec.Struct, frozen=True, kw_only=True):
    """Mail that was not kept. `code` is SMTP's; 250 where it was taken and dropped, or taken for others alone.

    Where `count` is above 1 it stands for the rest of a day with too many to list, and nobody is named.
    """

    id: UUID
    alias: AliasRef
    refused_at: Moment
    code: int
    """SMTP's: 5xx for ever, 4xx for now, 250 for mail that was taken and dropped."""
    reason: str
    """For programs."""
    sender: str | None
    """What a rule about the sender would name."""
    envelope_from: str | None
    """MAIL FROM of the SMTP dialog."""
    header_from: list[str]
    """What the message said."""
    recipient: str | None
    """With its tag, if it had one."""
    count: int
    """Above 1: it stands for that many, of the rest of a day."""
    is_readable: bool = True
    """False where what was stored of it is damaged; then nobody is named."""


def refusal_resource(refusal: Refusal) -> RefusalResource:
    """What was refused; senders as they came."""
    details = refusal.details
    return RefusalResource(
        id=refusal.refusal_id,
        alias=AliasRef(id=refusal.alias_id, email=refusal.alias_address),
        refused_at=rfc3339(refusal.refused_at),
        code=refusal.code,
        reason=refusal.reason,
        sender=refusal.sender if details else None,
        envelope_from=details.envelope_from if details else None,
        header_from=list(details.header_from) if details else [],
        recipient=details.recipient if details else None,
        count=refusal.count,
        is_readable=refusal.is_readable,
    )
