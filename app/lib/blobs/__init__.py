"""Named byte objects: what every store can do. Knows nothing of mail, of accounts or of encryption."""

import re
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

_SEGMENT = r"[a-z0-9][a-z0-9._-]{0,99}"
_NAME = re.compile(f"{_SEGMENT}/{_SEGMENT}")
_PREFIX = re.compile(f"(?:{_SEGMENT}(?:/(?:{_SEGMENT})?)?)?")

CHUNK = 256 * 1024
"""About how many bytes `read` gives at a time."""


class BlobInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One stored object. `size` in bytes; `modified_at` in UTC, when its writing began or ended."""

    name: str
    size: int
    modified_at: datetime


class BlobWriter(Protocol):
    """One object on its way. Nothing of it can be read before `commit` returns.

    Used by one task at a time. Whoever opened it calls `commit` or `abort`, also when cancelled.
    """

    async def write(self, data: bytes) -> None:
        """Append. Waits while the store is slower than the caller. Raises Unavailable, also for an earlier write."""

    async def commit(self) -> None:
        """Make it durable and visible. Raises Unavailable: then it may be there or not, until `abort`."""

    async def abort(self) -> None:
        """Leave nothing behind. Does nothing after a commit that returned, and nothing the second time.

        Never raises: what a store out of reach keeps is removed by `sweep_partial`.
        """


class BlobStore(Protocol):
    """Objects by name. A name is `owner/object`, two segments of lower-case letters, digits, `.`, `_` and `-`.

    A name is meant to be written once. A bad name is a ValueError. Everything else raises Unavailable when the
    store does not do its work; its `code` says which of the faults in `faults.py` it was.
    """

    @property
    def presigns(self) -> bool:
        """Whether `presigned_url` gives links."""
        ...

    async def open_writer(self, name: str, *, content_type: str = "application/octet-stream") -> BlobWriter:
        """A writer for a new object; one of the same name is replaced at its commit."""

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `offset`, at most `length`, in chunks of about 256 KiB. Raises NotFound at the first chunk."""

    async def copy(self, source: str, target: str) -> None:
        """Copy one object inside the store. Raises NotFound."""

    async def delete(self, names: Sequence[str]) -> None:
        """Delete them all; those that are not there are fine."""

    def list(self, prefix: str = "") -> AsyncGenerator[BlobInfo, None]:
        """Every object whose name starts with `prefix`, in no particular order."""

    async def sweep_partial(self, *, older_than: datetime) -> int:
        """Remove what dead writers left behind, if begun before then (aware). Gives how many there were.

        The age has to exceed the longest time one writing may take: a day is plenty.
        """

    async def check(self) -> None:
        """Write, read and delete a probe. Raises Unavailable with a sentence for the operator: what to do."""

    async def check_clock(self) -> None:
        """Raises Unavailable, with a sentence for the operator, where this machine's clock would spoil the links."""

    def presigned_url(self, name: str, *, filename: str, content_type: str, expires_in: int) -> str | None:
        """A link by which anyone may download the object as an attachment for `expires_in` seconds (1 to 604800).

        None where the store cannot hand out links of its own. Does not look whether the object is there.
        """

    async def close(self) -> None:
        """Wait for the work under way and release threads and connections."""


def is_name(name: str) -> bool:
    """Whether a store takes it as a name. Other things in the same bucket or directory are not ours to touch."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """The name itself. Raises ValueError unless it is one a store takes; the text does not repeat it."""
    if not is_name(name):
        raise ValueError("a blob's name is two segments of [a-z0-9._-], such as <uuid>/<uuid>")
    return name


def check_prefix(prefix: str) -> str:
    """The prefix itself. Raises ValueError unless a name can start so."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a prefix is the beginning of a blob's name")
    return prefix


def check_range(offset: int, length: int | None) -> None:
    """Raises ValueError for a negative offset or length."""
    if offset < 0 or (length is not None and length < 0):
        raise ValueError("offset and length are never negative")
