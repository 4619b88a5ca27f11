"""What an owner does with messages: list, open, take the original and the attachments."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import zstandard

from app.core.auth.model import Actor
from app.core.messages import downloads, opening, queries, read, winmail
from app.core.messages.cut import SKELETON_MOST
from app.core.messages.model import (
    DAMAGED,
    FIRST_ENCLOSED,
    LISTED,
    NO_FILTERS,
    Attachment,
    Content,
    Filters,
    Folder,
    Link,
    MessageLine,
    MessageRow,
    OpenEnclosed,
    OpenMessage,
    Summary,
)
from app.core.messages.objects import StoredCuts, object_name
from app.core.messages.read import Enclosed
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.aside import aside
from app.lib.db import Conn
from app.vault import links, seal

LINK_LIFETIME = timedelta(minutes=5)

_HARMLESS = frozenset(
    {
        "application/gzip",
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "audio/ogg",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/calendar",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/webm",
    }
)
_NO_MESSAGE = "There is no such message."
_LINK_LABEL = "attachment links"
_MAX_SKELETON = SKELETON_MOST + 1024 * 1024
_decode_summary = msgspec.msgpack.Decoder(Summary).decode


class _LinkTarget(msgspec.Struct, frozen=True, array_like=True):
    """What one of our own attachment links carries, encrypted: enough to hand the part out without a keyring."""

    account_id: UUID
    message_id: UUID
    ordinal: int
    message_key: bytes


_encode_target = msgspec.msgpack.Encoder().encode
_decode_target = msgspec.msgpack.Decoder(_LinkTarget).decode


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its skeleton out of its seal."""

    line: MessageLine
    skeleton: bytes
    cuts: StoredCuts


async def page(
    conn: Conn,
    actor: Actor,
    *,
    folder: Folder | Sequence[Folder] | None,
    before: UUID | None,
    after: UUID | None = None,
    limit: int,
    filters: Filters = NO_FILTERS,
) -> list[MessageLine]:
    """The account's messages in one folder, in several, or (None) in all but `held`: newest first, before `before`.

    With `after`, those that came next after that one. At most 200. Message keys opened for the first time are wrapped
    anew, so that opening them again costs microseconds.
    """
    account_id = actor.account_id
    if actor.is_bound:
        filters = msgspec.structs.replace(filters, reach=actor.reach)
    if after is None and filters == NO_FILTERS and (folder is None or isinstance(folder, str)):
        rows = await queries.messages(conn, account_id, folder=folder, before=before, limit=limit)
    else:
        folders = (folder,) if isinstance(folder, str) else folder or LISTED
        rows = await queries.filtered_messages(
            conn, account_id, folders=folders, filters=filters, before=before, after=after, limit=limit
        )
    return await open_rows(conn, actor, rows)


async def open_rows(conn: Conn, actor: Actor, rows: Sequence[MessageRow]) -> list[MessageLine]:
    """The rows opened, in their order, those that are damaged told as such; keys opened for the first time are wrapped
    anew.
    """
    lines = [_line_or_damage(actor, row) for row in rows]
    fresh = {
        line.message_id: seal.rewrap_message_key(
            actor.keyring, account_id=actor.account_id, message_id=line.message_id, message_key=line.message_key
        )
        for line, row in zip(lines, rows, strict=True)
        if line.is_readable and seal.is_sealed_to_public_key(row.message_key)
    }
    if fresh:
        await queries.set_message_keys(conn, actor.account_id, fresh)
    return lines


async def line(conn: Conn, actor: Actor, message_id: UUID) -> MessageLine:
    """One message as lists show it, also one that is damaged. Raises NotFound."""
    row = await queries.message(conn, actor.account_id, message_id)
    if row is None or not actor.reach.holds(row.alias_id, row.address):
        raise NotFound(_NO_MESSAGE)
    return _line_or_damage(actor, row)


async def open_message(platform: Platform, actor: Actor, message_id: UUID) -> OpenMessage:
    """A message with its text, HTML and header fields. Raises NotFound, CannotOpen, Unavailable."""
    return await _read(await _open(platform, actor, message_id))


async def open_messages(platform: Platform, actor: Actor, lines: Sequence[MessageLine]) -> list[OpenMessage]:
    """The messages of these lines, but for those that are damaged or were deleted meanwhile. Raises Unavailable."""
    async with platform.db.connection() as conn:
        sealed = await queries.sources(conn, actor.account_id, [line.message_id for line in lines])
    opened = []
    for line in lines:
        if line.message_id in sealed:
            with suppress(CannotOpen):
                opened.append(await _read(unseal(platform, actor.account_id, line, sealed[line.message_id])))
    return opened


