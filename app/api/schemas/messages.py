"""Messages over the wire, and what clients send to change them. No lookups, no I/O."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from app.api.schemas.invitations import InvitationResource, invitation_resource
from app.core.filing.model import Destination, Request
from app.core.filing.service import MAX_AT_ONCE
from app.core.messages.model import EnclosedLine, Link, MessageLine, OpenMessage
from app.core.messages.notes import NoteCode
from app.core.messages.resources import (
    FullMessage,
    MessageContent,
    MessageResource,
    Person,
    full_fields,
    message_fields,
    person,
)
from app.core.search.hits import Piece
from app.lib.times import Moment, rfc3339


class HighlightPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of text; `is_hit` says that it is one of the words of the search."""

    text: str
    is_hit: bool


class ListedMessage(MessageResource, frozen=True, kw_only=True):
    """A message of a list.

    `highlight` are the pieces of its snippet, or of the part of its text where most of the words stand: joined they are
    some 160 characters. Null where nothing was searched for, and where that text has none of the words.
    """

    highlight: list[HighlightPiece] | None


class ThreadResource(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation. Its id is that of any of its messages' `thread_id`, and changes when two conversations meet."""

    id: UUID
    messages: list[MessageResource]


class NoteResource(msgspec.Struct, frozen=True, kw_only=True):
    """What to know about how a message was made; `code` is for programs. Nothing was checked, decrypted or fetched."""

    code: NoteCode
    text: str


class EnclosedResource(msgspec.Struct, frozen=True, kw_only=True):
    """A message inside a message; `size` in bytes as it lies in the original, null where that is not known.

    `id` counts the enclosed messages. `attachment_ids` are those inside it, among the outer message's attachments.
    """

    id: str
    sender: Person | None = msgspec.field(name="from")
    to: list[Person]
    cc: list[Person]
    subject: str
    snippet: str
    sent_at: Moment | None
    size: int | None
    attachment_ids: list[str]


class WholeMessage(FullMessage, frozen=True, kw_only=True):
    """One message with its content.

    `html` is as the sender wrote it: hostile. Sanitise it and keep it from loading anything before showing it.
    `is_truncated` says that text or HTML beyond 1 MiB was left out here; the source has all of it.
    """

    is_imported: bool
    """Its owner brought it from elsewhere, so `tls` says nothing."""
    notes: list[NoteResource]
    enclosed: list[EnclosedResource]
    invitations: list[InvitationResource]


class MessagePatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays."""

    is_read: bool | msgspec.UnsetType = msgspec.UNSET
    is_starred: bool | msgspec.UnsetType = msgspec.UNSET
    folder: Destination | msgspec.UnsetType = msgspec.UNSET


class MessageActionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do to at most 200 messages."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=MAX_AT_ONCE)]
    action: Request


class ChangedResource(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages an action changed."""

    changed: int


def listed_message(line: MessageLine, links: Sequence[Link], pieces: Sequence[Piece]) -> ListedMessage:
    """The same with what a search found; `pieces` of the text to show, none where nothing was searched for."""
    is_found = any(piece.is_hit for piece in pieces)
    return ListedMessage(
        **message_fields(line, links),
        highlight=[HighlightPiece(text=one.text, is_hit=one.is_hit) for one in pieces] if is_found else None,
    )


def whole_message(opened: OpenMessage, links: Sequence[Link]) -> WholeMessage:
    """One message with its content; `links` in the order of its attachments."""
    content = MessageContent(opened.text, opened.html, opened.is_truncated, opened.headers)
    return WholeMessage(
        **full_fields(opened.line, content, links),
        is_imported=opened.line.summary.is_imported,
        notes=note_resources(opened),
        enclosed=[enclosed_resource(one) for one in opened.enclosed],
        invitations=[invitation_resource(one) for one in opened.invitations],
    )


def note_resources(opened: OpenMessage) -> list[NoteResource]:
    """What to know about it."""
    return [NoteResource(code=note.code, text=note.words) for note in opened.notes]


def enclosed_resource(one: EnclosedLine) -> EnclosedResource:
    """A message inside another."""
    return EnclosedResource(
        id=str(one.ordinal),
        sender=person(one.sender) if one.sender else None,
        to=[person(correspondent) for correspondent in one.to],
        cc=[person(correspondent) for correspondent in one.cc],
        subject=one.subject,
        snippet=one.snippet,
        sent_at=rfc3339(one.sent_at) if one.sent_at else None,
        size=one.size,
        attachment_ids=[str(attachment.ordinal) for attachment in one.attachments],
    )
