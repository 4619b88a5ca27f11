"""A message in the words of the API, and of webhooks and event streams, which say the same. No lookups, no I/O."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.messages.model import Attachment, Correspondent, Folder, Header, Link, MessageLine, Role
from app.lib.times import Moment, rfc3339


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a header; either part may be empty, and both are what the sender claims."""

    name: str
    address: str


class ListedAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment, without a way to it. `content_type` is the sender's word.

    `role` tells a file from a picture that the HTML shows and from a signature.
    """

    id: str
    """Its number in the message."""
    filename: str
    """As the sender calls it."""
    content_type: str
    """The sender's word."""
    size: int
    """Bytes."""
    role: Role
    """A file, a picture that the HTML shows, or a signature."""


class AttachmentResource(ListedAttachment, frozen=True, kw_only=True):
    """An attachment. `content_type` is the sender's word; `url` needs no key and works until `url_expires_at`.

    `role` tells a file from a picture that the HTML shows and from a signature.
    """

    url: str
    """Needs no key."""
    url_expires_at: Moment
    """Until then the URL works."""


class MessageFields(msgspec.Struct, frozen=True, kw_only=True):
    """A message but for its attachments; `size` in bytes as received."""

    id: UUID
    thread_id: UUID
    """The conversation it belongs to."""
    alias: AliasRef
    """The alias that it came to."""
    sender: Person | None = msgspec.field(name="from")
    """Who it says wrote it; null where it does not."""
    to: list[Person]
    """Whom its header names."""
    cc: list[Person]
    subject: str
    snippet: str
    """How its text begins."""
    received_at: Moment
    sent_at: Moment | None
    """What its Date says, if anything."""
    size: int
    """Bytes, as received."""
    folder: Folder
    """`held`: from a sender whom the alias does not know."""
    is_read: bool
    is_starred: bool
    is_readable: bool
    """False: what was stored is damaged. Where it came to and when is told, and nothing of what it says."""


class ThinMessage(MessageFields, frozen=True, kw_only=True):
    """A message as thin webhooks and event streams tell of it: nothing in it leads to its content without a key."""

    attachments: list[ListedAttachment]


class MessageResource(MessageFields, frozen=True, kw_only=True):
    """A message as lists show it; `size` in bytes as received."""

    attachments: list[AttachmentResource]


class HeaderResource(msgspec.Struct, frozen=True, kw_only=True):
    """A header field, decoded and unfolded, in the order it came."""

    name: str
    value: str


class TlsResource(msgspec.Struct, frozen=True, kw_only=True):
    """How the sending server's connection was encrypted."""

    version: str
    cipher: str


class FullMessage(MessageResource, frozen=True, kw_only=True):
    """A message with its content, as full webhooks tell of it.

    `html` is as the sender wrote it: hostile. Sanitise it and keep it from loading anything before showing it.
    `is_truncated` says that text or HTML beyond 1 MiB was left out here; the source has all of it.
    """

    text: str | None
    """What it says as plain text; null where it has none."""
    html: str | None
    """As the sender wrote it: hostile."""
    is_truncated: bool
    """More than 1 MiB of text or HTML was left out; the original has it."""
    headers: list[HeaderResource]
    """In their order."""
    tls: TlsResource | None
    """How the sending server's connection was encrypted; null: not at all."""


class MessageContent(msgspec.Struct, frozen=True, array_like=True):
    """What full messages have besides lists'; stored sealed: a new field goes at the end and has a default."""

    text: str | None
    html: str | None
    is_truncated: bool
    headers: tuple[Header, ...]


def thin_message(line: MessageLine) -> ThinMessage:
    """A message as thin webhooks and event streams tell of it."""
    return ThinMessage(**_fields(line), attachments=[_listed(one) for one in line.summary.attachments])


def message_resource(line: MessageLine, links: Sequence[Link]) -> MessageResource:
    """A message of a list; `links` in the order of its attachments."""
    return MessageResource(**message_fields(line, links))


def full_message(line: MessageLine, content: MessageContent, links: Sequence[Link]) -> FullMessage:
    """One message with its content; `links` in the order of its attachments."""
    return FullMessage(**full_fields(line, content, links))


def message_fields(line: MessageLine, links: Sequence[Link]) -> dict[str, Any]:
    """The fields of `message_resource`, for what says more besides."""
    fields = _fields(line)
    fields["attachments"] = _attachments(line, links)
    return fields


def full_fields(line: MessageLine, content: MessageContent, links: Sequence[Link]) -> dict[str, Any]:
    """The fields of `full_message`, for what says more besides."""
    tls = line.summary.tls
    return {
        **message_fields(line, links),
        "text": content.text,
        "html": content.html,
        "is_truncated": content.is_truncated,
        "headers": header_resources(content.headers),
        "tls": TlsResource(version=tls[0], cipher=tls[1]) if tls else None,
    }


def header_resources(headers: Sequence[Header]) -> list[HeaderResource]:
    """Header fields."""
    return [HeaderResource(name=header.name, value=header.value) for header in headers]


def person(one: Correspondent) -> Person:
    """Somebody whom a header names."""
    return Person(name=one.name, address=one.address)


def _fields(line: MessageLine) -> dict[str, Any]:
    summary = line.summary
    return {
        "id": line.message_id,
        "thread_id": line.thread_id,
        "alias": AliasRef(id=line.alias_id, email=line.alias_address),
        "sender": person(summary.sender) if summary.sender else None,
        "to": [person(one) for one in summary.to],
        "cc": [person(one) for one in summary.cc],
        "subject": summary.subject,
        "snippet": summary.snippet,
        "received_at": rfc3339(line.received_at),
        "sent_at": rfc3339(summary.sent_at) if summary.sent_at else None,
        "size": line.size,
        "folder": line.folder,
        "is_read": line.is_read,
        "is_starred": line.is_starred,
        "is_readable": line.is_readable,
    }


def _listed(one: Attachment) -> ListedAttachment:
    return ListedAttachment(**_attachment_fields(one))


def _attachment_fields(one: Attachment) -> dict[str, Any]:
    return {
        "id": str(one.ordinal),
        "filename": one.filename,
        "content_type": one.content_type,
        "size": one.size,
        "role": one.role,
    }


def _attachments(line: MessageLine, links: Sequence[Link]) -> list[AttachmentResource]:
    return [
        AttachmentResource(**_attachment_fields(one), url=link.url, url_expires_at=rfc3339(link.expires_at))
        for one, link in zip(line.summary.attachments, links, strict=True)
    ]
