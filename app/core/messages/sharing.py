"""Equal content once per account: what an account has already is named again, and only the rest is stored for it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.aliases.model import Mailbox
from app.core.messages import queries
from app.core.messages.cut import Cut
from app.core.messages.model import BlobRef, BlobRow
from app.core.messages.objects import NewObjects, object_name, stored_bytes
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.blobs import BlobStore
from app.vault.contents import content_digest, lock_blob_key, unlock_blob_key
from app.vault.keyring import unwrap_index_key


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account holds what was cut out of a message."""

    refs: tuple[BlobRef, ...] = ()
    """One for each cut, in order; equal cuts share one."""
    new: tuple[BlobRow, ...] = ()
    """Those of the objects that the account did not have."""


NOTHING = Holding()


async def hold(platform: Platform, mailbox: Mailbox, cuts: Sequence[Cut], objects: NewObjects) -> Holding:
    """Find out what the account has, and give it copies of the rest. Raises Unavailable.

    What is found may be deleted, and what is new may be stored by another message, until this one is committed.
    """
    account_id = mailbox.account_id
    index_key = unwrap_index_key(platform.instance, account_id, mailbox.index_key)
    digests = {cut.digest: content_digest(index_key, cut.digest) for cut in cuts}
    async with platform.db.connection() as conn:
        rows = await queries.blobs_by_content(conn, account_id, list(digests.values()))
    known = {row.content_digest: row for row in rows}
    refs: dict[bytes, BlobRef] = {}
    new: list[BlobRow] = []
    for cut, own in zip(cuts, objects.refs, strict=True):
        if cut.digest in refs:
            continue
        row = known.get(digests[cut.digest])
        found = await _found(platform.blobs, mailbox, index_key, cut, row) if row else None
        refs[cut.digest] = found or own
        if row is None:
            new.append(_shared_row(index_key, account_id, cut, own, digests[cut.digest]))
        elif found is None:
            # The digest is taken by a row that is of no use: this object is the message's alone.
            alone = _shared_row(index_key, account_id, cut, own, digests[cut.digest])
            new.append(msgspec.structs.replace(alone, content_digest=None))
    await objects.copy_to(account_id, [row.blob_id for row in new])
    return Holding(refs=tuple(refs[cut.digest] for cut in cuts), new=tuple(new))


def _shared_row(index_key: bytes, account_id: UUID, cut: Cut, own: BlobRef, digest: bytes) -> BlobRow:
    locked = own.key and lock_blob_key(
        index_key, cut.digest, account_id=account_id, blob_id=own.blob_id, blob_key=own.key
    )
    return BlobRow(blob_id=own.blob_id, stored_size=stored_bytes(own), content_digest=digest, locked_key=locked)


async def _found(store: BlobStore, mailbox: Mailbox, index_key: bytes, cut: Cut, row: BlobRow) -> BlobRef | None:
    """The object as a message names it, or None where it cannot stand for the one that has just come."""
    if row.locked_key is None:
        # In clear under the bucket's encryption: never for an account that is sealed now.
        ref = BlobRef(row.blob_id, None, cut.decoded_size) if mailbox.kind == "standard" else None
    else:
        ref = _unlocked(index_key, mailbox.account_id, cut, row.blob_id, row.locked_key)
    if ref is None or not await _is_whole(store, object_name(mailbox.account_id, row.blob_id), row.stored_size):
        return None
    return ref


def _unlocked(index_key: bytes, account_id: UUID, cut: Cut, blob_id: UUID, locked_key: bytes) -> BlobRef | None:
    try:
        key = unlock_blob_key(index_key, cut.digest, account_id=account_id, blob_id=blob_id, locked_key=locked_key)
    except CannotOpen:
        return None
    return BlobRef(blob_id, key, cut.decoded_size)


async def _is_whole(store: BlobStore, name: str, size: int) -> bool:
    """Whether the object is there to its last byte: one that was lost must not cost the next message its content."""
    try:
        return bool(b"".join([chunk async for chunk in store.read(name, offset=max(size - 1, 0), length=1)]))
    except NotFound:
        return False
