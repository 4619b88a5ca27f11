"""What is told of a message that is about to be stored, where webhooks want it: the lookup at RCPT says so."""

from datetime import datetime
from uuid import UUID

from app.core.aliases.model import Mailbox
from app.core.events import payloads
from app.core.events.model import EventType, NewEvent
from app.core.messages import headers, shown
from app.core.messages.model import Folder, Summary
from app.core.messages.objects import StoredCuts
from app.core.messages.opening import MAX_SHOWN_BYTES
from app.core.messages.read import Reading
from app.core.messages.resources import MessageContent
from app.lib.aside import aside


def is_told(mailbox: Mailbox, folder: Folder) -> bool:
    """Whether a webhook wants to be told of a message that comes into this folder."""
    return mailbox.told is not None and _type(folder) in mailbox.told


def is_told_in_full(mailbox: Mailbox, folder: Folder) -> bool:
    """Whether a webhook may want its content, too."""
    return is_told(mailbox, folder) and "full" in (mailbox.told or ())


async def content_of(reading: Reading, cuts: StoredCuts) -> MessageContent:
    """What full webhooks are told of a message: text and HTML of 1 MiB at most, header fields of 256 KiB."""
    text, html, is_truncated = await shown.bodies(reading, cuts, limit=MAX_SHOWN_BYTES)
    fields = await aside(headers.size(reading.message), headers.all_headers, reading.message)
    return payloads.content_of(text, html, fields, is_truncated=is_truncated)


def event_of(
    mailbox: Mailbox,
    message_id: UUID,
    summary: Summary,
    *,
    folder: Folder,
    size: int,
    index_key: bytes,
    message_key: bytes | None,
    content: MessageContent | None,
    now: datetime,
) -> NewEvent:
    """The event of a message; with its content and its key (for links to attachments) it can be told in full."""
    whole = (message_key, content) if content is not None and message_key is not None else None
    payload = payloads.message_payload(mailbox.address, folder, now, size, summary, whole=whole)
    return NewEvent(
        account_id=mailbox.account_id,
        event_id=message_id,
        type=_type(folder),
        alias_id=mailbox.alias_id,
        subject_id=message_id,
        occurred_at=now,
        payload=payloads.seal_payload(index_key, mailbox.account_id, message_id, payload),
        is_full=whole is not None,
    )


def _type(folder: Folder) -> EventType:
    return "message.held" if folder == "held" else "message.received"
