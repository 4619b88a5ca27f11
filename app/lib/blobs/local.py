"""Objects as files under one directory, for one machine. Every byte is on the disk before a commit returns."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from uuid import uuid4

from app.errors import NotFound, Unavailable
from app.lib.blobs import CHUNK, BlobInfo, check_name, check_prefix, check_range, is_name
from app.lib.blobs.faults import Fault, probe, unavailable
from app.lib.blobs.threads import Threads, result

_COLLECT = 1024 * 1024
_WRITE_BACK = 8 * 1024 * 1024
"""Bytes after which the disk is told to begin, so that little is left to wait for at the end."""
_THREADS = 4
_FANS = 256
_LISTED_AT_ONCE = 1000
_PLACING_ATTEMPTS = 10
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600

_FAULTS: dict[int, Fault] = {
    errno.ENOSPC: "storage_full",
    errno.EDQUOT: "storage_full",
    errno.EFBIG: "storage_full",
    errno.EACCES: "storage_refused",
    errno.EPERM: "storage_refused",
    errno.EROFS: "storage_refused",
    errno.ENOENT: "storage_missing",
    errno.ENOTDIR: "storage_missing",
}
_ADVICE: dict[Fault, str] = {
    "storage_full": "The disk of the data directory is full, or its quota is used up: free or add some space.",
    "storage_refused": "The data directory cannot be written to: give the user who runs this process its ownership.",
    "storage_missing": "The data directory has vanished: mount its disk or restore it, and start again.",
    "storage_unreachable": "The data directory does not answer: look at its disk or network share.",
    "storage_failed": "The disk of the data directory reports errors: look at the system's log and at the disk.",
}


class LocalStore:
    """A BlobStore below `root`, made with mode 0700 if need be. Raises Unavailable where that cannot be done.

    Objects are at `objects/<hash of the owner>/<owner>/<object>`; what is being written is in `partial`.
    """

    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._partial = root / "partial"
        self._threads = Threads("blobs-local", size=_THREADS)
        with _disk_errors():
            root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            root.chmod(_PRIVATE_FOLDER)
            for folder in (self._partial, self._objects, *(self._objects / f"{fan:02x}" for fan in range(_FANS))):
                folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            for folder in (self._objects, root):
                _sync_folder(folder)

    @property
    def presigns(self) -> bool:
        """Files have no address of their own."""
        return False

    async def open_writer(self, name: str, *, content_type: str = "application/octet-stream") -> "LocalWriter":
        """See BlobStore. The content type is not kept: nobody but us reads these files."""
        del content_type
        return LocalWriter(_NewFile(self._partial / uuid4().hex, self._path(name)), self._threads)

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """See BlobStore."""
        check_range(offset, length)
        return self._threads.iterate(_chunks(self._path(name), offset, length))

    async def copy(self, source: str, target: str) -> None:
        """See BlobStore. A real copy: a hard link would share the date by which orphans are found."""
        await self._threads.run(self._copy, self._path(source), self._path(target))

    async def delete(self, names: Sequence[str]) -> None:
        """See BlobStore."""
        await self._threads.run(_remove, [self._path(name) for name in names])

    async def list(self, prefix: str = "") -> AsyncGenerator[BlobInfo, None]:
        """See BlobStore."""
        async for infos in self._threads.iterate(self._listed(check_prefix(prefix))):
            for info in infos:
                yield info

    async def sweep_partial(self, *, older_than: datetime) -> int:
        """See BlobStore. A file counts from its last write."""
        return await self._threads.run(_sweep, self._partial, older_than.timestamp())

    async def check(self) -> None:
        """See BlobStore."""
        await probe(self, _ADVICE)

    async def check_clock(self) -> None:
        """See BlobStore. Files know no other clock."""

    def presigned_url(self, name: str, *, filename: str, content_type: str, expires_in: int) -> None:
        """None: files have no address of their own."""

    async def close(self) -> None:
        """See BlobStore."""
        await self._threads.close()

    def _folder(self, owner: str) -> Path:
        # By hash, because the first digits of UUIDv7 are the time: they would all fall into one folder.
        return self._objects / hashlib.blake2b(owner.encode(), digest_size=1).hexdigest() / owner

    def _path(self, name: str) -> Path:
        owner, _, leaf = check_name(name).partition("/")
        return self._folder(owner) / leaf

    def _copy(self, source: Path, target: Path) -> None:
        new = _NewFile(self._partial / uuid4().hex, target)
        new.fill_from(source)
        new.publish(())

    def _listed(self, prefix: str) -> Generator[Sequence[BlobInfo], None, None]:
        infos = self._infos(prefix)
        while batch := list(islice(infos, _LISTED_AT_ONCE)):
            yield batch

    def _infos(self, prefix: str) -> Iterator[BlobInfo]:
        owner, slash, leaf = prefix.partition("/")
        with _disk_errors():
            for folder in [self._folder(owner)] if slash else self._owners(owner):
                for entry in _entries(folder):
                    if entry.name.startswith(leaf):
                        yield from _info(folder.name, entry)

    def _owners(self, prefix: str) -> Iterator[Path]:
        for fan in _entries(self._objects):
            yield from (Path(owner.path) for owner in _entries(Path(fan.path)) if owner.name.startswith(prefix))


class LocalWriter:
    """Collects about 1 MiB, and has one such write under way while the next is collected."""

    def __init__(self, file: "_NewFile", threads: Threads) -> None:
        self._file = file
        self._threads = threads
        self._collected: list[bytes] = []
        self._size = 0
        self._job: Future[None] | None = None
        self._discarding: Future[None] | None = None
        self._is_over = False

    async def write(self, data: bytes) -> None:
        """See BlobWriter."""
        self._require_open()
        self._collected.append(data)
        self._size += len(data)
        if self._size >= _COLLECT:
            await self._settle()
            full, self._collected, self._size = self._collected, [], 0
            self._job = self._threads.start(self._file.append, full)

    async def commit(self) -> None:
        """See BlobWriter."""
        self._require_open()
        await self._settle()
        self._job = self._threads.start(self._file.publish, self._collected)
        await self._settle()
        self._is_over = True

    async def abort(self) -> None:
        """See BlobWriter."""
        if not self._is_over and self._job is not None:
            self._discarding = self._threads.start(self._discard, self._job)
        self._is_over = True
        if self._discarding is not None:
            await result(self._discarding)

    def _require_open(self) -> None:
        if self._is_over:
            raise RuntimeError("this writer is closed")

    async def _settle(self) -> None:
        if self._job is not None:
            await result(self._job)

    def _discard(self, job: Future[None]) -> None:
        if not job.cancel():
            job.exception()
        with suppress(Unavailable):
            self._file.discard()


class _NewFile:
    """One file on its way from `partial` to its place. Blocking; used by one thread at a time."""

    def __init__(self, path: Path, target: Path) -> None:
        self._path = path
        self._target = target
        self._descriptor: int | None = None
        self._is_placed = False
        self._waiting = 0

    def append(self, collected: Iterable[bytes]) -> None:
        with self._failing():
            descriptor = self._opened()
            for data in collected:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                self._waiting += len(data)
            if self._waiting >= _WRITE_BACK:
                _begin_to_write_back(descriptor)
                self._waiting = 0

    def fill_from(self, source: Path) -> None:
        with self._failing(), _existing(source) as file, os.fdopen(self._opened(), "wb", closefd=False) as target:
            shutil.copyfileobj(file, target, _COLLECT)

    def publish(self, rest: Iterable[bytes]) -> None:
        self.append(rest)
        with self._failing():
            os.fsync(self._opened())
            self._close()
            self._place()

    def discard(self) -> None:
        with _disk_errors():
            self._close()
            self._path.unlink(missing_ok=True)
            if self._is_placed:
                _remove([self._target])

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _place(self) -> None:
        for _ in range(_PLACING_ATTEMPTS):
            self._target.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            # A delete elsewhere removes an owner's folder that is empty, as this one may be until the rename.
            with suppress(FileNotFoundError):
                self._path.replace(self._target)
                self._is_placed = True
                break
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        _sync_folder(self._target.parent)
        _sync_folder(self._target.parent.parent)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Gives the space back at once when a step fails: a full disk should not stay full."""
        try:
            with _disk_errors():
                yield
        except Unavailable:
            with suppress(Unavailable):
                self.discard()
            raise


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unavailable(_FAULTS.get(error.errno or 0, "storage_failed")) from None


