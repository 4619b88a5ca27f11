"""Blobs sealed as a stream of chunks (the STREAM construction: eprint.iacr.org/2015/189), in constant memory, so that
reading may begin anywhere and no chunk can be dropped, moved, added or cut off unseen. Where they are stored and who
may read them is not decided here.
"""

import os
from collections.abc import Iterator
from typing import TypeAlias
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag

from app.errors import CannotOpen
from app.vault.aead import KEY_SIZE, cipher_for, context

Data: TypeAlias = bytes | bytearray | memoryview

CHUNK_SIZE = 65_536
HEADER_SIZE = 17

_VERSION = b"\x01"
_TAG_SIZE = 16
_SEALED_CHUNK_SIZE = CHUNK_SIZE + _TAG_SIZE
_COUNTER_SIZE = 11


class SealedRange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a range of the plain blob lies in the sealed one: bytes `start` to `end` (exclusive), whole chunks.

    `first_chunk` and `last_chunk` are the indexes of those chunks, `is_to_end` says that the last is the blob's last;
    `skip` bytes of their plaintext come before the range, which is `length` bytes.
    """

    start: int
    end: int
    first_chunk: int
    last_chunk: int
    is_to_end: bool
    skip: int
    length: int


def new_blob_key() -> bytes:
    """A key for one blob, 32 bytes; kept where only the blob's owner reads, as in the sealed source of a message."""
    return os.urandom(KEY_SIZE)


def sealed_size(plain_size: int) -> int:
    """The size of a sealed blob: a header of 17 bytes, and 16 more for every 64 KiB begun (an empty one has one)."""
    return HEADER_SIZE + plain_size + _TAG_SIZE * _chunk_count(plain_size)


def sealed_range(offset: int, length: int, *, plain_size: int) -> SealedRange:
    """What to read of a sealed blob for `length` plain bytes from `offset`; the header is read besides.

    ValueError unless the range holds a byte and lies in the blob.
    """
    if not (offset >= 0 and length > 0 and offset + length <= plain_size):
        raise ValueError("the range must hold at least one byte and lie in the blob")
    first, last = offset // CHUNK_SIZE, (offset + length - 1) // CHUNK_SIZE
    is_to_end = last == _chunk_count(plain_size) - 1
    end = sealed_size(plain_size) if is_to_end else HEADER_SIZE + (last + 1) * _SEALED_CHUNK_SIZE
    return SealedRange(
        start=HEADER_SIZE + first * _SEALED_CHUNK_SIZE,
        end=end,
        first_chunk=first,
        last_chunk=last,
        is_to_end=is_to_end,
        skip=offset - first * CHUNK_SIZE,
        length=length,
    )


class ChunkSealer:
    """Seals one blob as its bytes come. What is returned, in order, is the sealed blob."""

    __slots__ = ("_chunks", "_head", "_rest")

    def __init__(self, key: bytes, blob_id: UUID) -> None:
        """`key` is 32 bytes; only it and `blob_id` open the blob. The salt allows sealing it twice."""
        salt = os.urandom(HEADER_SIZE - len(_VERSION))
        self._head = _VERSION + salt
        self._chunks: _Chunks | None = _Chunks(key, blob_id, salt, first=0)
        self._rest = bytearray()

    def update(self, data: Data) -> bytes:
        """Take some plaintext, of any length, and return what is ready: whole chunks, perhaps none."""
        chunks = self._open_chunks()
        ready = [self._head]
        self._head = b""
        ready += [chunks.seal(chunk) for chunk in _cut(self._rest, data, CHUNK_SIZE)]
        return b"".join(ready)

    def finish(self) -> bytes:
        """The end of the sealed blob. The sealer takes nothing after it (RuntimeError)."""
        chunks = self._open_chunks()
        self._chunks = None
        return self._head + chunks.seal(self._rest, is_last=True)

    def _open_chunks(self) -> "_Chunks":
        # A second end would reuse the nonce of the first.
        if self._chunks is None:
            raise RuntimeError("this blob is finished")
        return self._chunks


