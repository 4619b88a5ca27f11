"""Cut-out content in the object store: written while the message streams in, read when it is shown.

An object is sealed in chunks under a key of its own, which is kept in the message's sealed summary. Only where the
store hands out presigned URLs, and for standard accounts, it is left to the bucket's encryption.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from app.core.messages.cut import Cut
from app.core.messages.model import BlobRef, Layout
from app.lib.blobs import BlobStore, BlobWriter
from app.lib.ids import new_id
from app.vault.chunks import (
    HEADER_SIZE,
    ChunkOpener,
    ChunkSealer,
    RangeOpener,
    new_blob_key,
    sealed_range,
    sealed_size,
)


def object_name(account_id: UUID, blob_id: UUID) -> str:
    """Where an account's blob lies in the store."""
    return f"{account_id}/{blob_id}"


class NewObjects:
    """Opens the blobs of one message while it is received, under the account of `owner`; `refs` names them."""

    def __init__(self, store: BlobStore, owner: UUID, *, is_sealed: bool) -> None:
        self._store = store
        self._owner = owner
        self._is_sealed = is_sealed
        self._writers: list[_Writer] = []
        self._written: set[str] = set()
        self._kept: frozenset[str] = frozenset()

    async def open(self) -> "_Writer":
        """A sink for the next cut. Raises Unavailable."""
        blob_id = new_id()
        key = new_blob_key() if self._is_sealed else None
        name = object_name(self._owner, blob_id)
        inner = await self._store.open_writer(name)
        self._written.add(name)
        writer = _Writer(inner, blob_id, key)
        self._writers.append(writer)
        return writer

    @property
    def refs(self) -> tuple[BlobRef, ...]:
        """One for each cut, in order."""
        return tuple(writer.ref for writer in self._writers)

    async def copy_to(self, account_id: UUID, blob_ids: Sequence[UUID]) -> None:
        """Give an account its own copies of these, unless it has them. Raises Unavailable."""
        for blob_id in blob_ids:
            name = object_name(account_id, blob_id)
            if name not in self._written:
                self._written.add(name)
                await self._store.copy(object_name(self._owner, blob_id), name)

    def keep(self, blobs: Iterable[tuple[UUID, UUID]]) -> None:
        """These alone, (account id, blob id), are for the database to decide on: it may be about to name them."""
        self._kept = frozenset(object_name(account_id, blob_id) for account_id, blob_id in blobs)

    async def discard(self) -> None:
        """Delete what was written, but for what is kept. Raises Unavailable."""
        names = sorted(self._written - self._kept)
        if names:
            await self._store.delete(names)
        self._written.difference_update(names)


class _Writer:
    """One blob on its way into the store."""

    def __init__(self, inner: BlobWriter, blob_id: UUID, key: bytes | None) -> None:
        self._inner = inner
        self._blob_id = blob_id
        self._key = key
        self._sealer = ChunkSealer(key, blob_id) if key else None
        self._size = 0

    @property
    def ref(self) -> BlobRef:
        return BlobRef(self._blob_id, self._key, self._size)

    async def write(self, data: bytes) -> None:
        self._size += len(data)
        await self._inner.write(self._sealer.update(data) if self._sealer else data)

    async def commit(self) -> None:
        if self._sealer:
            await self._inner.write(self._sealer.finish())
        await self._inner.commit()

    async def abort(self) -> None:
        await self._inner.abort()


class StoredCuts:
    """Reads the cuts of one stored message."""

    def __init__(self, store: BlobStore, account_id: UUID, layout: Layout) -> None:
        self._store = store
        self._account_id = account_id
        self._layout = layout

    def whole(self, ordinal: int) -> Cut:
        """The cut as it was made."""
        return self._layout.cuts[ordinal]

    def ref(self, ordinal: int) -> BlobRef:
        """The object that holds the cut's content."""
        return self._layout.blobs[ordinal]

    def open(self, ordinal: int) -> AsyncIterator[bytes]:
        """The cut's content. Raises CannotOpen, NotFound, Unavailable while it is read."""
        return read_object(self._store, self._account_id, self.ref(ordinal))

    def open_range(self, ordinal: int, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end` (exclusive) of the cut's content; raises as `open`."""
        return read_range(self._store, self._account_id, self.ref(ordinal), start, end)


async def read_object(store: BlobStore, account_id: UUID, ref: BlobRef) -> AsyncIterator[bytes]:
    """The plain content of an object. Raises CannotOpen, NotFound, Unavailable."""
    stored = store.read(object_name(account_id, ref.blob_id))
    if ref.key is None:
        async for chunk in stored:
            yield chunk
        return
    opener = ChunkOpener(ref.key, ref.blob_id)
    async for chunk in stored:
        if opened := opener.update(chunk):
            yield opened
    yield opener.finish()


async def read_range(store: BlobStore, account_id: UUID, ref: BlobRef, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end` (exclusive) of an object's plain content, of which only the chunks around are read.

    They must hold a byte and lie in the object (ValueError). Raises CannotOpen, NotFound, Unavailable.
    """
    name = object_name(account_id, ref.blob_id)
    if ref.key is None:
        async for chunk in store.read(name, offset=start, length=end - start):
            yield chunk
        return
    sealed = sealed_range(start, end - start, plain_size=ref.size)
    header = b"".join([chunk async for chunk in store.read(name, length=HEADER_SIZE)])
    opener = RangeOpener(ref.key, ref.blob_id, header=header, sealed=sealed)
    async for chunk in store.read(name, offset=sealed.start, length=sealed.end - sealed.start):
        if opened := opener.update(chunk):
            yield opened
    yield opener.finish()


def stored_bytes(ref: BlobRef) -> int:
    """What the object takes in the store."""
    return ref.size if ref.key is None else sealed_size(ref.size)
