"""The system user that PostgreSQL runs as when we are root (it refuses to be root), and that user's way to its files.

Nothing here does anything unless called as root, and nothing is opened wider than searching and reading programs.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.errors import Unavailable

_OWN_NAME = "restante-db"
_FALLBACKS = ("postgres", "nobody")
_USERADD_SECONDS = 30


class SystemUser(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers to run a process as."""

    uid: int
    gid: int


def for_database(existing: Path) -> SystemUser | None:
    """Who runs the database whose folder is `existing`: None when we are not root and so run it ourselves.

    A folder that already belongs to somebody else than root stays theirs. Otherwise it is `restante-db`, made when
    missing; where users cannot be made, `postgres` or `nobody`. Raises Unavailable when there is none of them.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return SystemUser(uid=owner.st_uid, gid=owner.st_gid)
    if not _named(_OWN_NAME):
        _make(_OWN_NAME)
    for name in (_OWN_NAME, *_FALLBACKS):
        if user := _named(name):
            return user
    raise Unavailable("PostgreSQL cannot run as root and no other user could be made; run this as an ordinary user.")


def give(folder: Path, user: SystemUser) -> None:
    """Make the folder and all in it the user's. The folder itself comes last, so an interrupted run starts over."""
    for path in _below(folder):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    os.chown(folder, user.uid, user.gid, follow_symlinks=False)


def let_search(path: Path, user: SystemUser) -> None:
    """Let the user pass through the parents of `path`: o+x on those that lack it, never reading.

    Raises Unavailable when a parent cannot be changed (a read-only disk).
    """
    for parent in path.parents:
        if parent.stat().st_uid != user.uid:
            _add_mode(parent, stat.S_IXOTH)


def let_run(program: Path, folders: list[Path]) -> None:
    """Let everybody read the programs, libraries and data in `folders`, in case a tight umask installed them.

    `program` stands for all: when others may read and run it nothing else is looked at.
    """
    if program.stat().st_mode & 0o005 == 0o005:  # noqa: PLR2004 - others: read and execute
        return
    for folder in folders:
        for path in (*_below(folder), folder):
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if runs else 0))


def _below(folder: Path) -> Iterator[Path]:
    for base, folders, files in os.walk(folder, topdown=False):
        yield from (Path(base, name) for name in (*files, *folders))


def _add_mode(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits == bits:
        return
    try:
        path.chmod(mode | bits)
    except OSError as error:
        raise Unavailable(f"The database's user cannot reach {path}; run `chmod o+x` on it.") from error


def _named(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(uid=entry.pw_uid, gid=entry.pw_gid)


def _make(name: str) -> None:
    """Try to; where it fails (no useradd, a read-only /etc) the fallbacks serve."""
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return
    arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command = [program, *arguments, "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, capture_output=True, check=False, timeout=_USERADD_SECONDS)  # noqa: S603 - constants
    except subprocess.TimeoutExpired:
        return
