"""Starting and stopping the service, with small scripts in the place of its command."""

import os
import stat
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bench import measure, service

WHOLE = f"""#!/bin/sh
case "$1" in
serve) exec {sys.executable} -c '
import os, signal
from http.server import BaseHTTPRequestHandler, HTTPServer
class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
HTTPServer(("127.0.0.1", int(os.environ["RESTANTE_HTTP"].split(":")[1])), Ready).serve_forever()' ;;
account) read -r password && test "$3" = bench && test "$RESTANTE_MAIL_DOMAINS" = bench.test && echo '{{}}' ;;
alias) echo "{{\\"alias_id\\": \\"1\\", \\"email\\": \\"$3\\"}}" ;;
key) echo '{{"key_id": "1", "key": "secret"}}' ;;
esac
"""
ENDS = "#!/bin/sh\necho no disk left >&2\nexit 3\n"


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    command = folder / "restante"
    command.write_text(script)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(service, "COMMAND", command)


def test_a_service_is_started_set_up_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path, WHOLE)
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/")
    with service.running() as running:
        assert running.recipients == tuple(f"u{number}@bench.test" for number in range(20))
        assert running.key == "secret"
        assert measure.usage(running.family)[measure.SERVER].processes == 1
        environ = Path(f"/proc/{running.family.root}/environ").read_bytes().split(b"\0")
        assert not [line for line in environ if line.startswith(b"DATABASE_URL")]
    assert running.family.folder is not None
    assert not running.family.folder.exists()
    assert measure.usage(running.family)[measure.SERVER].processes == 0
    with pytest.raises(OSError, match="refused"):
        HTTPConnection(running.host, running.http_port).connect()


def test_a_service_that_ends_is_told_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path, ENDS)
    with pytest.raises(service.ServiceFailed, match="ended with 3:\nno disk left"), service.running():
        os.abort()


def test_a_command_that_fails_is_told_and_the_service_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path, WHOLE.replace("key) echo", "key) echo no such account >&2; exit 4; echo"))
    told = "key create --account bench` ended with 4:\nno such account"
    with pytest.raises(service.ServiceFailed, match=told), service.running():
        os.abort()
