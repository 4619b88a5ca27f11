"""What only a bucket can do wrong: servers that vanish, refused credentials, cut connections, forgotten parts."""

import asyncio
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

from app.errors import Invalid, NotFound, Unavailable
from app.lib.blobs import BlobStore
from app.lib.blobs.faults import unavailable
from app.lib.blobs.s3 import S3Store
from app.lib.blobs.s3_connection import Bucket
from app.lib.blobs.s3_upload import PART, S3Writer, Upload

Put = Callable[[BlobStore, str, bytes], Coroutine[None, None, None]]
Connect = Callable[..., S3Store]

NOISE = random.Random(11).randbytes(3 * PART + 5)
TOMORROW = timedelta(days=1)


class Relay(Protocol):
    """The relay of conftest.py."""

    url: str
    budgets: list[int]

    def vanish(self) -> None: ...


async def _read(store: BlobStore, name: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(name)])


async def _leftovers(store: S3Store) -> list[str]:
    """Objects and unfinished uploads."""
    uploads = [
        upload["Key"] for page in store._bucket.pages("list_multipart_uploads") for upload in page.get("Uploads", ())
    ]
    return uploads + [info.name async for info in store.list()]


def _reveals(error: Unavailable) -> bool:
    told = f"{error} {error.detail} {error!r}"
    return (
        error.__cause__ is not None
        or not error.__suppress_context__
        or any(secret in told for secret in ("127.0.0.1", "AKIDTEST", "hush-hush", "test-"))
    )


@contextmanager
def _credentials_checked(s3_url: str) -> Iterator[None]:
    httpx.post(f"{s3_url}/moto-api/reset-auth", content=b"0")
    try:
        yield
    finally:
        httpx.post(f"{s3_url}/moto-api/reset-auth", content=b"inf")


@pytest.mark.parametrize("size", [10, 2 * PART + 5])
def test_a_vanished_server_is_unavailable(connect: Connect, relay: Relay, s3: S3Store, size: int) -> None:
    async def flow() -> None:
        store = connect(endpoint=relay.url)
        writer = await store.open_writer("owner/object")
        await writer.write(NOISE[:size])
        relay.vanish()
        with pytest.raises(Unavailable) as caught:
            await writer.commit()
        assert caught.value.code == "storage_unreachable"
        assert not _reveals(caught.value)
        await writer.abort()
        for work in (store.check(), store.delete(["a/b"]), _read(store, "a/b"), anext(store.list())):
            with pytest.raises(Unavailable) as caught:
                await work
            assert not _reveals(caught.value)
        # What could not be given up then is swept later.
        await s3.sweep_partial(older_than=datetime.now(UTC) + TOMORROW)
        assert await _leftovers(s3) == []

    asyncio.run(asyncio.wait_for(flow(), 60))


