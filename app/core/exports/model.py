"""An export of everything: what it holds, in how many parts, and how far its owner has come in fetching them.

The array-like Structs are stored sealed as MessagePack arrays: a new field goes at the end and has a default.
"""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from app.core.messages.model import Folder
from app.lib.zips import Member

Format = Literal["maildir", "mbox", "attachments"]
"""In which forms messages are in an export; the last is their attachments as files."""
FORMATS: tuple[Format, ...] = get_args(Format)


class NewExport(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses; no format at all exports everything but mail."""

    formats: tuple[Format, ...] = FORMATS


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an export. The first holds all that is not mail, the others some messages each."""

    number: int
    """From 1."""
    part_id: UUID
    message_count: int
    estimated_size: int
    """Bytes, to some percent."""
    size: int | None
    """Bytes; None until somebody has asked for it."""
    is_fetched: bool
    """It was sent to its end."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export as its owner sees it."""

    export_id: UUID
    formats: tuple[Format, ...]
    created_at: datetime
    ends_at: datetime
    parts: tuple[Part, ...]

    @property
    def message_count(self) -> int:
        """Of all parts."""
        return sum(part.message_count for part in self.parts)

    @property
    def estimated_size(self) -> int:
        """Bytes of all parts, as far as they are known."""
        return sum(part.estimated_size if part.size is None else part.size for part in self.parts)

    def file_name(self, number: int) -> str:
        """What a part is called where it is kept."""
        return f"restante-{self.created_at:%Y-%m-%d}-{self.export_id.hex[-6:]}-{number:03}.zip"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the list of an export is made of it."""

    message_id: UUID
    folder: Folder
    is_read: bool
    is_starred: bool
    size: int
    has_attachments: bool


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A message of a part as it was when the export was begun."""

    message_id: UUID
    folder: Folder
    is_read: bool
    is_starred: bool
    size: int


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """What one message gives to one file: `kind` is an attachment's ordinal, or one of those below."""

    message: int
    """Its number in the part, from 0."""
    kind: int
    size: int


ORIGINAL, IN_MBOX, LINE = -1, -2, -3
"""The message as it was received; as it stands in an mbox file; what its bytes do not say, as a line of JSON."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A file of a part: made of messages, or (`text`) of words of our own."""

    member: Member
    pieces: tuple[Piece, ...] = ()
    text: bytes = b""


class Contents(msgspec.Struct, frozen=True, array_like=True):
    """All files of a part, and the messages that they are made of."""

    messages: tuple[Held, ...]
    entries: tuple[Entry, ...]


class PartRow(msgspec.Struct, frozen=True, kw_only=True):
    """A part as stored, with what is sealed of it."""

    number: int
    part_id: UUID
    held: bytes
    revision: int
    """How often its contents were made: more than once where messages have gone since."""
    contents: bytes | None