class ChunkOpener:
    """Opens one whole blob as its sealed bytes come. What it returns was sealed so and in this order; that nothing is
    missing at the end is known only once `finish` has returned.
    """

    __slots__ = ("_blob_id", "_chunks", "_header", "_key", "_rest")

    def __init__(self, key: bytes, blob_id: UUID) -> None:
        """`key` and `blob_id` are what the sealer was given."""
        self._key = key
        self._blob_id = blob_id
        self._header = b""
        self._chunks: _Chunks | None = None
        self._rest = bytearray()

    def update(self, data: Data) -> bytes:
        """Take some of the sealed blob, of any length, and return what opens of it: whole chunks, perhaps none.

        Raises CannotOpen.
        """
        view = memoryview(data)
        chunks = self._chunks
        if chunks is None:
            missing = HEADER_SIZE - len(self._header)
            self._header += view[:missing]
            if len(self._header) < HEADER_SIZE:
                return b""
            view = view[missing:]
            chunks = self._chunks = _chunks_after(self._header, self._key, self._blob_id, first=0)
        return b"".join([chunks.open(chunk) for chunk in _cut(self._rest, view, _SEALED_CHUNK_SIZE)])

    def finish(self) -> bytes:
        """The last of the plaintext; CannotOpen if this is not where the blob ended."""
        if self._chunks is None:
            raise CannotOpen
        return self._chunks.open(self._rest, is_last=True)


class RangeOpener:
    """Opens a range of a blob as the bytes that `sealed_range` named come; returns the plain range and no byte more."""

    __slots__ = ("_chunks", "_left", "_range", "_rest", "_skip")

    def __init__(self, key: bytes, blob_id: UUID, *, header: bytes, sealed: SealedRange) -> None:
        """`header`: the first 17 bytes of the sealed blob; CannotOpen if they are no header."""
        self._chunks = _chunks_after(header, key, blob_id, first=sealed.first_chunk)
        self._range = sealed
        self._skip = sealed.skip
        self._left = sealed.length
        self._rest = bytearray()

    def update(self, data: Data) -> bytes:
        """As `ChunkOpener.update`."""
        return self._trimmed(b"".join([self._chunks.open(c) for c in _cut(self._rest, data, _SEALED_CHUNK_SIZE)]))

    def finish(self) -> bytes:
        """The last of the range; CannotOpen if its bytes came short, or the blob ends elsewhere."""
        plaintext = self._chunks.open(self._rest, is_last=self._range.is_to_end)
        if self._chunks.counter != self._range.last_chunk + 1:
            raise CannotOpen
        return self._trimmed(plaintext)

    def _trimmed(self, plaintext: bytes) -> bytes:
        piece = plaintext[self._skip : self._skip + self._left]
        self._skip = max(0, self._skip - len(plaintext))
        self._left -= len(piece)
        return piece


class _Chunks:
    """The cipher of one blob and the number of the next chunk; a nonce is that number and whether the chunk is last."""

    __slots__ = ("_cipher", "counter")

    def __init__(self, key: bytes, blob_id: UUID, salt: bytes, *, first: int) -> None:
        self._cipher = cipher_for(key, context("blob", blob_id.bytes, salt))
        self.counter = first

    def seal(self, plaintext: Data, *, is_last: bool = False) -> bytes:
        nonce = self._nonce(is_last=is_last)
        self.counter += 1
        return self._cipher.encrypt(nonce, plaintext, None)

    def open(self, sealed: Data, *, is_last: bool = False) -> bytes:
        try:
            plaintext = self._cipher.decrypt(self._nonce(is_last=is_last), sealed, None)
        except InvalidTag:
            raise CannotOpen from None
        # Only now: whoever goes on after a failure must never be given what follows the missing chunk.
        self.counter += 1
        return plaintext

    def _nonce(self, *, is_last: bool) -> bytes:
        return self.counter.to_bytes(_COUNTER_SIZE) + bytes((is_last,))


def _chunks_after(header: bytes, key: bytes, blob_id: UUID, *, first: int) -> _Chunks:
    if len(header) != HEADER_SIZE or header[:1] != _VERSION:
        raise CannotOpen
    return _Chunks(key, blob_id, header[1:], first=first)


def _cut(rest: bytearray, data: Data, size: int) -> Iterator[Data]:
    """The whole pieces of `size` bytes in `rest` and `data`; what follows stays in `rest`, and is never nothing once
    there was something, because the last piece is only known as such when no more comes.
    """
    view = memoryview(data)
    if rest and len(rest) + len(view) > size:
        missing = size - len(rest)
        rest += view[:missing]
        view = view[missing:]
        yield rest
        rest.clear()
    while len(view) > size:
        yield view[:size]
        view = view[size:]
    rest += view


def _chunk_count(plain_size: int) -> int:
    return max(1, -(-plain_size // CHUNK_SIZE))
