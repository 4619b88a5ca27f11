"""What is in a part of an export: found out once, by reading all of it, so that every byte of the part is known."""

import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime

from app.core.auth.model import Actor
from app.core.exports import names
from app.core.exports.model import IN_MBOX, LINE, ORIGINAL, Contents, Entry, Export, Held, Piece
from app.core.exports.reading import Reader, Source
from app.core.messages.model import FOLDERS
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.ids import made_at
from app.lib.logs import logger
from app.lib.zips import Archive, Member, Stretch

_DAMAGED = (
    "These messages are damaged, or were stored under another key, so they are not in this export. Their ids:\r\n\r\n"
)


async def found(platform: Platform, actor: Actor, export: Export, number: int, held: Sequence[Held]) -> Contents:
    """All files of a mail part. What is damaged is left out, and named in a file of its own. Raises Unavailable."""
    reader = Reader(platform, actor, held)
    joined: dict[str, _Joined] = {}
    entries = [Entry(Member(name, 0, 0, export.created_at)) for name in names.maildir_folders()]
    entries = entries if "maildir" in export.formats else []
    damaged: list[str] = []
    for place in range(len(held)):
        try:
            source = await reader.source(place, range(place, len(held)))
            if "maildir" in export.formats:
                entries.append(await _alone(source, place, ORIGINAL, names.in_maildir(source.held)))
            if "mbox" in export.formats:
                mbox = joined.setdefault(names.mbox(source.held.folder, number), _Joined())
                await mbox.add(source, place, IN_MBOX)
        except (CannotOpen, NotFound):
            damaged.append(str(held[place].message_id))
            continue
        if "attachments" in export.formats:
            entries += [one async for one in _attachments(source, place)]
        await joined.setdefault(f"mail/messages-{number:03}.jsonl", _Joined()).add(source, place, LINE)
    order = [names.mbox(folder, number) for folder in FOLDERS] + [f"mail/messages-{number:03}.jsonl"]
    entries += [joined[name].entry(name, export.created_at) for name in order if name in joined]
    if damaged:
        logger().error("export_incomplete", damaged=len(damaged))
        entries.append(_text(f"mail/damaged-{number:03}.txt", _DAMAGED + "\r\n".join(damaged), export.created_at))
    return Contents(tuple(held), tuple(entries))


async def between(platform: Platform, actor: Actor, contents: Contents, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end` (exclusive) of the part's archive. Raises CannotOpen, NotFound where what was there when
    its contents were found out is no longer, and Unavailable.
    """
    reader = Reader(platform, actor, contents.messages)
    for one in archive_of(contents).between(start, end):
        if isinstance(one, bytes):
            yield one
        else:
            async for chunk in _stretch(reader, contents, one):
                yield chunk


def archive_of(contents: Contents) -> Archive:
    """How the part's files lie in it."""
    return Archive([entry.member for entry in contents.entries])


async def _stretch(reader: Reader, contents: Contents, wanted: Stretch) -> AsyncIterator[bytes]:
    entry = contents.entries[wanted.member]
    if entry.text:
        yield entry.text[wanted.start : wanted.end]
    position = 0
    for place, piece in enumerate(entry.pieces):
        first, last = max(0, wanted.start - position), min(piece.size, wanted.end - position)
        position += piece.size
        if first >= last:
            continue
        source = await reader.source(piece.message, _ahead(contents, wanted.member, place))
        left = last - first
        async for chunk in source.between(piece.kind, first, last):
            left -= len(chunk)
            yield chunk
        if left:
            raise CannotOpen("A message of this export is no longer as it was.")


def _ahead(contents: Contents, member: int, place: int) -> Iterator[int]:
    """The messages that come next, from this piece of this file on."""
    yield from (piece.message for piece in contents.entries[member].pieces[place:])
    for number in range(member + 1, len(contents.entries)):
        yield from (piece.message for piece in contents.entries[number].pieces)


async def _alone(source: Source, place: int, kind: int, name: str) -> Entry:
    size, crc = await _measured(source, kind, 0)
    return Entry(Member(name, size, crc, made_at(source.held.message_id)), (Piece(place, kind, size),))


async def _attachments(source: Source, place: int) -> AsyncIterator[Entry]:
    """Those that people call attachments; one that cannot be read is in the original, as far as anybody can say."""
    files = [one for one in source.line.summary.attachments if one.role == "file"]
    for one, name in names.of_attachments(source.held, files):
        try:
            entry = await _alone(source, place, one.ordinal, name)
        except (CannotOpen, NotFound):
            continue
        yield entry


async def _measured(source: Source, kind: int, crc: int) -> tuple[int, int]:
    size = 0
    async for chunk in source.chunks(kind):
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
    return size, crc


class _Joined:
    """A file made of many messages, as it grows."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._crc = self._size = 0

    async def add(self, source: Source, place: int, kind: int) -> None:
        size, self._crc = await _measured(source, kind, self._crc)
        self._size += size
        self._pieces.append(Piece(place, kind, size))

    def entry(self, name: str, modified: datetime) -> Entry:
        return Entry(Member(name, self._size, self._crc, modified), tuple(self._pieces))


def _text(name: str, text: str, modified: datetime) -> Entry:
    data = text.encode()
    return Entry(Member(name, len(data), zlib.crc32(data), modified), (), data)
