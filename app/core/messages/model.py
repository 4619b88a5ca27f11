"""A message: what is sealed of it, what its owner sees of it, and what storing one takes.

The array-like Structs are stored sealed as MessagePack arrays: a new field goes at the end and has a default.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from app.core.auth.model import WHOLE, Reach
from app.core.events.model import Fullness, NewEvent
from app.core.messages.cut import Cut
from app.core.messages.invitations.model import Invitation
from app.core.messages.notes import Note
from app.core.senders.model import SenderMark

Folder = Literal["inbox", "archive", "trash", "spam", "held"]
"""`held`: from a sender whom the alias does not know, until its owner lets it in."""
FOLDERS: tuple[Folder, ...] = get_args(Folder)
LISTED: tuple[Folder, ...] = ("inbox", "archive", "trash", "spam")
"""The folders of lists that ask for none."""


Role = Literal["file", "picture", "signature"]
FIRST_ENCLOSED = 2_000_000


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; None leaves a thing open. `after` is included, `before` is not.

    `reach` is what the reader sees of the account at all; whoever asks need not fill it in.
    """

    is_read: bool | None = None
    is_starred: bool | None = None
    has_attachment: bool | None = None
    alias_id: UUID | None = None
    after: datetime | None = None
    before: datetime | None = None
    reach: Reach = WHOLE


NO_FILTERS = Filters()


class Correspondent(msgspec.Struct, frozen=True, array_like=True):
    """Somebody a message is from or to; either part may be empty."""

    name: str
    address: str


class Attachment(msgspec.Struct, frozen=True, array_like=True):
    """A part of a message that is not its text; `ordinal` counts the leaves of the MIME tree from 0.

    Files inside a winmail.dat have ordinals from 1000 on (`winmail`), enclosed messages from FIRST_ENCLOSED on.
    """

    ordinal: int
    filename: str
    content_type: str
    size: int
    """Bytes once decoded."""
    content_id: str = ""
    cut: int = -1
    """The cut whose object holds just this attachment's content, or -1."""
    role: Role = "file"
    """A picture that the HTML shows and a signature are not counted as attachments."""
    location: str = ""
    """The address by which the HTML calls a picture, if not by its content id (RFC 2557)."""


class BlobRef(msgspec.Struct, frozen=True, array_like=True):
    """An object in the store and the key it opens with; without a key it lies there under the bucket's encryption."""

    blob_id: UUID
    key: bytes | None
    size: int
    """Plain bytes."""

    def __repr__(self) -> str:
        return f"BlobRef({self.blob_id})"


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """How the original is rebuilt from the skeleton: what was cut out of it, and which object holds each cut."""

    marker: str
    cuts: tuple[Cut, ...]
    blobs: tuple[BlobRef, ...]


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """What lists show of a message, and how to rebuild it."""

    sender: Correspondent | None
    to: tuple[Correspondent, ...]
    cc: tuple[Correspondent, ...]
    subject: str
    snippet: str
    sent_at: datetime | None
    attachments: tuple[Attachment, ...]
    delivered_to: str
    """The recipient address as the sender gave it, with its tag."""
    envelope_from: str
    """MAIL FROM; empty for bounces."""
    tls: tuple[str, str] | None
    """(protocol version, cipher) of the connection it came by."""
    layout: Layout
    is_imported: bool = False
    """Its owner brought it from elsewhere: how it came there is not known."""


DAMAGED = Summary(None, (), (), "", "", None, (), "", "", None, Layout("", (), ()))
"""What is told of a message whose summary cannot be opened."""


