"""Starts the service for a run, by its own command line, in a folder of its own, and stops it again."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.measure import Family

COMMAND = Path(sys.executable).with_name("restante")
DOMAIN = "bench.test"
LOGIN = "bench"
PASSWORD = "correct horse battery staple bench"
ALIASES = 20
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
LOG_TAIL = 3000


class ServiceFailed(Exception):
    """The service or one of its commands did not do as it should; the text holds the end of what it said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A running service with one account, `bench`, and its 20 aliases."""

    host: str
    http_port: int
    smtp_port: int
    recipients: tuple[str, ...]
    key: str
    family: Family
    environ: Mapping[str, str]
    """What the service was started with."""


@contextmanager
def running(kept: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Start the service in a temporary folder, or in one that is kept for the next run, and stop it at the end.
    `settings` are more of its environment.

    Raises ServiceFailed if it is not ready within 60 s, or does not stop within 30.
    """
    with tempfile.TemporaryDirectory(prefix="restante-bench-") if kept is None else nullcontext(kept) as name:
        folder = Path(name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        http_port, smtp_port = _free_ports()
        environ = _environ(folder, http_port, smtp_port) | dict(settings or {})
        with (folder / "log").open("w+b") as log:
            process = subprocess.Popen(
                [COMMAND, "serve"], env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
            try:
                _wait_until_ready(process, folder / "log", http_port)
                recipients, key = _account(folder / "account.json", environ)
                yield Service(
                    host="127.0.0.1",
                    http_port=http_port,
                    smtp_port=smtp_port,
                    recipients=recipients,
                    key=key,
                    family=Family(root=process.pid, folder=folder),
                    environ=environ,
                )
            finally:
                _stop(process, folder / "log")


def child(service: Service, role: str) -> int:
    """The id of the first process of this role (`web`, `smtp`, `worker`), as the service's log tells it."""
    assert service.family.folder is not None
    for line in (service.family.folder / "log").read_text().splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "child_started" and str(event["name"]).startswith(role):
            return int(event["pid"])
    raise ServiceFailed(f"the log names no {role} process")


def _environ(folder: Path, http_port: int, smtp_port: int) -> dict[str, str]:
    """The caller's environment without what would point the service elsewhere."""
    foreign = ("RESTANTE_", "S3_", "DATABASE_URL", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "RESTANTE_DATA_DIR": str(folder / "data"),
        "RESTANTE_HTTP": f"127.0.0.1:{http_port}",
        "RESTANTE_SMTP": f"127.0.0.1:{smtp_port}",
        "RESTANTE_MAIL_DOMAINS": DOMAIN,
        "RESTANTE_API_RATE": "10000000",
    }


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _is_ready(port):
        if process.poll() is not None:
            raise ServiceFailed(f"`restante serve` ended with {process.returncode}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServiceFailed(f"`restante serve` was not ready after {START_TIMEOUT:.0f} s:\n{_tail(log)}")
        time.sleep(0.05)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _account(kept: Path, environ: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """(The aliases' addresses, the key) of the account, which is made when nothing was kept of it."""
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(_set_up(environ)))
    recipients, key = json.loads(kept.read_text())
    return tuple(recipients), key


def _set_up(environ: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """One account, its aliases and an API key: (the aliases' addresses, the key)."""
    _command(environ, "account", "create", LOGIN, "--password-stdin", stdin=PASSWORD + "\n")
    wanted = [f"u{number}@{DOMAIN}" for number in range(ALIASES)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda name: _command(environ, "alias", "create", name, "--account", LOGIN), wanted)
        recipients = tuple(alias["email"] for alias in made)
    return recipients, _command(environ, "key", "create", "--account", LOGIN)["key"]


def _command(environ: Mapping[str, str], *words: str, stdin: str = "") -> dict[str, str]:
    """Run one command with --json; gives the object it prints."""
    done = subprocess.run(
        [COMMAND, *words, "--json"], env=environ, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise ServiceFailed(f"`restante {' '.join(words)}` ended with {done.returncode}:\n{done.stderr[-LOG_TAIL:]}")
    printed: dict[str, str] = json.loads(done.stdout)
    return printed


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise ServiceFailed(f"`restante serve` did not stop within {STOP_TIMEOUT:.0f} s:\n{_tail(log)}") from None


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:]
