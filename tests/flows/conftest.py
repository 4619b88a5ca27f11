"""The whole product as its users start it: `restante serve` in a folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.lib.listener import bind_listener

RESTANTE = Path(sys.executable).with_name("restante")
PASSWORD = "correct horse battery"
_READY_SECONDS = 60


class Restante:
    """One `restante serve`; it may be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        with bind_listener("127.0.0.1", 0) as web, bind_listener("127.0.0.1", 0) as smtp:
            self.http_port, self.smtp_port = web.getsockname()[1], smtp.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.http_port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RESTANTE_", "S3_"))}
        self.environ = kept | {
            "RESTANTE_DATA_DIR": str(folder / "data"),
            "RESTANTE_HTTP": f"127.0.0.1:{self.http_port}",
            "RESTANTE_SMTP": f"127.0.0.1:{self.smtp_port}",
            "RESTANTE_MAIL_DOMAINS": "flow.test",
            "RESTANTE_WEB_PROCESSES": "1",
            "RESTANTE_SMTP_PROCESSES": "2",
            "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "RESTANTE_ACCESS_LOG": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([RESTANTE, "serve"], env=self.environ, stdout=log, stderr=log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def command(self, *words: str, stdin: str = "") -> Any:  # noqa: ANN401 - whatever JSON the command prints
        done = subprocess.run(
            [RESTANTE, *words, "--json"], env=self.environ, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def events(self) -> list[dict[str, Any]]:
        """The log's lines so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def running() -> Iterator[Restante]:
    """A service that has just been started, and is gone afterwards with all that it kept."""
    # Not pytest's own folder: as root, Postgres runs as another user, who may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="restante-flow-"))
    service = Restante(folder)
    try:
        service.start()
        yield service
    finally:
        service.stop()
        shutil.rmtree(folder)


@pytest.fixture
def restante() -> Iterator[Restante]:
    with running() as service:
        yield service