class BlobRow(msgspec.Struct, frozen=True, kw_only=True):
    """An object that an account keeps. One without a digest is not found by its content, and so never shared."""

    blob_id: UUID
    stored_size: int
    """Bytes in the store."""
    content_digest: bytes | None = None
    locked_key: bytes | None = None
    """The object's key, locked under its content."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed message for one account, ready to be stored."""

    account_id: UUID
    message_id: UUID
    alias_id: UUID
    folder: Folder = "inbox"
    is_read: bool = False
    is_starred: bool = False
    is_imported: bool = False
    """It did not come by mail, so it counts for nothing that its alias has received."""
    is_limited: bool = False
    """The alias takes a limited number of messages, of which this is one."""
    received_at: datetime
    size: int
    has_attachments: bool
    message_key: bytes
    summary: bytes
    source: bytes
    tokens: list[int]
    refs: list[bytes]
    """Digests of the message's own id and of those it refers to, by which threads are joined."""
    subject_token: int | None
    """For a reply that names no message: the token by which those of its sender and subject are found."""
    blobs: tuple[UUID, ...]
    """All that the message names, each once."""
    new_blobs: tuple[BlobRow, ...]
    """Those of them that the account gets with this message."""
    sender: SenderMark | None = None
    """Who wrote it; None where the message does not say."""
    event: NewEvent | None = None
    """What webhooks are told of it; None where none wants to be."""
    fullness: Fullness | None = None
    """How full the account is with it, where its owner was last told something else."""


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message as lists read it from the database."""

    message_id: UUID
    alias_id: UUID
    thread_id: UUID
    address: str
    folder: Folder
    is_read: bool
    is_starred: bool
    received_at: datetime
    size: int
    message_key: bytes
    summary: bytes


class MessageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message as lists show it, opened."""

    message_id: UUID
    thread_id: UUID
    alias_id: UUID
    alias_address: str
    folder: Folder
    is_read: bool
    is_starred: bool
    received_at: datetime
    size: int
    summary: Summary
    message_key: bytes
    is_readable: bool = True
    """False: what was stored is damaged, so the summary is `DAMAGED` and nothing of the message can be opened."""

    def __repr__(self) -> str:
        return f"MessageLine({self.message_id})"


class Header(msgspec.Struct, frozen=True):
    """One header field, its value decoded (RFC 2047) and unfolded."""

    name: str
    value: str


class EnclosedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent inside another, as the other's page shows it; `ordinal` counts those of the tree."""

    ordinal: int
    sender: Correspondent | None
    to: tuple[Correspondent, ...]
    cc: tuple[Correspondent, ...]
    subject: str
    snippet: str
    sent_at: datetime | None
    size: int | None
    """Bytes of its source; None where that cannot be told apart from the outer one's."""
    attachments: tuple[Attachment, ...]
    """Those inside it, and inside the messages enclosed in it."""


class OpenMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its reader sees it. `html` is as it came: hostile, to be sanitised before it is shown."""

    line: MessageLine
    headers: tuple[Header, ...]
    text: str | None
    html: str | None
    is_truncated: bool
    """The text or HTML was too long to be shown whole; the source has it all."""
    is_html_first: bool
    """The text holds parts that were written as HTML alone, and so loses their form."""
    notes: tuple[Note, ...]
    attachments: tuple[Attachment, ...]
    """Its own: neither those of enclosed messages nor these themselves."""
    enclosed: tuple[EnclosedLine, ...]
    invitations: tuple[Invitation, ...]


class OpenEnclosed(OpenMessage, frozen=True, kw_only=True):
    """An enclosed message as its reader sees it; `line` is that of the message it came in."""

    within: int | None
    """The ordinal of the enclosed message that it lies in, or None."""
    itself: EnclosedLine


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a message on their way to its owner. `size` is None where only reading to the end tells."""

    filename: str
    content_type: str
    size: int | None
    stream: AsyncIterator[bytes]
    etag: str = ""
    """Another content has another one (RFC 9110 section 8.8.3); without quotes. Empty where there is none."""
    from_to: Callable[[int, int], AsyncIterator[bytes]] | None = None
    """Instead of `stream`: bytes from the first number to the second (exclusive), read without what comes before."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that hands out one attachment to whoever has it, until it expires."""

    url: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Link(expires_at={self.expires_at})"
