"""All mail of an account, or a part of it, as one mbox file, in bounded memory and whatever arrives meanwhile."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.messages import downloads, queries
from app.core.messages import service as messages
from app.core.messages.export import mbox
from app.core.messages.model import FOLDERS, Filters, Folder, MessageLine, MessageRow
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.ids import made_at
from app.lib.logs import logger

_PAGE = 100
_BATCH_BYTES = 1024 * 1024
"""Of messages whose sealed sources are fetched at once: most are small, and each may be 4 MiB."""
_FIRST = UUID(int=0)
_DAMAGED = "This message is damaged or was stored under another key, so it could not be exported.\n"
_BROKEN = b"\n\n[Restante: the rest of this message is damaged or lost.]\n\n"
_REPORT = "{count} of the messages in this file are damaged, wholly or in part:\n\n{ids}\n"
_LISTED = 1000


class _Damage(msgspec.Struct):
    """What could not be exported, as the export goes on."""

    count: int = 0
    ids: list[UUID] = msgspec.field(default_factory=list)

    def note(self, message_id: UUID) -> None:
        self.count += 1
        if len(self.ids) < _LISTED:
            self.ids.append(message_id)


async def as_mbox(
    platform: Platform,
    actor: Actor,
    *,
    folders: Sequence[Folder] = FOLDERS,
    filters: Filters,
    now: datetime,
) -> AsyncIterator[bytes]:
    """The messages in these folders that pass the filters and came before `now`, the oldest first, as mboxrd.

    Each stands as it was received, behind fields that say what its bytes do not: `Return-Path`, `Delivered-To`,
    `X-Restante-Id`, `X-Restante-Alias`, `X-Restante-Folder`, `Status` and `X-Status`. One that is damaged has a message
    in its place, or a line where it breaks off, and a last message names all of them. Raises Unavailable.
    """
    end = now if filters.before is None else min(now, filters.before)
    wanted = msgspec.structs.replace(filters, before=end, reach=actor.reach)
    damage, last = _Damage(), _FIRST
    while rows := await _rows(platform, actor, folders, wanted, after=last):
        for batch in _batches(rows):
            async for chunk in _of_batch(platform, actor, batch, damage):
                yield chunk
        last = rows[-1].message_id
    if damage.count:
        logger().error("export_incomplete", damaged=damage.count)
        ids = "\n".join(str(one) for one in damage.ids)
        async for chunk in _note(now, "Damaged messages in this export", _REPORT.format(count=damage.count, ids=ids)):
            yield chunk


async def _rows(
    platform: Platform, actor: Actor, folders: Sequence[Folder], filters: Filters, *, after: UUID
) -> list[MessageRow]:
    """Those that come next after `after`, the oldest first."""
    async with platform.db.connection() as conn:
        rows = await queries.filtered_messages(
            conn, actor.account_id, folders=folders, filters=filters, before=None, after=after, limit=_PAGE
        )
    return rows[::-1]


def _batches(rows: Sequence[MessageRow]) -> Iterator[list[MessageRow]]:
    """The rows in their order, a MiB or one message at a time."""
    batch: list[MessageRow] = []
    size = 0
    for row in rows:
        if batch and size + row.size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch


async def _of_batch(
    platform: Platform, actor: Actor, rows: Sequence[MessageRow], damage: _Damage
) -> AsyncIterator[bytes]:
    async with platform.db.connection() as conn:
        lines = await messages.open_rows(conn, actor, rows)
        sealed = await queries.sources(conn, actor.account_id, [row.message_id for row in rows])
    for line in lines:
        if line.message_id in sealed:  # else it was deleted meanwhile
            async for chunk in _of_message(platform, actor, line, sealed[line.message_id], damage):
                yield chunk


async def _of_message(
    platform: Platform, actor: Actor, line: MessageLine, sealed: bytes, damage: _Damage
) -> AsyncIterator[bytes]:
    is_begun = False
    try:
        opened = messages.unseal(platform, actor.account_id, line, sealed)
        original = downloads.of_source(
            line.message_id, opened.skeleton, opened.cuts, line.summary.layout, size=line.size
        )
        async for chunk in mbox.quoted(original.stream):
            if not is_begun:
                is_begun = True
                yield beginning(line)
            yield chunk
    except (CannotOpen, NotFound):
        if not is_begun:
            async for chunk in _of_damaged(line.message_id, damage):
                yield chunk
            return
        damage.note(line.message_id)
        yield _BROKEN


async def _of_damaged(message_id: UUID, damage: _Damage) -> AsyncIterator[bytes]:
    damage.note(message_id)
    async for chunk in _note(made_at(message_id), "Damaged message", _DAMAGED, message_id=message_id):
        yield chunk


def beginning(line: MessageLine) -> bytes:
    """What stands before a message in an mbox file: the line that tells it apart, and what its bytes do not say."""
    summary = line.summary
    fields = [
        ("Return-Path", f"<{summary.envelope_from}>"),
        ("Delivered-To", summary.delivered_to),
        ("X-Restante-Id", str(line.message_id)),
        ("X-Restante-Alias", line.alias_address),
        ("X-Restante-Folder", line.folder),
        ("Status", "RO" if line.is_read else "O"),
        *([("X-Status", "F")] if line.is_starred else []),
    ]
    return mbox.separator(summary.envelope_from, line.received_at) + mbox.header(fields)


async def _note(moment: datetime, subject: str, text: str, *, message_id: UUID | None = None) -> AsyncIterator[bytes]:
    """A message of ours."""
    fields = [
        ("From", "Restante"),
        ("Subject", subject),
        *([("X-Restante-Id", str(message_id))] if message_id else []),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]
    yield mbox.separator("", moment) + mbox.header(fields) + b"\n" + text.encode() + b"\n"
