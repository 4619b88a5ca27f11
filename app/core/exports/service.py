"""Exports of everything: begun, listed, fetched part by part, and forgotten after some days.

What is kept of one is a list of messages and, once a part was asked for, of files with their sizes and checksums; the
bytes are made anew for each request, with the keyring of who asks.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import zstandard

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.exports import contents as parts
from app.core.exports import queries
from app.core.exports.data import data_archive
from app.core.exports.model import Contents, Counted, Export, Held, NewExport, Part, PartRow
from app.core.messages import downloads
from app.core.messages.downloads import Download
from app.core.messages.model import Content
from app.core.platform import Platform
from app.core.security import events as security
from app.errors import CannotOpen, NotFound
from app.lib import zstd
from app.lib.db import Conn
from app.lib.ids import first_id_at, made_at, new_id
from app.vault import seal

KEPT = timedelta(days=7)
MAX_EXPORTS = 3
"""Of an account; another one takes the place of the oldest."""
PART_BYTES = 256 * 1024 * 1024
"""About so much is in a part, unless one message is larger."""
PART_MESSAGES = 5000
"""At most; before the first byte of a part all of it is read, which takes about a millisecond a message."""
MEDIA_TYPE = "application/zip"
_DATA, _FIRST_OF_MAIL = 1, 2
_HELD, _CONTENTS = "export list", "export contents"
_BATCH = 100
_MAX_BYTES = 1 << 30
_NOT_HERE = "There is no such export. Exports are kept for seven days; begin another."
_encode = msgspec.msgpack.Encoder().encode
_decode_held = msgspec.msgpack.Decoder(tuple[Held, ...]).decode
_decode_contents = msgspec.msgpack.Decoder(Contents).decode


async def create(conn: Conn, actor: Actor, new: NewExport, *, now: datetime) -> Export:
    """Begin an export of all that the account has now. Beyond three, the oldest is forgotten."""
    account_id, export_id = actor.account_id, new_id()
    await accounts.hold(conn, account_id)
    earlier = await queries.exports(conn, account_id, limit=MAX_EXPORTS + 1)
    if too_many := [one for one, _ in earlier[MAX_EXPORTS - 1 :]]:
        await queries.delete_exports(conn, account_id, too_many)
    formats = tuple(dict.fromkeys(new.formats))
    await queries.insert_export(conn, account_id, export_id, formats=formats)
    first = Part(number=_DATA, part_id=new_id(), message_count=0, estimated_size=0, size=None, is_fetched=False)
    await _insert(conn, actor, export_id, first, ())
    if formats:
        await _divide(conn, actor, export_id, NewExport(formats=formats))
    await security.note(conn, account_id, "export_made", now=now)
    return await get(conn, actor, export_id)


async def listed(conn: Conn, actor: Actor) -> list[Export]:
    """The account's exports, newest first; at most three."""
    rows = await queries.exports(conn, actor.account_id, limit=MAX_EXPORTS)
    return [await get(conn, actor, export_id) for export_id, _ in rows]


async def get(conn: Conn, actor: Actor, export_id: UUID) -> Export:
    """One export. Raises NotFound."""
    rows = await queries.exports(conn, actor.account_id, limit=MAX_EXPORTS)
    formats = next((formats for one, formats in rows if one == export_id), None)
    if formats is None:
        raise NotFound(_NOT_HERE)
    created_at = made_at(export_id)
    return Export(
        export_id=export_id,
        formats=tuple(formats),
        created_at=created_at,
        ends_at=created_at + KEPT,
        parts=tuple(await queries.parts(conn, actor.account_id, export_id)),
    )


async def delete(conn: Conn, actor: Actor, export_id: UUID) -> None:
    """Forget an export. Raises NotFound."""
    if not await queries.delete_exports(conn, actor.account_id, [export_id]):
        raise NotFound(_NOT_HERE)


async def fetch(
    platform: Platform, actor: Actor, export_id: UUID, number: int, asked: Mapping[str, str], *, method: str
) -> tuple[Content, Download]:
    """A part, or the range of it that the header fields `asked` name, begun.

    The same bytes come each time, unless messages of it have gone since: then it has another ETag, and only who tells
    with If-Range or If-Match which bytes he has is given a range, so that nobody joins what does not belong together.
    Raises NotFound, CannotOpen, Unavailable, PreconditionFailed, RangeNotSatisfiable.
    """
    async with platform.db.connection() as conn:
        export = await get(conn, actor, export_id)
        row = await queries.part(conn, actor.account_id, export_id, number)
    if row is None:
        raise NotFound("This export has no such part.")
    if number == _DATA:
        content, is_same = await _data(platform, actor, export, row), False
    else:
        content, is_same = await _mail(platform, actor, export, row)
    if not is_same and not {"if-range", "if-match"} & set(asked):
        asked = {name: value for name, value in asked.items() if name.lower() != "range"}
    return content, await downloads.begin(content, asked, method=method)


async def forget(platform: Platform, *, now: datetime) -> int:
    """Delete the exports of all accounts after seven days; how many. Raises Unavailable."""
    before = first_id_at(now - KEPT)
    return await platform.db.in_batches(
        lambda conn: queries.delete_exports_before(conn, before, limit=_BATCH), batch=_BATCH
    )


