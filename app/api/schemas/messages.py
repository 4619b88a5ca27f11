"""Messages over the wire, and what clients send to change them. No lookups, no I/O."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from app.api.schemas.envelopes import Moment
from app.api.schemas.invitations import InvitationResource, invitation_resource
from app.core.filing.model import Action
from app.core.filing.service import MAX_AT_ONCE
from app.core.messages.model import (
    Attachment,
    Correspondent,
    EnclosedLine,
    Folder,
    Link,
    MessageLine,
    OpenMessage,
    Role,
)
from app.core.messages.notes import NoteCode
from app.core.search.hits import Piece
from app.lib.times import rfc3339


class AliasRef(msgspec.Struct, frozen=True, kw_only=True):
    """The alias a message came to."""

    id: UUID
    email: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a header; either part may be empty, and both are what the sender claims."""

    name: str
    address: str


class AttachmentResource(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment. `content_type` is the sender's word; `url` needs no key and works until `url_expires_at`.

    `role` tells a file from a picture that the HTML shows and from a signature.
    """

    id: str
    filename: str
    content_type: str
    size: int
    role: Role
    url: str
    url_expires_at: Moment


class MessageResource(msgspec.Struct, frozen=True, kw_only=True):
    """A message as lists show it; `size` in bytes as received."""

    id: UUID
    thread_id: UUID
    alias: AliasRef
    sender: Person | None = msgspec.field(name="from")
    to: list[Person]
    cc: list[Person]
    subject: str
    snippet: str
    received_at: Moment
    sent_at: Moment | None
    size: int
    folder: Folder
    is_read: bool
    is_starred: bool
    attachments: list[AttachmentResource]


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


class HeaderResource(msgspec.Struct, frozen=True, kw_only=True):
    """A header field, decoded and unfolded, in the order it came."""

    name: str
    value: str


class TlsResource(msgspec.Struct, frozen=True, kw_only=True):
    """How the sending server's connection was encrypted."""

    version: str
    cipher: str


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


class WholeMessage(MessageResource, frozen=True, kw_only=True):
    """One message with its content.

    `html` is as the sender wrote it: hostile. Sanitise it and keep it from loading anything before showing it.
    `is_truncated` says that text or HTML beyond 1 MiB was left out here; the source has all of it.
    """

    text: str | None
    html: str | None
    is_truncated: bool
    headers: list[HeaderResource]
    notes: list[NoteResource]
    enclosed: list[EnclosedResource]
    tls: TlsResource | None
    invitations: list[InvitationResource]


class MessagePatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays."""

    is_read: bool | msgspec.UnsetType = msgspec.UNSET
    is_starred: bool | msgspec.UnsetType = msgspec.UNSET
    folder: Folder | msgspec.UnsetType = msgspec.UNSET


class ActionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do to at most 200 messages."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=MAX_AT_ONCE)]
    action: Action


class ChangedResource(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages an action changed."""

    changed: int


def message_resource(line: MessageLine, links: Sequence[Link]) -> MessageResource:
    """A message of a list; `links` in the order of its attachments."""
    summary = line.summary
    return MessageResource(
        id=line.message_id,
        thread_id=line.thread_id,
        alias=AliasRef(id=line.alias_id, email=line.alias_address),
        sender=_person(summary.sender) if summary.sender else None,
        to=[_person(one) for one in summary.to],
        cc=[_person(one) for one in summary.cc],
        subject=summary.subject,
        snippet=summary.snippet,
        received_at=rfc3339(line.received_at),
        sent_at=rfc3339(summary.sent_at) if summary.sent_at else None,
        size=line.size,
        folder=line.folder,
        is_read=line.is_read,
        is_starred=line.is_starred,
        attachments=[_attachment(one, link) for one, link in zip(summary.attachments, links, strict=True)],
    )


def listed_message(line: MessageLine, links: Sequence[Link], pieces: Sequence[Piece]) -> ListedMessage:
    """The same with what a search found; `pieces` of the text to show, none where nothing was searched for."""
    is_found = any(piece.is_hit for piece in pieces)
    return ListedMessage(
        **msgspec.structs.asdict(message_resource(line, links)),
        highlight=[HighlightPiece(text=one.text, is_hit=one.is_hit) for one in pieces] if is_found else None,
    )


def whole_message(opened: OpenMessage, links: Sequence[Link]) -> WholeMessage:
    """One message with its content; `links` in the order of its attachments."""
    tls = opened.line.summary.tls
    return WholeMessage(
        **msgspec.structs.asdict(message_resource(opened.line, links)),
        text=opened.text,
        html=opened.html,
        is_truncated=opened.is_truncated,
        headers=header_resources(opened),
        notes=note_resources(opened),
        enclosed=[enclosed_resource(one) for one in opened.enclosed],
        tls=TlsResource(version=tls[0], cipher=tls[1]) if tls else None,
        invitations=[invitation_resource(one) for one in opened.invitations],
    )


def header_resources(opened: OpenMessage) -> list[HeaderResource]:
    """Its header fields."""
    return [HeaderResource(name=header.name, value=header.value) for header in opened.headers]


def note_resources(opened: OpenMessage) -> list[NoteResource]:
    """What to know about it."""
    return [NoteResource(code=note.code, text=note.words) for note in opened.notes]


def enclosed_resource(one: EnclosedLine) -> EnclosedResource:
    """A message inside another."""
    return EnclosedResource(
        id=str(one.ordinal),
        sender=_person(one.sender) if one.sender else None,
        to=[_person(person) for person in one.to],
        cc=[_person(person) for person in one.cc],
        subject=one.subject,
        snippet=one.snippet,
        sent_at=rfc3339(one.sent_at) if one.sent_at else None,
        size=one.size,
        attachment_ids=[str(attachment.ordinal) for attachment in one.attachments],
    )


def _person(one: Correspondent) -> Person:
    return Person(name=one.name, address=one.address)


def _attachment(one: Attachment, link: Link) -> AttachmentResource:
    return AttachmentResource(
        id=str(one.ordinal),
        filename=one.filename,
        content_type=one.content_type,
        size=one.size,
        role=one.role,
        url=link.url,
        url_expires_at=rfc3339(link.expires_at),
    )
