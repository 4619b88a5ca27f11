"""What both stores promise alike."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import NotFound
from app.lib.blobs import CHUNK, BlobInfo, BlobStore
from app.lib.blobs.s3_upload import PART

Put = Callable[[BlobStore, str, bytes], Coroutine[None, None, None]]

NOISE = random.Random(7).randbytes(2 * PART + 5)
NAME = "0190a1b2-0000-7000-8000-000000000001/0190a1b2-0000-7000-8000-00000000000a"


async def _read(store: BlobStore, name: str, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(name, offset=offset, length=length)])


async def _names(store: BlobStore, prefix: str = "") -> list[str]:
    return sorted([info.name async for info in store.list(prefix)])


@pytest.mark.parametrize("size", [0, 1, CHUNK, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
def test_what_was_written_is_read(store: BlobStore, size: int) -> None:
    async def flow() -> None:
        writer = await store.open_writer(NAME)
        for start in range(0, size, 1_000_003):
            await writer.write(NOISE[start : min(start + 1_000_003, size)])
        await writer.commit()
        assert await _read(store, NAME) == NOISE[:size]
        assert [(info.name, info.size) async for info in store.list()] == [(NAME, size)]

    asyncio.run(flow())


def test_one_large_write_is_cut_into_parts(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, NOISE)
        assert await _read(store, NAME) == NOISE

    asyncio.run(flow())


@pytest.mark.parametrize("size", [0, 1, 700_000])
def test_ranges_are_slices(store: BlobStore, put: Put, size: int) -> None:
    async def flow() -> None:
        await put(store, NAME, NOISE[:size])
        for offset in (0, 1, 699_999, 700_000, 800_000):
            for length in (0, 1, CHUNK, CHUNK + 1, 900_000):
                assert await _read(store, NAME, offset, length) == NOISE[:size][offset : offset + length]
            assert await _read(store, NAME, offset) == NOISE[:size][offset:]

    asyncio.run(flow())


def test_chunks_stay_small(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, NOISE[: 4 * CHUNK + 1])
        assert max([len(chunk) async for chunk in store.read(NAME)]) <= CHUNK

    asyncio.run(flow())


@pytest.mark.parametrize("length", [None, 0, 1])
def test_what_is_not_there_is_not_found(store: BlobStore, length: int | None) -> None:
    async def flow() -> None:
        with pytest.raises(NotFound):
            await _read(store, NAME, 0, length)
        with pytest.raises(NotFound):
            await store.copy(NAME, "other/object")
        assert await _names(store) == []

    asyncio.run(flow())


def test_reading_may_stop_early(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, NOISE)
        async with aclosing(store.read(NAME)) as chunks:
            assert await anext(chunks) == NOISE[:CHUNK]
        assert await _read(store, NAME, PART, 3) == NOISE[PART : PART + 3]

    asyncio.run(flow())


def test_nothing_shows_before_the_commit(store: BlobStore) -> None:
    async def flow() -> None:
        writer = await store.open_writer(NAME)
        await writer.write(NOISE)
        with pytest.raises(NotFound):
            await _read(store, NAME)
        assert await _names(store) == []
        await writer.commit()
        assert await _names(store) == [NAME]

    asyncio.run(flow())


@pytest.mark.parametrize("size", [0, 10, len(NOISE)])
def test_an_aborted_writer_leaves_nothing(store: BlobStore, size: int) -> None:
    async def flow() -> None:
        writer = await store.open_writer(NAME)
        await writer.write(NOISE[:size])
        await writer.abort()
        await writer.abort()
        assert await _names(store) == []
        assert await store.sweep_partial(older_than=datetime.now(UTC) + timedelta(days=1)) == 0
        with pytest.raises(RuntimeError):
            await writer.write(b"more")
        with pytest.raises(RuntimeError):
            await writer.commit()

    asyncio.run(flow())


def test_an_abort_after_the_commit_does_nothing(store: BlobStore) -> None:
    async def flow() -> None:
        writer = await store.open_writer(NAME)
        await writer.write(b"kept")
        await writer.commit()
        await writer.abort()
        assert await _read(store, NAME) == b"kept"
        with pytest.raises(RuntimeError):
            await writer.commit()

    asyncio.run(flow())


@pytest.mark.parametrize("size", [10, len(NOISE)])
def test_a_cancelled_commit_can_be_taken_back(store: BlobStore, size: int) -> None:
    async def flow() -> None:
        writer = await store.open_writer(NAME)
        await writer.write(NOISE[:size])
        commit = asyncio.ensure_future(writer.commit())
        await asyncio.sleep(0)
        commit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commit
        await writer.abort()
        assert await _names(store) == []
        assert await store.sweep_partial(older_than=datetime.now(UTC) + timedelta(days=1)) == 0

    asyncio.run(flow())


def test_the_leftovers_of_dead_writers_are_swept(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, b"kept")
        writer = await store.open_writer("dead/writer")
        await writer.write(NOISE)
        await writer.write(NOISE)
        # Long ago, because moto says 2010 for every upload's beginning.
        assert await store.sweep_partial(older_than=datetime(2001, 1, 1, tzinfo=UTC)) == 0
        assert await store.sweep_partial(older_than=datetime.now(UTC) + timedelta(hours=1)) == 1
        assert await store.sweep_partial(older_than=datetime.now(UTC) + timedelta(hours=1)) == 0
        assert await _names(store) == [NAME]
        await writer.abort()

    asyncio.run(flow())


def test_a_copy_stands_alone(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, NOISE)
        await store.copy(NAME, "other/copy")
        await store.delete([NAME])
        assert await _read(store, "other/copy") == NOISE
        assert await _names(store) == ["other/copy"]

    asyncio.run(flow())


def test_a_second_commit_replaces(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        await put(store, NAME, b"first")
        await put(store, NAME, b"second")
        assert await _read(store, NAME) == b"second"

    asyncio.run(flow())


def test_deleting_takes_what_is_there(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        for name in ("a/1", "a/2", "b/1"):
            await put(store, name, b"x")
        await store.delete(["a/1", "a/missing", "c/missing", "b/1"])
        assert await _names(store) == ["a/2"]
        await store.delete(["a/2"])
        await store.delete([])
        assert await _names(store) == []
        await put(store, "a/3", b"y")
        assert await _read(store, "a/3") == b"y"

    asyncio.run(flow())


def test_lists_by_prefix(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        for name in ("aa/one", "aa/two", "ab/one", "b/one"):
            await put(store, name, b"x")
        assert await _names(store) == ["aa/one", "aa/two", "ab/one", "b/one"]
        assert await _names(store, "a") == ["aa/one", "aa/two", "ab/one"]
        assert await _names(store, "aa") == ["aa/one", "aa/two"]
        assert await _names(store, "aa/") == ["aa/one", "aa/two"]
        assert await _names(store, "aa/t") == ["aa/two"]
        assert await _names(store, "none/") == []

    asyncio.run(flow())


def test_tells_when_an_object_was_made(store: BlobStore, put: Put) -> None:
    async def flow() -> BlobInfo:
        await put(store, NAME, b"x")
        return await anext(store.list())

    info = asyncio.run(flow())
    assert info.modified_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=10)


BAD_NAMES = [
    "",
    "a",
    "/a/b",
    "a/",
    "/a",
    "a/b/c",
    "../b",
    "a/..",
    "a/.b",
    "a//b",
    "a\\b/c",
    "A/b",
    "a/b\n",
    "a/b\0",
    "é/b",
]


@pytest.mark.parametrize("name", [*BAD_NAMES, f"a/{101 * 'b'}"])
def test_refuses_names_that_lead_elsewhere(store: BlobStore, name: str) -> None:
    async def flow() -> None:
        with pytest.raises(ValueError, match="two segments"):
            await store.open_writer(name)
        with pytest.raises(ValueError, match="two segments"):
            store.read(name)
        with pytest.raises(ValueError, match="two segments"):
            await store.copy("a/b", name)
        with pytest.raises(ValueError, match="two segments"):
            await store.copy(name, "a/b")
        with pytest.raises(ValueError, match="two segments"):
            await store.delete(["a/b", name])

    asyncio.run(flow())


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "a/b/", "A", "\0"])
def test_refuses_prefixes_that_lead_elsewhere(store: BlobStore, prefix: str) -> None:
    async def flow() -> None:
        with pytest.raises(ValueError, match="beginning of a blob's name"):
            await _names(store, prefix)

    asyncio.run(flow())


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_refuses_negative_ranges(store: BlobStore, offset: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="never negative"):
        store.read(NAME, offset=offset, length=length)


def test_the_check_leaves_nothing(store: BlobStore) -> None:
    async def flow() -> None:
        await store.check()
        assert await _names(store) == []

    asyncio.run(flow())


def test_many_writers_at_once(store: BlobStore, put: Put) -> None:
    async def flow() -> None:
        wanted = {f"owner-{number % 3}/{number}": NOISE[number : number * 1000] for number in range(40)}
        await asyncio.gather(*(put(store, name, data) for name, data in wanted.items()))
        assert {name: await _read(store, name) for name in await _names(store)} == wanted

    asyncio.run(flow())