async def open_enclosed(platform: Platform, actor: Actor, message_id: UUID, ordinal: int) -> OpenEnclosed:
    """A message enclosed in another, opened as itself. Raises NotFound, CannotOpen, Unavailable."""
    opened = await _open(platform, actor, message_id)
    reading = await reading_of(opened)
    return await opening.opened_enclosed(opened.line, reading, opened.cuts, ordinal)


async def source(platform: Platform, actor: Actor, message_id: UUID) -> Content:
    """The original, byte for byte as it was received. Raises NotFound, CannotOpen, Unavailable."""
    opened = await _open(platform, actor, message_id)
    return downloads.of_source(
        message_id, opened.skeleton, opened.cuts, opened.line.summary.layout, size=opened.line.size
    )


async def enclosed_source(platform: Platform, actor: Actor, message_id: UUID, ordinal: int) -> Content:
    """An enclosed message as it lies in the original. Raises NotFound, CannotOpen, Unavailable."""
    opened = await _open(platform, actor, message_id)
    reading = await reading_of(opened)
    return _enclosed(opened, opening.find_enclosed(reading, ordinal))


async def attachment(platform: Platform, actor: Actor, message_id: UUID, ordinal: int) -> Content:
    """One attachment's content. Raises NotFound, CannotOpen, Unavailable."""
    return await attachment_of(await _open(platform, actor, message_id), ordinal)


async def attachment_link(platform: Platform, actor: Actor, message_id: UUID, ordinal: int, *, now: datetime) -> Link:
    """A URL for one attachment, good for five minutes. Raises NotFound."""
    async with platform.db.connection() as conn:
        found = await line(conn, actor, message_id)
    return _link(platform, actor.account_id, found, _listed(found.summary, ordinal), now=now)


def attachment_links(platform: Platform, actor: Actor, line: MessageLine, *, now: datetime) -> list[Link]:
    """A URL for each attachment of the message, in their order, good for five minutes; made without any I/O."""
    return links_of(platform, actor.account_id, line, now=now)


def links_of(
    platform: Platform, account_id: UUID, line: MessageLine, *, now: datetime, lifetime: timedelta = LINK_LIFETIME
) -> list[Link]:
    """The same for any message of which the line is known, good for `lifetime` (seven days at most)."""
    return [
        _link(platform, account_id, line, listed, now=now, lifetime=lifetime) for listed in line.summary.attachments
    ]


async def linked_attachment(platform: Platform, token: str, *, now: datetime) -> Content:
    """What one of our own attachment links hands out. Raises NotFound when it is forged, expired or outlived."""
    try:
        payload = links.open_link(platform.instance.subkey(_LINK_LABEL), token, now=int(now.timestamp()))
    except CannotOpen:
        raise NotFound("There is nothing here. Links to attachments do not last for ever.") from None
    target = _decode_target(payload)
    opened = await open_by_key(platform, target.account_id, target.message_id, target.message_key)
    return await attachment_of(opened, target.ordinal)


async def open_by_key(platform: Platform, account_id: UUID, message_id: UUID, message_key: bytes) -> Opened:
    """A message by its own key, which links of ours carry in place of a keyring. Raises NotFound, CannotOpen,
    Unavailable.
    """
    row, sealed = await _stored(platform, account_id, message_id)
    return unseal(platform, account_id, _line_by_key(account_id, row, message_key), sealed)


async def _open(platform: Platform, actor: Actor, message_id: UUID) -> Opened:
    row, sealed = await _stored(platform, actor.account_id, message_id)
    return unseal(platform, actor.account_id, _line(actor, row), sealed)


async def _stored(platform: Platform, account_id: UUID, message_id: UUID) -> tuple[MessageRow, bytes]:
    """The message's row and its sealed source. Raises NotFound."""
    async with platform.db.connection() as conn:
        row = await queries.message(conn, account_id, message_id)
        sealed = await queries.source(conn, account_id, message_id)
    if row is None or sealed is None:
        raise NotFound(_NO_MESSAGE)
    return row, sealed


async def reading_of(opened: Opened) -> read.Reading:
    """The MIME parts of a message."""
    return await aside(len(opened.skeleton), read.read, opened.skeleton, opened.line.summary.layout)


