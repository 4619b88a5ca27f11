"""Attachments that lie in the bucket in clear, because their account was standard when they came: sealed by us, one by
one, with the keyring of an owner who has sealed the account since.
"""

import time
from collections.abc import Iterable
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.filing import queries as filing
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.clear import queries
from app.core.messages.cut import Cut
from app.core.messages.model import BlobRef, BlobRow, Layout, MessageLine
from app.core.messages.objects import object_name, read_object, stored_bytes
from app.core.platform import Platform
from app.errors import Conflict, NotFound, Unavailable
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.logs import logger
from app.vault import seal
from app.vault.chunks import ChunkSealer, new_blob_key
from app.vault.contents import content_digest, lock_blob_key

MOST_COUNTED = queries.MOST_COUNTED
_encode = msgspec.msgpack.Encoder().encode


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects were sealed, and how many are left, counted up to 1,000."""

    done: int
    left: int


async def left(conn: Conn, account_id: UUID) -> int:
    """How many objects may lie in clear, counted up to 1,000."""
    return await queries.count(conn, account_id)


async def seal_some(platform: Platform, actor: Actor, *, seconds: float) -> Progress:
    """Seal objects for about so long: what was begun is finished. Those that cannot be read are passed over.

    Raises Conflict for a standard account, whose attachments its bucket hands out, and Unavailable.
    """
    if actor.kind != "sealed":
        raise Conflict("Only a sealed account's attachments are encrypted by the service.", code="not_sealed")
    until, done = time.monotonic() + seconds, 0
    async with platform.db.connection() as conn:
        index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
        blob_id = await queries.following(conn, actor.account_id, None)
    while blob_id is not None:
        done += await _seal(platform, actor, index_key, blob_id)
        async with platform.db.connection() as conn:
            blob_id = await queries.following(conn, actor.account_id, blob_id)
        if time.monotonic() >= until:
            break
    async with platform.db.connection() as conn:
        return Progress(done=done, left=await queries.count(conn, actor.account_id))


async def _seal(platform: Platform, actor: Actor, index_key: bytes, blob_id: UUID) -> bool:
    """Whether the object is no longer in clear, as far as messages that can be read name it."""
    account_id = actor.account_id
    async with platform.db.connection() as conn:
        ids = await queries.naming(conn, account_id, blob_id)
        rows = await message_queries.messages_of(conn, account_id, ids)
        lines = [line for line in await messages.open_rows(conn, actor, rows) if line.is_readable]
    place = next(((ref, cut.digest) for line in lines for ref, cut in _cuts(line) if ref.blob_id == blob_id), None)
    if place is None:
        return False
    ref, digest = place
    if ref.key is not None:
        locked = lock_blob_key(index_key, digest, account_id=account_id, blob_id=blob_id, blob_key=ref.key)
        async with platform.db.transaction() as conn:
            await queries.set_locked_key(conn, account_id, blob_id, locked)
        return True
    try:
        sealed = await _copied(platform, account_id, ref)
    except NotFound:  # the store has lost it
        return False
    row = BlobRow(
        blob_id=sealed.blob_id,
        stored_size=stored_bytes(sealed),
        content_digest=content_digest(index_key, digest),
        locked_key=lock_blob_key(
            index_key, digest, account_id=account_id, blob_id=sealed.blob_id, blob_key=sealed.key or b""
        ),
    )
    needless = await _replaced(platform, actor, ref, sealed, row, lines)
    try:
        await platform.blobs.delete([object_name(account_id, one) for one in needless])
    except Unavailable:
        logger().warning("objects_left_to_the_sweep", count=len(needless))
    return sealed.blob_id not in needless


async def _copied(platform: Platform, account_id: UUID, ref: BlobRef) -> BlobRef:
    """The same content in an object of its own, sealed. Raises NotFound, Unavailable."""
    blob_id, key = new_id(), new_blob_key()
    sealer = ChunkSealer(key, blob_id)
    writer = await platform.blobs.open_writer(object_name(account_id, blob_id))
    try:
        async for chunk in read_object(platform.blobs, account_id, ref):
            await writer.write(sealer.update(chunk))
        await writer.write(sealer.finish())
        await writer.commit()
    except BaseException:
        await writer.abort()
        raise
    return BlobRef(blob_id, key, ref.size)


async def _replaced(
    platform: Platform, actor: Actor, ref: BlobRef, sealed: BlobRef, row: BlobRow, lines: list[MessageLine]
) -> list[UUID]:
    """Have the messages name the sealed object; which object nobody needs now: the old one, or else the new."""
    account_id = actor.account_id
    summaries = {line.message_id: _summary(account_id, line, ref.blob_id, sealed) for line in lines}
    async with platform.db.transaction() as conn:
        await accounts.hold(conn, account_id)
        if ref.blob_id not in await filing.lock_blobs_of(conn, account_id, list(summaries)):
            return [sealed.blob_id]  # somebody has done it, or deleted the messages
        await queries.replace(conn, account_id, ref.blob_id, row, summaries)
        gone = await filing.delete_unnamed_blobs(conn, account_id, [ref.blob_id])
        less = sum(size for _, size in gone) - row.stored_size
        await filing.subtract_usage(conn, account_id, shard=platform.shard, count=0, stored_bytes=less, by_alias={})
    return [blob_id for blob_id, _ in gone]


def _summary(account_id: UUID, line: MessageLine, blob_id: UUID, sealed: BlobRef) -> bytes:
    layout = line.summary.layout
    blobs = tuple(sealed if one.blob_id == blob_id else one for one in layout.blobs)
    summary = msgspec.structs.replace(line.summary, layout=Layout(layout.marker, layout.cuts, blobs))
    return seal.seal_summary(
        line.message_key, account_id=account_id, message_id=line.message_id, plaintext=_encode(summary)
    )


def _cuts(line: MessageLine) -> Iterable[tuple[BlobRef, Cut]]:
    return zip(line.summary.layout.blobs, line.summary.layout.cuts, strict=True)
