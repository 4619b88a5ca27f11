"""What only files can do wrong: modes, full disks, half-made folders, the order of syncing."""

import asyncio
import errno
import os
import resource
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.lib.blobs import BlobStore, BlobWriter
from app.lib.blobs.local import LocalStore

Put = Callable[[BlobStore, str, bytes], Coroutine[None, None, None]]

MIB = bytes(1024 * 1024)


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def _write_on(writer: BlobWriter) -> None:
    for _ in range(10):
        await writer.write(MIB)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_only_the_owner_may_read(tmp_path: Path, put: Put) -> None:
    root = tmp_path / "deep" / "blobs"
    with _umask(0):
        store = LocalStore(root)
        asyncio.run(put(store, "owner/object", b"x"))
        asyncio.run(store.copy("owner/object", "owner/copy"))
        asyncio.run(store.close())
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in [root, *root.rglob("*")]}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_an_existing_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    asyncio.run(LocalStore(tmp_path).close())
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as caught:
        LocalStore(tmp_path / "file" / "blobs")
    assert caught.value.code == "storage_missing"
    assert str(tmp_path) not in str(caught.value)


def test_objects_outlive_the_process(tmp_path: Path, put: Put) -> None:
    async def read(store: LocalStore) -> list[bytes]:
        return [chunk async for chunk in store.read("owner/object")]

    first, second = LocalStore(tmp_path), LocalStore(tmp_path)
    asyncio.run(put(first, "owner/object", b"x"))
    assert asyncio.run(read(second)) == [b"x"]
    asyncio.run(first.close())
    asyncio.run(second.close())


def test_all_is_synced_in_order(local: LocalStore, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[int | str] = []
    fsync, replace = os.fsync, Path.replace

    def recorded_fsync(descriptor: int) -> None:
        events.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def recorded_replace(path: Path, target: Path) -> Path:
        events.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(Path, "replace", recorded_replace)
    asyncio.run(put(local, "owner/object", b"x"))
    file = next(tmp_path.rglob("object"))
    inodes = [path.stat().st_ino for path in (file, file.parent, file.parent.parent)]
    assert events == [inodes[0], "rename", *inodes[1:]]


def test_the_owners_folder_goes_with_the_last_object(local: LocalStore, put: Put, tmp_path: Path) -> None:
    asyncio.run(put(local, "owner/one", b"x"))
    asyncio.run(put(local, "owner/two", b"x"))
    asyncio.run(local.delete(["owner/one"]))
    assert [path.name for path in tmp_path.rglob("owner")] == ["owner"]
    asyncio.run(local.delete(["owner/two"]))
    assert list(tmp_path.rglob("owner")) == []


def test_a_folder_removed_while_placing_is_made_again(
    local: LocalStore, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def raced(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        target.parent.rmdir()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", raced)
    asyncio.run(put(local, "owner/object", b"x"))
    assert [Path(file).name for file in _files(tmp_path)] == ["object"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EDQUOT, "storage_full"),
        (errno.EACCES, "storage_refused"),
        (errno.EIO, "storage_failed"),
    ],
)
def test_a_failed_write_leaves_nothing(
    local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    write, calls = os.write, 0

    def filling(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise OSError(number, os.strerror(number), str(tmp_path))
        return write(descriptor, data)

    async def flow() -> None:
        monkeypatch.setattr(os, "write", filling)
        writer = await local.open_writer("owner/object")
        with pytest.raises(Unavailable) as caught:
            await _write_on(writer)
        assert _files(tmp_path) == []
        assert caught.value.code == code
        assert str(tmp_path) not in str(caught.value)
        assert caught.value.__suppress_context__
        with pytest.raises(Unavailable):
            await writer.commit()
        await writer.abort()
        assert _files(tmp_path) == []
        assert [info async for info in local.list()] == []

    asyncio.run(flow())


def test_a_disk_that_is_full_at_the_sync_leaves_nothing(
    local: LocalStore, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable):
        asyncio.run(put(local, "owner/object", b"x"))
    assert _files(tmp_path) == []


def test_a_real_limit_of_the_kernel(local: LocalStore, put: Put, tmp_path: Path) -> None:
    async def flow() -> None:
        await put(local, "owner/object", 3 * MIB)
        with _file_size_limit(2 * len(MIB) + 17):
            for work in (put(local, "owner/large", 5 * MIB), local.copy("owner/object", "owner/copy")):
                with pytest.raises(Unavailable) as caught:
                    await work
                assert caught.value.code == "storage_full"
            await put(local, "owner/small", MIB)
        assert [Path(file).name for file in _files(tmp_path)] == ["object", "small"]

    asyncio.run(flow())


def test_the_check_says_what_to_do(local: LocalStore, tmp_path: Path) -> None:
    with _file_size_limit(0), pytest.raises(Unavailable, match="free or add some space") as caught:
        asyncio.run(local.check())
    assert caught.value.code == "storage_full"
    (tmp_path / "blobs" / "partial").rmdir()
    with pytest.raises(Unavailable, match="mount its disk") as caught:
        asyncio.run(local.check())
    assert str(tmp_path) not in str(caught.value)


def test_a_write_cancelled_while_the_disk_is_slow_loses_nothing(local: LocalStore, tmp_path: Path) -> None:
    async def flow() -> bytes:
        writer = await local.open_writer("owner/object")
        pieces = [bytes([number]) * len(MIB) for number in range(8)]
        for piece in pieces:
            write = asyncio.ensure_future(writer.write(piece))
            await asyncio.sleep(0)
            write.cancel()
            await asyncio.wait([write])
        await writer.commit()
        assert b"".join([chunk async for chunk in local.read("owner/object")]) == b"".join(pieces)
        return b"".join(pieces)

    assert len(asyncio.run(flow())) == 8 * len(MIB)
    assert len(_files(tmp_path)) == 1


def test_only_old_leftovers_are_swept(local: LocalStore, tmp_path: Path) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    for name, age in (("old", 25), ("new", 23)):
        path = tmp_path / "blobs" / "partial" / name
        path.touch()
        moment = (now - timedelta(hours=age)).timestamp()
        os.utime(path, (moment, moment))
    assert asyncio.run(local.sweep_partial(older_than=now - timedelta(hours=24))) == 1
    assert _files(tmp_path) == ["blobs/partial/new"]


def test_files_of_others_are_not_listed(local: LocalStore, put: Put, tmp_path: Path) -> None:
    async def names() -> list[str]:
        return [info.name async for info in local.list()]

    asyncio.run(put(local, "owner/object", b"x"))
    (next(tmp_path.rglob("owner")) / ".DS_Store").touch()
    assert asyncio.run(names()) == ["owner/object"]


def test_there_are_no_links(local: LocalStore) -> None:
    store: BlobStore = local
    assert store.presigned_url("owner/object", filename="a", content_type="text/plain", expires_in=60) is None