async def _read(opened: Opened) -> OpenMessage:
    return await opening.opened(opened.line, await reading_of(opened), opened.cuts)


def unseal(platform: Platform, account_id: UUID, line: MessageLine, sealed: bytes) -> Opened:
    """A message's skeleton and cuts. Raises CannotOpen."""
    packed = seal.open_source(line.message_key, account_id=account_id, message_id=line.message_id, sealed=sealed)
    return Opened(
        line=line,
        skeleton=zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_SKELETON),
        cuts=StoredCuts(platform.blobs, account_id, line.summary.layout),
    )


def _line(actor: Actor, row: MessageRow) -> MessageLine:
    message_key = seal.open_message_key(
        actor.keyring, account_id=actor.account_id, message_id=row.message_id, sealed_key=row.message_key
    )
    return _line_by_key(actor.account_id, row, message_key)


def _line_or_damage(actor: Actor, row: MessageRow) -> MessageLine:
    try:
        return _line(actor, row)
    except CannotOpen:
        return _told(row, DAMAGED, b"", is_readable=False)


def _line_by_key(account_id: UUID, row: MessageRow, message_key: bytes) -> MessageLine:
    summary = seal.open_summary(message_key, account_id=account_id, message_id=row.message_id, sealed=row.summary)
    return _told(row, _decode_summary(summary), message_key)


def _told(row: MessageRow, summary: Summary, message_key: bytes, *, is_readable: bool = True) -> MessageLine:
    return MessageLine(
        message_id=row.message_id,
        thread_id=row.thread_id,
        alias_id=row.alias_id,
        alias_address=row.address,
        folder=row.folder,
        is_read=row.is_read,
        is_starred=row.is_starred,
        received_at=row.received_at,
        size=row.size,
        summary=summary,
        message_key=message_key,
        is_readable=is_readable,
    )


def safe_type(content_type: str) -> str:
    """The type an attachment is handed out with: one that no browser runs, else just bytes."""
    return content_type if content_type in _HARMLESS else "application/octet-stream"


def _listed(summary: Summary, ordinal: int) -> Attachment:
    found = next((attachment for attachment in summary.attachments if attachment.ordinal == ordinal), None)
    if found is None:
        raise NotFound("There is no such attachment.")
    return found


def _link(
    platform: Platform,
    account_id: UUID,
    line: MessageLine,
    listed: Attachment,
    *,
    now: datetime,
    lifetime: timedelta = LINK_LIFETIME,
) -> Link:
    """The store's own presigned URL where the object is just the attachment in clear, else one that we open."""
    expires_at = now + lifetime
    ref = line.summary.layout.blobs[listed.cut] if listed.cut >= 0 else None
    if ref is not None and ref.key is None:
        url = platform.blobs.presigned_url(
            object_name(account_id, ref.blob_id),
            filename=listed.filename,
            content_type=safe_type(listed.content_type),
            expires_in=int(lifetime.total_seconds()),
        )
        if url is not None:
            return Link(url=url, expires_at=expires_at)
    target = _LinkTarget(account_id, line.message_id, listed.ordinal, line.message_key)
    key = platform.instance.subkey(_LINK_LABEL)
    token = links.seal_link(key, _encode_target(target), expires_at=int(expires_at.timestamp()))
    return Link(url=f"{platform.public_url}/attachments/{token}", expires_at=expires_at)


async def attachment_of(opened: Opened, ordinal: int) -> Content:
    """The content of an attachment of a message that is open. Raises NotFound, CannotOpen, Unavailable."""
    listed = _listed(opened.line.summary, ordinal)
    reading = await reading_of(opened)
    if ordinal >= FIRST_ENCLOSED:
        return _enclosed(opened, opening.find_enclosed(reading, ordinal - FIRST_ENCLOSED))
    leaf = opening.find_leaf(reading, ordinal)
    if winmail.is_member(ordinal):
        return downloads.of_member(
            opened.line.message_id,
            ordinal,
            await winmail.member(leaf, opened.cuts, ordinal),
            filename=listed.filename,
            content_type=safe_type(listed.content_type),
        )
    return await downloads.of_leaf(
        opened.line.message_id,
        leaf,
        opened.cuts,
        filename=listed.filename,
        content_type=safe_type(listed.content_type),
        size=listed.size,
    )


def _enclosed(opened: Opened, enclosed: Enclosed) -> Content:
    layout = opened.line.summary.layout
    return downloads.of_enclosed(opened.line.message_id, opened.skeleton, opened.cuts, layout, enclosed)
