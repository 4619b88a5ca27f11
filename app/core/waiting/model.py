"""What somebody waits for, from where on, and what was found."""

from uuid import UUID

import msgspec

from app.core.messages.model import Folder, OpenMessage
from app.core.waiting.links import FoundLink

FOLDERS: tuple[Folder, ...] = ("inbox", "archive", "spam")
"""What counts as arrived: held mail once it is let in, and what is in the trash never."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are waited for; None leaves a thing open."""

    alias_id: UUID | None = None
    sender: str | None = None
    """An address or a domain with all that lies in it, in normal form (`rules.senders.normal`)."""
    subject: tuple[str, ...] = ()
    """Words as the index has them: each stands in the subject."""

    def __repr__(self) -> str:
        return "Wanted()"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was waited for, with what automation looks for in it."""

    opened: OpenMessage
    links: tuple[FoundLink, ...]
    code: str | None
    """The probable one-time code."""

    def __repr__(self) -> str:
        return f"Found({self.opened.line.message_id})"
