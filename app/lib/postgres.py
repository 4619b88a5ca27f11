"""Embedded PostgreSQL: start, take over, watch and stop the server of one folder, as a child process of ours."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
import weakref
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from app.errors import Conflict, Unavailable
from app.lib import cluster, postmaster, system_user

_NAME = "restante"
_READY_SECONDS = 300.0  # recovery after a crash replays at most max_wal_size, also on a slow disk
_IN_USE_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.005
_RETRY_SECONDS = 0.1
_IN_USE = "pre-existing shared memory block"


class EmbeddedPostgres:
    """One cluster in `data_dir`, a folder for nothing else (mode 0700): `cluster/`, `log/`, `lock` and the socket.

    As root it belongs to, and runs as, another system user (see `system_user`). `durable=False` loses data when
    the machine crashes and is for tests alone.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._cluster = self.data_dir / "cluster"
        self._log_dir = self.data_dir / "log"
        self._socket_dir = cluster.socket_dir(self.data_dir)
        self._user: system_user.SystemUser | None = None
        self._lock: int | None = None
        self._starter = os.getpid()
        self._logged: dict[Path, int] = {}
        drop_copy = weakref.WeakMethod(self._close_lock)
        # A forked child must not hold the folder's lock: it may outlive us, and would keep the next program out.
        os.register_at_fork(after_in_child=lambda: (drop := drop_copy()) and drop())

    @property
    def dsn(self) -> str:
        """The connection string of the database `restante`, as its owner: no superuser, but may make databases."""
        return _dsn(str(self._socket_dir))

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self.process.pid if self.process and self.is_running() else None

    def poll(self) -> int | None:
        """None while the server runs, its exit code once it has ended (negative: a signal), 0 before any start."""
        return self.process.poll() if self.process else 0

    def is_running(self) -> bool:
        """Whether our postmaster lives; it may still be recovering."""
        return self.poll() is None

    def start(self) -> None:
        """Make the cluster if there is none, run the server, and return when the database `restante` can be used.

        A live server left by a killed program is stopped first. Raises Conflict when another program manages the
        folder, Unavailable when the server does not start (the reason is in the text). Does nothing when it runs.
        """
        if self.is_running():
            return
        self._user = system_user.for_database(self._cluster)
        cluster.ensure_private(self.data_dir, self._user)
        self._take_lock()
        try:
            self._take_over()
            self._prepare()
            self._run_until_ready()
            self._ensure_database()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Run the server again after it died, not waiting until it is ready: for a supervisor, once `start` was called.

        When it cannot start at all it dies again within moments, and `poll` says so.
        """
        environment = {}
        leftover = postmaster.read(self._cluster)
        if leftover and postmaster.is_foreign(leftover.pid):
            # The number was given to another process, as happens in containers. This makes PostgreSQL see it as stale,
            # while its own check for surviving children, by shared memory, still holds.
            environment["PG_GRANDPARENT_PID"] = str(leftover.pid)
        cluster.ensure_private(self._socket_dir, self._user)
        self._logged = {path: path.stat().st_size for path in self._log_dir.glob("postgres-*.log")}
        command = cluster.command(self._cluster, self._socket_dir, durable=self._durable)
        self._start_log.unlink(missing_ok=True)
        # Exclusive, because root must not follow a link that the database's user put there.
        with self._start_log.open("xb") as output:
            self.process = cluster.spawn(command, self._user, output, environment)

    def stop(self, timeout: float = _STOP_SECONDS) -> None:
        """End the server: fast (open transactions roll back), after `timeout` seconds at once: the next start recovers.

        Frees the folder for other programs. In a forked child of the program that started it, it does nothing.
        """
        if os.getpid() != self._starter:
            return
        if self.process:
            _end(self.process, timeout)
        if self._lock is not None and self._socket_dir != self.data_dir:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        self._close_lock()

    @property
    def _start_log(self) -> Path:
        return self._log_dir / "start.log"

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if self._user:
            os.fchown(lock, self._user.uid, self._user.gid)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise Conflict(f"Another program manages the database in {self.data_dir}; stop it first.") from error
        self._lock = lock
        self._starter = os.getpid()

    def _close_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_over(self) -> None:
        leftover = postmaster.read(self._cluster)
        if leftover and postmaster.is_alive(leftover.pid, self._cluster):
            postmaster.end(leftover.pid, self._cluster, timeout=_STOP_SECONDS)

    def _prepare(self) -> None:
        self._log_dir.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            system_user.let_search(self.data_dir, self._user)
            system_user.let_search(self._socket_dir, self._user)
            cluster.open_programs(self._user)
            for folder in (self._log_dir, self._cluster):
                if folder.exists() and folder.stat().st_uid != self._user.uid:
                    system_user.give(folder, self._user)
        if not self._cluster.exists():
            cluster.make(self._cluster, self._user, durable=self._durable)

    def _run_until_ready(self) -> None:
        begun = time.monotonic()
        while True:
            self.launch()
            if self._is_ready_before(begun + _READY_SECONDS):
                return
            reason = self._reason()
            # The children of a killed postmaster notice between two steps of their work.
            if _IN_USE not in reason or time.monotonic() > begun + _IN_USE_SECONDS:
                raise Unavailable(f"PostgreSQL does not start: {reason} (its log is {self._log_dir}).")
            time.sleep(_RETRY_SECONDS)

    def _is_ready_before(self, deadline: float) -> bool:
        """False when the server has died. Raises Unavailable when it is not ready by then."""
        while self.is_running():
            found = postmaster.read(self._cluster)
            if found and found.pid == self.pid and found.is_ready:
                return True
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL is not ready after {_READY_SECONDS:.0f} s (its log is {self._log_dir}).")
            time.sleep(_POLL_SECONDS)
        return False

    def _reason(self) -> str:
        """The last thing PostgreSQL said since its launch: at first in `start.log`, later in the day's log."""
        fatal = ""
        for path in (*self._log_dir.glob("postgres-*.log"), self._start_log):
            text = path.read_bytes()
            before = self._logged.get(path, 0)
            lines = text[before if before <= len(text) else 0 :].decode(errors="replace").splitlines()
            fatal = next((line for line in reversed(lines) if "FATAL:" in line or "PANIC:" in line), fatal)
        return fatal or f"it ended with code {self.poll()}"

    def _ensure_database(self) -> None:
        """Each step looks first, so that a start interrupted between them is completed by the next."""
        try:
            with psycopg.connect(_dsn(str(self._socket_dir), cluster.SUPERUSER), autocommit=True) as conn:
                if not conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [_NAME]).rowcount:
                    conn.execute("CREATE ROLE restante LOGIN CREATEDB IN ROLE pg_monitor")
                if not conn.execute("SELECT FROM pg_database WHERE datname = %s", [_NAME]).rowcount:
                    conn.execute("CREATE DATABASE restante OWNER restante")
        except psycopg.Error as error:
            raise Unavailable(f"PostgreSQL runs but cannot be used (its log is {self._log_dir}).") from error


def running_dsn(data_dir: Path) -> str | None:
    """The connection string when a server is ready in this folder, whoever started it; None when there is none."""
    place = data_dir.resolve() / "cluster"
    found = postmaster.read(place)
    if found and found.is_ready and postmaster.is_alive(found.pid, place):
        return _dsn(found.socket_dir)
    return None


def _dsn(socket_dir: str, name: str = _NAME) -> str:
    """For a role and the database of the same name."""
    return make_conninfo(host=socket_dir, port=cluster.PORT, dbname=name, user=name)


def _end(process: subprocess.Popen[bytes], timeout: float) -> None:
    for send, seconds in ((signal.SIGINT, timeout), (signal.SIGQUIT, _STOP_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        process.send_signal(send)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
