"""A key for each account, in a file of its own and apart from the database: deleting it shreds what backups still hold.

Whatever the instance holds of an account is under this key, too. A copy of the database from before the account was
deleted opens nothing without it, not even with the instance key.
"""

import os
from contextlib import suppress
from pathlib import Path
from time import time
from uuid import UUID

from app.errors import CannotOpen

_SIZE = 32
_DAY = 86_400
_MOST_REMEMBERED = 20_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class AccountKeys:
    """The files in one folder (mode 0700), each the key of the account it is named after, 32 random bytes."""

    __slots__ = ("_folder", "_known")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[UUID, bytes] = {}

    def __repr__(self) -> str:
        return "AccountKeys(…)"

    def get(self, account_id: UUID) -> bytes:
        """The account's key; empty where it has none, as accounts have that were made before there were such keys.

        Read once, then remembered. Raises CannotOpen for a damaged file.
        """
        key = self._known.get(account_id)
        if key is None:
            try:
                key = self._path(account_id).read_bytes()
            except FileNotFoundError:
                return b""
            if len(key) != _SIZE:
                raise CannotOpen
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[account_id] = key
        return key

    def make(self, account_id: UUID) -> None:
        """A key for a new account, on the disk when this returns. Raises FileExistsError, OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(self._path(account_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(opened, os.urandom(_SIZE))
            midnight = time() // _DAY * _DAY
            os.utime(opened, (midnight, midnight))  # what is copied with it says the day of joining, not the time
            os.fsync(opened)
        finally:
            os.close(opened)
        self._sync_folder()

    def destroy(self, account_id: UUID) -> None:
        """Overwrite the key and delete its file, for ever; one that is gone is fine. Raises OSError.

        What a file system or a disk keeps of overwritten blocks is beyond this.
        """
        self._known.pop(account_id, None)
        with suppress(FileNotFoundError):
            opened = os.open(self._path(account_id), os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(opened, bytes(_SIZE))
                os.fsync(opened)
            finally:
                os.close(opened)
            self._path(account_id).unlink()
            self._sync_folder()

    def _path(self, account_id: UUID) -> Path:
        return self._folder / str(account_id)

    def _sync_folder(self) -> None:
        opened = os.open(self._folder, _DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
