"""A message that its owner brings from elsewhere."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.messages.model import Folder


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes, and what its bytes do not say of it."""

    alias_id: UUID
    received_at: datetime | None = None
    """None: what its newest Received field says, else its Date, else now."""
    folder: Folder = "archive"
    is_read: bool = True
    is_starred: bool = False
    delivered_to: str = ""
    """The address it was sent to; empty: the alias's."""
    envelope_from: str = ""
    """MAIL FROM, where that is known."""

    def __repr__(self) -> str:
        return f"NewMessage(alias_id={self.alias_id})"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    message_id: UUID
    is_new: bool
    """False: the alias had this very message from this very second, and nothing was stored."""