def _chunks(path: Path, offset: int, length: int | None) -> Generator[bytes, None, None]:
    left = sys.maxsize if length is None else length
    with _disk_errors(), _existing(path) as file:
        file.seek(offset)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _existing(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise NotFound from None


def _remove(paths: Iterable[Path]) -> None:
    owners = set()
    with _disk_errors():
        for path in paths:
            path.unlink(missing_ok=True)
            owners.add(path.parent)
    for owner in owners:
        # An owner's name should not outlive the last of its objects.
        with suppress(OSError):
            owner.rmdir()


def _sweep(partial: Path, before: float) -> int:
    count = 0
    with _disk_errors():
        for entry in _entries(partial):
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < before:
                    Path(entry.path).unlink()
                    count += 1
    return count


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return


def _info(owner: str, entry: os.DirEntry[str]) -> Iterator[BlobInfo]:
    name = f"{owner}/{entry.name}"
    with suppress(FileNotFoundError):
        status = entry.stat()
        if is_name(name):
            modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
            yield BlobInfo(name=name, size=status.st_size, modified_at=modified_at)


def _begin_to_write_back(descriptor: int) -> None:
    """Without waiting for it. Linux does so with pages that are said not to be needed (posix_fadvise(2))."""
    if sys.platform == "linux":
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
