"""Who serves a PostgreSQL cluster folder: read postmaster.pid, tell whether that process lives, end it.

Nothing is started here.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec

from app.errors import Unavailable

_PID_LINE, _SOCKET_LINE, _STATUS_LINE = 0, 4, 7
_POLL_SECONDS = 0.02
_QUIT_SECONDS = 10.0


class Postmaster(msgspec.Struct, frozen=True, kw_only=True):
    """What postmaster.pid says; it may be left over from a dead process (see `is_alive`)."""

    pid: int
    socket_dir: str
    is_ready: bool


def read(cluster: Path) -> Postmaster | None:
    """The postmaster named in the folder, or None. The lines' order is PostgreSQL's src/include/utils/pidfile.h."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[_PID_LINE]))
    except (FileNotFoundError, NotADirectoryError, PermissionError, IndexError, ValueError):
        return None
    return Postmaster(
        pid=pid,
        socket_dir=lines[_SOCKET_LINE] if len(lines) > _SOCKET_LINE else "",
        is_ready=len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready",
    )


def is_alive(pid: int, cluster: Path) -> bool:
    """Whether the process is a live postmaster of this very folder, and not something else that got its number.

    The command line tells: it is readable without privileges, and it is empty for a zombie nobody has reaped.
    """
    line = _command_line(pid)
    return "postgres" in line and f" -D {cluster} " in f"{line} "


def is_foreign(pid: int) -> bool:
    """Whether the number belongs to a live process (or a zombie) that is no PostgreSQL server at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return "postgres" not in _command_line(pid)


def end(pid: int, cluster: Path, *, timeout: float) -> None:
    """Stop the folder's postmaster, no child of ours: fast (SIGINT), after `timeout` seconds at once (SIGQUIT).

    Raises Unavailable when it still lives 10 s after that, or may not be signalled.
    """
    for number, seconds in ((signal.SIGINT, timeout), (signal.SIGQUIT, _QUIT_SECONDS)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise Unavailable(
                f"PostgreSQL (process {pid}) serves {cluster} for another user; stop it first."
            ) from error
        if _gone(pid, cluster, time.monotonic() + seconds):
            return
    raise Unavailable(f"PostgreSQL (process {pid}) serves {cluster} and does not stop; stop it first.")


def _gone(pid: int, cluster: Path, deadline: float) -> bool:
    while is_alive(pid, cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    found = subprocess.run(["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603 - a number of our own
    return found.stdout.decode(errors="replace").strip()