async def _divide(conn: Conn, actor: Actor, export_id: UUID, new: NewExport) -> None:
    """Write down which messages come into which part; those of one part alone are in memory."""
    number, size = _FIRST_OF_MAIL, 0
    held: list[Held] = []
    after = None

    async def close() -> None:
        part = Part(
            number=number,
            part_id=new_id(),
            message_count=len(held),
            estimated_size=size,
            size=None,
            is_fetched=False,
        )
        await _insert(conn, actor, export_id, part, tuple(held))

    while found := await queries.counted(conn, actor.account_id, after=after, limit=queries.MAX_COUNTED):
        for one in found:
            more = _estimated(new, one)
            if held and (len(held) == PART_MESSAGES or size + more > PART_BYTES):
                await close()
                number, size = number + 1, 0
                held.clear()
            held.append(Held(one.message_id, one.folder, one.is_read, one.is_starred, one.size))
            size += more
        after = found[-1].message_id
    if held:
        await close()


def _estimated(new: NewExport, one: Counted) -> int:
    """Bytes of a message in all forms that were chosen, with what ZIP and the list of messages add."""
    each = 700 + one.size * (("maildir" in new.formats) + ("mbox" in new.formats))
    return each + (one.size * 3 // 4 if "attachments" in new.formats and one.has_attachments else 0)


async def _insert(conn: Conn, actor: Actor, export_id: UUID, part: Part, held: tuple[Held, ...]) -> None:
    await queries.insert_parts(conn, actor.account_id, export_id, [part], [_sealed(actor, part.part_id, _HELD, held)])


async def _data(platform: Platform, actor: Actor, export: Export, row: PartRow) -> Content:
    """All that is not mail, as it is now: small enough to be made whole, and its ETag says which it is."""
    data = await data_archive(platform, actor, export)
    name = export.file_name(row.number)

    async def stream(start: int, end: int) -> AsyncIterator[bytes]:
        yield data[start:end]
        if end == len(data):
            await _note_fetched(platform, actor, export, row)

    return Content(
        filename=name,
        content_type=MEDIA_TYPE,
        size=len(data),
        stream=stream(0, len(data)),
        etag=hashlib.blake2b(data, digest_size=16).hexdigest(),
        from_to=stream,
    )


async def _mail(platform: Platform, actor: Actor, export: Export, row: PartRow) -> tuple[Content, bool]:
    """The part, and whether it has always been this."""
    contents, revision = await _contents(platform, actor, export, row)
    size = parts.archive_of(contents).size
    told = f"{row.part_id}/{revision}".encode()
    stream = partial(_stream, platform, actor, export, row, contents, size)
    content = Content(
        filename=export.file_name(row.number),
        content_type=MEDIA_TYPE,
        size=size,
        stream=stream(0, size),
        etag=hashlib.blake2b(told, digest_size=16, person=b"export").hexdigest(),
        from_to=stream,
    )
    return content, revision == 1


async def _stream(
    platform: Platform, actor: Actor, export: Export, row: PartRow, contents: Contents, size: int, start: int, end: int
) -> AsyncIterator[bytes]:
    try:
        async for chunk in parts.between(platform, actor, contents, start, end):
            yield chunk
    except (CannotOpen, NotFound):
        # So that whoever comes again finds what is left of it.
        async with platform.db.connection() as conn:
            await queries.forget_contents(conn, actor.account_id, export.export_id, row.number)
        raise
    if end == size:
        await _note_fetched(platform, actor, export, row)


async def _note_fetched(platform: Platform, actor: Actor, export: Export, row: PartRow) -> None:
    async with platform.db.connection() as conn:
        await queries.set_fetched(conn, actor.account_id, export.export_id, row.number)


async def _contents(platform: Platform, actor: Actor, export: Export, row: PartRow) -> tuple[Contents, int]:
    """What is in the part, and how often that was found out: anew where a message of it has gone."""
    if row.contents is not None:
        known = _decode_contents(_opened(actor, row.part_id, _CONTENTS, row.contents))
        async with platform.db.connection() as conn:
            there = await queries.there(conn, actor.account_id, [one.message_id for one in known.messages])
        if len(there) == len(known.messages):
            return known, row.revision
    held = _decode_held(_opened(actor, row.part_id, _HELD, row.held))
    async with platform.db.connection() as conn:
        there = await queries.there(conn, actor.account_id, [one.message_id for one in held])
    left = [one for one in held if one.message_id in there]
    made = await parts.found(platform, actor, export, row.number, left)
    async with platform.db.transaction() as conn:
        is_first = await queries.set_contents(
            conn,
            actor.account_id,
            export.export_id,
            row,
            size=parts.archive_of(made).size,
            contents=_sealed(actor, row.part_id, _CONTENTS, made),
        )
        again = None if is_first else await queries.part(conn, actor.account_id, export.export_id, row.number)
    if is_first:
        return made, row.revision + 1
    if again is None:
        raise NotFound(_NOT_HERE)
    return await _contents(platform, actor, export, again)


def _sealed(actor: Actor, part_id: UUID, purpose: str, value: object) -> bytes:
    packed = zstd.compress(_encode(value))
    return seal.seal_field(
        actor.keyring, account_id=actor.account_id, purpose=purpose, row_id=part_id, plaintext=packed
    )


def _opened(actor: Actor, part_id: UUID, purpose: str, sealed: bytes) -> bytes:
    packed = seal.open_field(actor.keyring, account_id=actor.account_id, purpose=purpose, row_id=part_id, sealed=sealed)
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_BYTES)
