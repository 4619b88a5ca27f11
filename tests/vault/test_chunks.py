from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import CannotOpen
from app.vault.chunks import (
    CHUNK_SIZE,
    HEADER_SIZE,
    ChunkOpener,
    ChunkSealer,
    RangeOpener,
    new_blob_key,
    sealed_range,
    sealed_size,
)

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]

KEY = bytes(range(32))
BLOB = UUID("01930000-0000-7000-8000-0000000000b0")
SEALED_CHUNK = CHUNK_SIZE + 16
EDGES = [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 3 * CHUNK_SIZE + 5]
SIZES = st.sampled_from(EDGES) | st.integers(0, 5 * CHUNK_SIZE)
CUTS = st.lists(st.integers(0, 5 * SEALED_CHUNK), max_size=12)


def plain(size: int) -> bytes:
    """Bytes whose chunks all differ."""
    return b"".join(number.to_bytes(4) for number in range(-(-size // 4)))[:size]


def pieces(data: bytes | bytearray, cuts: Iterable[int]) -> Iterator[bytes | bytearray]:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return (data[start:end] for start, end in pairwise(places))


def seal(data: bytes, cuts: Iterable[int] = ()) -> bytes:
    sealer = ChunkSealer(KEY, BLOB)
    return b"".join([*map(sealer.update, pieces(data, cuts)), sealer.finish()])


def feed(opener: ChunkOpener | RangeOpener, data: bytes | bytearray, cuts: Iterable[int] = ()) -> Iterator[bytes]:
    yield from map(opener.update, pieces(data, cuts))
    yield opener.finish()


def open_all(data: bytes, cuts: Iterable[int] = (), key: bytes = KEY, blob: UUID = BLOB) -> bytes:
    return b"".join(feed(ChunkOpener(key, blob), data, cuts))


@settings(deadline=None, max_examples=60)
@given(size=SIZES, sealed_at=CUTS, opened_at=CUTS)
def test_a_blob_opens_however_it_is_cut(size: int, sealed_at: list[int], opened_at: list[int]) -> None:
    data = plain(size)
    sealed = seal(data, sealed_at)
    assert len(sealed) == sealed_size(size)
    assert open_all(sealed, opened_at) == data


def test_a_byte_at_a_time() -> None:
    data = plain(300)
    assert open_all(seal(data, range(300)), range(sealed_size(300))) == data


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_will_do(kind: Callable[[bytes], bytes]) -> None:
    data = plain(2 * CHUNK_SIZE + 7)
    sealer, opener = ChunkSealer(KEY, BLOB), ChunkOpener(KEY, BLOB)
    sealed = sealer.update(kind(data[:9])) + sealer.update(kind(data[9:])) + sealer.finish()
    assert opener.update(kind(sealed[:9])) + opener.update(kind(sealed[9:])) + opener.finish() == data


def test_a_buffer_may_be_used_again_by_its_owner() -> None:
    buffer = bytearray(plain(CHUNK_SIZE + 10))
    sealer = ChunkSealer(KEY, BLOB)
    sealed = sealer.update(buffer)
    buffer[:] = bytes(len(buffer))
    buffer.clear()
    assert open_all(sealed + sealer.finish()) == plain(CHUNK_SIZE + 10)


def test_sealing_holds_back_no_more_than_a_chunk() -> None:
    sealer = ChunkSealer(KEY, BLOB)
    sizes = [len(sealer.update(bytes(CHUNK_SIZE))) for _ in range(4)]
    assert sizes == [HEADER_SIZE, SEALED_CHUNK, SEALED_CHUNK, SEALED_CHUNK]


@pytest.mark.parametrize("size", [0, 40])
def test_any_change_breaks_a_blob(size: int, every_change_fails: FlipsFail) -> None:
    every_change_fails(open_all, seal(plain(size)))


@settings(deadline=None, max_examples=60)
@given(place=st.integers(0, sealed_size(3 * CHUNK_SIZE + 5) - 1), bit=st.integers(0, 7))
def test_a_change_anywhere_in_a_long_blob_is_seen(place: int, bit: int) -> None:
    data = plain(3 * CHUNK_SIZE + 5)
    sealed = bytearray(seal(data))
    sealed[place] ^= 1 << bit
    opened: list[bytes] = []
    with pytest.raises(CannotOpen):
        opened.extend(feed(ChunkOpener(KEY, BLOB), sealed, range(0, len(sealed), SEALED_CHUNK)))
    assert data.startswith(b"".join(opened))


def test_a_blob_opens_for_its_key_and_id_alone() -> None:
    sealed = seal(b"text")
    for key, blob in ((KEY[::-1], BLOB), (KEY, UUID(int=BLOB.int + 1))):
        with pytest.raises(CannotOpen):
            open_all(sealed, key=key, blob=blob)


@settings(deadline=None, max_examples=60)
@given(size=SIZES, data=st.data())
def test_a_blob_cut_off_is_seen(size: int, data: st.DataObject) -> None:
    sealed = seal(plain(size))
    at_chunk_edges = st.sampled_from(range(HEADER_SIZE, len(sealed), SEALED_CHUNK))
    end = data.draw(st.integers(0, len(sealed) - 1) | at_chunk_edges)
    with pytest.raises(CannotOpen):
        open_all(sealed[:end])


@settings(deadline=None, max_examples=30)
@given(size=SIZES, tail=st.binary(min_size=1, max_size=40))
def test_a_blob_lengthened_is_seen(size: int, tail: bytes) -> None:
    sealed = seal(plain(size))
    for longer in (sealed + tail, sealed + sealed[HEADER_SIZE:], sealed + sealed):
        with pytest.raises(CannotOpen):
            open_all(longer)


def test_chunks_moved_repeated_or_dropped_are_seen() -> None:
    sealed = seal(plain(4 * CHUNK_SIZE))
    header, body = sealed[:HEADER_SIZE], sealed[HEADER_SIZE:]
    chunks = [body[start : start + SEALED_CHUNK] for start in range(0, len(body), SEALED_CHUNK)]
    for order in ([1, 0, 2, 3], [0, 2, 1, 3], [0, 0, 1, 2, 3], [1, 2, 3], [0, 1, 3], [0, 1, 2], [3], [0, 1, 2, 3, 3]):
        with pytest.raises(CannotOpen):
            open_all(header + b"".join(chunks[number] for number in order))
    assert open_all(header + b"".join(chunks)) == plain(4 * CHUNK_SIZE)


def test_chunks_of_another_sealing_are_seen() -> None:
    one, two = seal(plain(2 * CHUNK_SIZE)), seal(plain(2 * CHUNK_SIZE))
    middle = HEADER_SIZE + SEALED_CHUNK
    assert one[HEADER_SIZE:middle] != two[HEADER_SIZE:middle]
    with pytest.raises(CannotOpen):
        open_all(one[:middle] + two[middle:])


def test_going_on_after_a_failure_never_skips_a_chunk() -> None:
    sealed = seal(plain(3 * CHUNK_SIZE))
    opener = ChunkOpener(KEY, BLOB)
    opener.update(sealed[:HEADER_SIZE])
    second = sealed[HEADER_SIZE + SEALED_CHUNK :]
    with pytest.raises(CannotOpen):
        opener.update(second)
    with pytest.raises(CannotOpen):
        opener.update(second)


def test_a_finished_blob_takes_no_more() -> None:
    sealer = ChunkSealer(KEY, BLOB)
    sealer.finish()
    with pytest.raises(RuntimeError, match="finished"):
        sealer.finish()
    with pytest.raises(RuntimeError, match="finished"):
        sealer.update(b"more")


@settings(deadline=None, max_examples=100)
@given(size=st.integers(1, 5 * CHUNK_SIZE) | st.sampled_from(EDGES[1:]), cuts=CUTS, data=st.data())
def test_a_range_opens_to_its_bytes(size: int, cuts: list[int], data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, size - 1))
    length = data.draw(st.integers(1, size - offset))
    sealed = seal(plain(size))
    part = sealed_range(offset, length, plain_size=size)
    opener = RangeOpener(KEY, BLOB, header=sealed[:HEADER_SIZE], sealed=part)
    assert b"".join(feed(opener, sealed[part.start : part.end], cuts)) == plain(size)[offset : offset + length]
    assert part.end - part.start <= length + 2 * CHUNK_SIZE + 16 * (length // CHUNK_SIZE + 2)


def test_a_range_reads_only_the_chunks_it_needs() -> None:
    part = sealed_range(CHUNK_SIZE, CHUNK_SIZE, plain_size=10 * CHUNK_SIZE)
    assert (part.start, part.end) == (HEADER_SIZE + SEALED_CHUNK, HEADER_SIZE + 2 * SEALED_CHUNK)
    assert (part.first_chunk, part.last_chunk, part.skip, part.is_to_end) == (1, 1, 0, False)


@pytest.mark.parametrize(("offset", "length"), [(0, CHUNK_SIZE * 2), (CHUNK_SIZE, CHUNK_SIZE * 3), (5, CHUNK_SIZE * 2)])
def test_a_range_cut_moved_or_lengthened_is_seen(offset: int, length: int) -> None:
    size = 4 * CHUNK_SIZE
    sealed = seal(plain(size))
    part = sealed_range(offset, length, plain_size=size)
    starts_ends = [
        (part.start, part.end - 1),
        (part.start, part.end - SEALED_CHUNK),
        (part.start, part.start),
        (part.start + SEALED_CHUNK, part.end),
        (part.start - 1, part.end),
    ]
    if part.end < len(sealed):
        starts_ends += [(part.start, part.end + SEALED_CHUNK), (part.start, len(sealed))]
    for start, end in starts_ends:
        opener = RangeOpener(KEY, BLOB, header=sealed[:HEADER_SIZE], sealed=part)
        with pytest.raises(CannotOpen):
            list(feed(opener, sealed[start:end]))


def test_a_range_to_the_end_sees_that_the_blob_ends_elsewhere() -> None:
    sealed = seal(plain(3 * CHUNK_SIZE))
    believed = sealed_range(0, 2 * CHUNK_SIZE, plain_size=2 * CHUNK_SIZE)
    opener = RangeOpener(KEY, BLOB, header=sealed[:HEADER_SIZE], sealed=believed)
    opener.update(sealed[believed.start : believed.end])
    with pytest.raises(CannotOpen):
        opener.finish()


@pytest.mark.parametrize("header", [b"", bytes(16), bytes(17), b"\2" + bytes(16), b"\1" + bytes(17)])
def test_what_is_no_header_opens_no_range(header: bytes) -> None:
    with pytest.raises(CannotOpen):
        RangeOpener(KEY, BLOB, header=header, sealed=sealed_range(0, 1, plain_size=1))


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 0), (0, 11), (10, 1), (5, -1)])
def test_a_range_outside_the_blob_is_refused(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="range"):
        sealed_range(offset, length, plain_size=10)


def test_blob_keys_are_never_the_same() -> None:
    assert len({new_blob_key() for _ in range(20)}) == 20