def test_a_silent_server_is_unavailable(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lib.blobs.s3_connection._READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = connect(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable) as caught:
            asyncio.run(asyncio.wait_for(store.copy("a/b", "a/c"), 30))
    assert caught.value.code == "storage_unreachable"


def test_a_cut_download_goes_on_where_it_broke(connect: Connect, relay: Relay, s3: S3Store, put: Put) -> None:
    async def flow() -> bytes:
        await put(s3, "owner/object", NOISE)
        relay.budgets[:] = [1_000_000, 600]
        return await _read(connect(endpoint=relay.url), "owner/object")

    assert asyncio.run(flow()) == NOISE
    assert relay.budgets == []


def test_a_download_is_never_made_of_two_objects(connect: Connect, relay: Relay, s3: S3Store, put: Put) -> None:
    async def flow() -> None:
        await put(s3, "owner/object", NOISE)
        relay.budgets[:] = [2_000_000]
        chunks = connect(endpoint=relay.url).read("owner/object")
        await anext(chunks)
        await put(s3, "owner/object", NOISE[::-1])
        with pytest.raises(Unavailable):
            [chunk async for chunk in chunks]

    asyncio.run(flow())


def test_a_download_that_breaks_again_and_again_ends(connect: Connect, relay: Relay, s3: S3Store, put: Put) -> None:
    async def flow() -> None:
        await put(s3, "owner/object", NOISE)
        relay.budgets[:] = [1_000_000] * 10
        with pytest.raises(Unavailable) as caught:
            await _read(connect(endpoint=relay.url), "owner/object")
        assert caught.value.code == "storage_unreachable"
        assert not _reveals(caught.value)

    asyncio.run(flow())


def test_a_download_may_break_often_if_much_comes_between(
    connect: Connect, relay: Relay, s3: S3Store, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.lib.blobs.s3._GOOD_STRETCH", 1_000_000)

    async def flow() -> bytes:
        await put(s3, "owner/object", NOISE)
        relay.budgets[:] = [3_000_000] * 7
        return await _read(connect(endpoint=relay.url), "owner/object")

    assert asyncio.run(flow()) == NOISE
    assert relay.budgets == []


@pytest.mark.parametrize("step", ["begin", "put_part", "complete"])
def test_an_upload_that_fails_leaves_nothing(s3: S3Store, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    original = getattr(Upload, step)

    def done_and_failed(upload: Upload, *args: object) -> None:
        original(upload, *args)
        raise unavailable("storage_unreachable")

    async def write_all(writer: S3Writer) -> None:
        await writer.write(NOISE)
        await writer.commit()

    async def flow() -> None:
        monkeypatch.setattr(Upload, step, done_and_failed)
        writer = await s3.open_writer("owner/object")
        with pytest.raises(Unavailable):
            await write_all(writer)
        with pytest.raises(Unavailable):
            await writer.commit()
        assert await _leftovers(s3) == ["owner/object"]
        await writer.abort()
        assert await _leftovers(s3) == []

    asyncio.run(flow())


def test_a_small_object_that_may_have_been_stored_is_taken_back(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Upload.put_whole

    def stored_and_failed(upload: Upload, data: bytearray) -> None:
        original(upload, data)
        raise unavailable("storage_unreachable")

    async def flow() -> None:
        monkeypatch.setattr(Upload, "put_whole", stored_and_failed)
        writer = await s3.open_writer("owner/object")
        await writer.write(b"x")
        with pytest.raises(Unavailable):
            await writer.commit()
        await writer.abort()
        assert await _leftovers(s3) == []

    asyncio.run(flow())


def test_a_lost_answer_to_the_commit_is_no_failure(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Bucket.call

    def twice(bucket: Bucket, operation: str, **parameters: object) -> Any:  # noqa: ANN401 - as the original
        if operation == "complete_multipart_upload":
            call(bucket, operation, **parameters)
            raise NotFound  # what the second attempt is told
        return call(bucket, operation, **parameters)

    async def flow() -> bytes:
        monkeypatch.setattr(Bucket, "call", twice)
        writer = await s3.open_writer("owner/object")
        await writer.write(NOISE)
        await writer.commit()
        return await _read(s3, "owner/object")

    assert asyncio.run(flow()) == NOISE


def test_an_upload_swept_meanwhile_cannot_be_committed(s3: S3Store) -> None:
    async def flow() -> None:
        writer = await s3.open_writer("owner/object")
        await writer.write(NOISE)
        await writer._settle(0)
        assert await s3.sweep_partial(older_than=datetime.now(UTC) + TOMORROW) == 1
        with pytest.raises(Unavailable):
            await writer.commit()
        await writer.abort()
        assert await _leftovers(s3) == []

    asyncio.run(flow())


def test_a_write_that_was_cancelled_cannot_be_committed(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Upload.put_part
    started, may_go = threading.Semaphore(0), threading.Event()

    def held(upload: Upload, number: int, data: bytearray) -> None:
        started.release()
        may_go.wait(30)
        original(upload, number, data)

    async def flow() -> None:
        monkeypatch.setattr(Upload, "put_part", held)
        writer = await s3.open_writer("owner/object")
        write = asyncio.ensure_future(writer.write(NOISE + NOISE))
        for _ in range(2):
            await asyncio.to_thread(started.acquire)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        with pytest.raises(Unavailable):
            await writer.commit()
        abort = asyncio.ensure_future(writer.abort())
        await asyncio.sleep(0)
        may_go.set()
        await abort
        assert await _leftovers(s3) == []

    asyncio.run(flow())


def test_at_most_two_parts_are_on_their_way(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Upload.put_part
    lock = threading.Lock()
    held, most, sizes = 0, 0, []

    def counted(upload: Upload, number: int, data: bytearray) -> None:
        nonlocal held, most
        with lock:
            held += 1
            most = max(most, held)
            sizes.append(len(data))
        original(upload, number, data)
        with lock:
            held -= 1

    async def flow() -> None:
        monkeypatch.setattr(Upload, "put_part", counted)
        writer = await s3.open_writer("owner/object")
        for _ in range(2):
            await writer.write(NOISE)
            assert len(writer._buffer) <= PART
        await writer.commit()

    asyncio.run(flow())
    assert most <= 2
    assert sorted(sizes) == [10, *[PART] * 6]


def test_deletes_in_batches_and_lists_in_pages(s3: S3Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lib.blobs.s3._DELETED_AT_ONCE", 10)
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # Amazon's is 1000

    async def flow() -> None:
        names = [f"owner/{number}" for number in range(25)]
        await asyncio.gather(*(put(s3, name, b"x") for name in names))
        assert sorted([info.name async for info in s3.list("owner/")]) == sorted(names)
        await s3.delete(names[1:])
        assert [info.name async for info in s3.list("owner/")] == names[:1]

    asyncio.run(flow())


def test_what_is_not_ours_in_the_bucket_is_left_alone(s3: S3Store) -> None:
    async def flow() -> None:
        s3._bucket.call("put_object", Key="Reports/2026/May.pdf", Body=b"x")
        s3._bucket.call("create_multipart_upload", Key="Reports/2026/June.pdf")
        assert [info.name async for info in s3.list()] == []
        assert await s3.sweep_partial(older_than=datetime.now(UTC) + TOMORROW) == 0

    asyncio.run(flow())


def test_a_deletion_that_is_refused_is_told(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Errors": [{"Key": "owner/object", "Code": "AccessDenied", "Message": "test-"}]}
    monkeypatch.setattr(Bucket, "call", lambda *_, **__: answer)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(s3.delete(["owner/object"]))
    assert caught.value.code == "storage_refused"


def test_the_content_type_is_kept(s3: S3Store) -> None:
    async def flow() -> None:
        for name, size in (("owner/small", 1), ("owner/large", PART + 1)):
            writer = await s3.open_writer(name, content_type="image/png")
            await writer.write(NOISE[:size])
            await writer.commit()
            assert s3._bucket.call("head_object", Key=name)["ContentType"] == "image/png"

    asyncio.run(flow())


def test_the_check_tells_a_missing_bucket(connect: Connect) -> None:
    for bucket in (f"test-{uuid4().hex}", "no bucket's name"):
        with pytest.raises(Unavailable, match="check S3_BUCKET") as caught:
            asyncio.run(connect(bucket=bucket).check())
        assert caught.value.code == "storage_missing"
        assert not _reveals(caught.value)


def test_the_check_tells_refused_credentials(connect: Connect, s3_url: str) -> None:
    with _credentials_checked(s3_url), pytest.raises(Unavailable, match="S3_ACCESS_KEY_ID") as caught:
        asyncio.run(connect().check())
    assert caught.value.code == "storage_refused"
    assert not _reveals(caught.value)


def test_the_check_tells_a_wrong_endpoint(connect: Connect) -> None:
    with pytest.raises(Unavailable, match="check S3_ENDPOINT") as caught:
        asyncio.run(connect(endpoint="http://[127.0.0.1").check())
    assert not _reveals(caught.value)


def test_amazon_needs_a_region() -> None:
    with pytest.raises(Invalid, match="region"):
        S3Store(bucket="b", access_key="a", secret_key="s", endpoint=None, region="auto")


def test_no_secret_is_shown(s3: S3Store) -> None:
    writer = asyncio.run(s3.open_writer("owner/object"))
    assert not any("hush" in repr(shown) or "AKID" in repr(shown) for shown in (s3, s3._bucket, writer, writer._upload))


def test_boto3_is_not_loaded_before_it_is_needed() -> None:
    program = "import sys, app.lib.blobs.s3; sys.exit('botocore' in sys.modules or 'boto3' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
