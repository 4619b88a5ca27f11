"""What a search asks for, as the grammar read it and before any key or table is known."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from app.core.messages.model import Folder, MessageLine

Field = Literal["", "from", "to", "subject", "filename", "alias"]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """Words to find, or not to find, in one field; the empty field is the whole message."""

    field: Field
    text: str
    is_quoted: bool
    """Just these words in this order, not their other forms."""
    is_negated: bool


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """All of it must hold. Flags are sets of what is allowed, so that an impossible wish finds nothing."""

    terms: tuple[Term, ...] = ()
    is_read: frozenset[bool] = frozenset({True, False})
    is_starred: frozenset[bool] = frozenset({True, False})
    has_attachment: frozenset[bool] = frozenset({True, False})
    folders: frozenset[Folder] | None = None
    """None: not asked for, so that spam, trash and what is held are left out."""
    not_folders: frozenset[Folder] = frozenset()
    before: datetime | None = None
    """Received earlier than this."""
    since: datetime | None = None
    """Received then or later."""
    larger: int | None = None
    """Bytes as received, more than this."""
    at_most: int | None = None
    """Bytes as received, not more than this."""
    alias_id: UUID | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was found, newest first, and where the next begins: it may be there even if this one is short."""

    lines: list[MessageLine]
    older: UUID | None
    seconds: float = 0.0
    """What finding them took."""
