"""What SMTP says around a message: who sent it, for whom, and what became of each copy."""

from uuid import UUID

import msgspec

from app.core.aliases.model import Mailbox
from app.core.messages.model import Folder
from app.core.policy.model import Decision
from app.core.rules.matching import Finding


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What SMTP said of the sender and the connection."""

    sender: str
    """MAIL FROM, empty for bounces."""
    tls: tuple[str, str] | None
    """(protocol version, cipher)."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted recipient and the mailbox it reaches."""

    address: str
    """As the sender gave it, with its tag."""
    mailbox: Mailbox
    finding: Finding | None = None
    """What the rules say of the envelope's sender."""
    folder: Folder = "inbox"
    """Where its copy comes."""


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient whose copy was not kept after all, and why."""

    recipient: Recipient
    decision: Decision
    rule_id: UUID | None = None
    """The rule that decided, if one did."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message: copies are stored for all recipients but those who were turned away."""

    turned: tuple[Turned, ...] = ()
    allowed: tuple[tuple[UUID, UUID], ...] = ()
    """(account id, rule id) of the rules that let copies in."""
    stored: int = 0
    """Copies that are stored."""
    held: int = 0
    """Those of them that wait for their owners."""
    authors: tuple[str, ...] = ()
    """The addresses of the From field."""
