"""What is told of an event: sealed when it happens, opened and written out when it is sent.

A message's payload is its summary and, for full webhooks, its content, with the message's own key: links to attachments
are made of it when it is sent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import zstandard

from app.core.aliases.resources import AliasRef
from app.core.events.model import (
    AliasEvent,
    Content,
    DomainEvent,
    EventResource,
    EventRow,
    EventType,
    Facts,
    QuotaEvent,
    TestEvent,
)
from app.core.messages import service as messages
from app.core.messages.model import Folder, Header, Layout, MessageLine, Summary
from app.core.messages.resources import FullMessage, MessageContent, ThinMessage, full_message, thin_message
from app.core.platform import Platform
from app.core.refusals.resources import RefusalResource
from app.errors import CannotOpen, NotFound
from app.lib.times import rfc3339
from app.lib.zstd import compress
from app.vault import outbox

LINK_LIFETIME = timedelta(hours=24)
"""Of links to attachments in what is sent: whoever is told may do the work later."""
MAX_PAYLOAD = 64 * 1024 * 1024
"""Bytes of a payload once unpacked: what bounds text, HTML, header fields and lists stays far below."""
MAX_HEADER_CHARS = 256 * 1024
"""Of header fields in what is told; the source has all of them."""
_PURPOSE = "event payload"
_NO_LAYOUT = Layout("", (), ())
_COMPRESSED_FROM = 4096
"""Bytes; what packing costs is more than it saves of fewer."""
_WIPED = "What this event told is wiped; replay it to tell it again."


class MessagePayload(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a message until it is told. New fields go at the end and have a default."""

    address: str
    """The alias's."""
    folder: Folder
    received_at: datetime
    size: int
    summary: Summary
    message_key: bytes | None = None
    """Of full payloads."""
    content: MessageContent | None = None

    def __repr__(self) -> str:
        return "MessagePayload()"


def message_payload(
    address: str,
    folder: Folder,
    received_at: datetime,
    size: int,
    summary: Summary,
    *,
    whole: tuple[bytes, MessageContent] | None = None,
) -> MessagePayload:
    """What waits to be told of a message, in full with `whole`: its key and its content.

    Without, nothing in it opens the message or what was cut out of it.
    """
    if whole is None:
        return MessagePayload(address, folder, received_at, size, msgspec.structs.replace(summary, layout=_NO_LAYOUT))
    return MessagePayload(address, folder, received_at, size, summary, *whole)


EventData = ThinMessage | FullMessage | RefusalResource | AliasEvent | DomainEvent | QuotaEvent | TestEvent
_encode_packed = msgspec.msgpack.Encoder().encode
_decode_message = msgspec.msgpack.Decoder(MessagePayload).decode
_decode_refusal = msgspec.msgpack.Decoder(RefusalResource).decode
_encode = msgspec.json.Encoder().encode


def content_of(text: str | None, html: str | None, headers: Iterable[Header], *, is_truncated: bool) -> MessageContent:
    """What is told of a message in full: of its header fields as many as fit."""
    told: list[Header] = []
    left = MAX_HEADER_CHARS
    for header in headers:
        left -= len(header.name) + len(header.value)
        if left < 0:
            return MessageContent(text, html, True, tuple(told))
        told.append(header)
    return MessageContent(text, html, is_truncated, tuple(told))


def seal_payload(
    index_key: bytes, account_id: UUID, event_id: UUID, payload: MessagePayload | RefusalResource
) -> bytes:
    """As it waits to be told."""
    packed = _encode_packed(payload)
    if len(packed) > _COMPRESSED_FROM:
        packed = compress(packed)
    return outbox.seal_outgoing(index_key, account_id=account_id, purpose=_PURPOSE, row_id=event_id, plaintext=packed)


def body(platform: Platform, event: EventRow, index_key: bytes, content: Content, *, now: datetime) -> bytes:
    """The event as JSON, for a webhook that is told so much; links to attachments last 24 hours from `now`.

    Raises NotFound where its payload is wiped already, CannotOpen.
    """
    return encoded(event.event_id, event.type, event.occurred_at, data_of(platform, event, index_key, content, now=now))


def encoded(event_id: UUID, event_type: EventType, occurred_at: datetime, data: EventData) -> bytes:
    """An event as JSON, as webhooks and event streams send it."""
    return _encode(EventResource(id=event_id, type=event_type, timestamp=rfc3339(occurred_at), data=data))


def data_of(platform: Platform, event: EventRow, index_key: bytes, content: Content, *, now: datetime) -> EventData:
    """What an event says. Raises as `body`."""
    match event.type:
        case "message.received" | "message.held":
            return _of_message(platform, event, index_key, content, now=now)
        case "message.refused":
            return _decode_refusal(_unpacked(event, index_key))
        case _:
            return of_facts(event)


def of_facts(event: EventRow) -> AliasEvent | DomainEvent | QuotaEvent | TestEvent:
    """The same for what needs no key: all but messages and refusals."""
    facts: Facts = event.facts or {}
    match event.type:
        case "alias.created" | "alias.disabled" | "alias.expired":
            if event.alias_id is None:
                raise NotFound(_WIPED)
            alias = AliasRef(id=event.alias_id, email=event.alias_address or "")
            return msgspec.convert({"alias": alias, **facts}, AliasEvent)
        case "domain.verified" | "domain.failing":
            return msgspec.convert(facts, DomainEvent)
        case "quota.warning":
            return msgspec.convert(facts, QuotaEvent)
        case _:
            return msgspec.convert(facts, TestEvent)


def _of_message(
    platform: Platform, event: EventRow, index_key: bytes, content: Content, *, now: datetime
) -> ThinMessage | FullMessage:
    payload = _decode_message(_unpacked(event, index_key))
    if event.alias_id is None or event.subject_id is None:
        raise CannotOpen
    line = MessageLine(
        message_id=event.subject_id,
        thread_id=event.thread_id or event.subject_id,
        alias_id=event.alias_id,
        alias_address=payload.address,
        folder=payload.folder,
        is_read=False,
        is_starred=False,
        received_at=payload.received_at,
        size=payload.size,
        summary=payload.summary,
        message_key=payload.message_key or b"",
    )
    if content == "thin" or payload.content is None:
        return thin_message(line)
    links = messages.links_of(platform, event.account_id, line, now=now, lifetime=LINK_LIFETIME)
    return full_message(line, payload.content, links)


def _unpacked(event: EventRow, index_key: bytes) -> bytes:
    if event.payload is None:
        raise NotFound(_WIPED)
    packed = outbox.open_outgoing(
        index_key, account_id=event.account_id, purpose=_PURPOSE, row_id=event.event_id, sealed=event.payload
    )
    # No payload in MessagePack begins like this.
    if packed.startswith(zstandard.FRAME_HEADER):
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_PAYLOAD)
    return packed
