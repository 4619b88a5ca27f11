import ast
import io
import json
import logging
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from app.errors import Unavailable
from app.lib import daily, logs
from app.lib.times import utc_today

CANARY = "ada@secret.example wrote: hello"


def fail() -> None:
    raise ValueError(CANARY)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What this process writes to stderr once its logs are set up."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs._LIBRARIES_THAT_QUOTE_PEERS}
    root.handlers[:] = []  # or they would be closed, pytest's own among them
    logs.configure(role="test")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    assert CANARY not in written.getvalue()
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_role_level_and_time(configured: io.StringIO) -> None:
    logs.logger().info("smtp_data", size=7)
    logs.logger().error("two\nlines", count=None, reason="over_quota")
    first, second = lines(configured)
    moment = first.pop("timestamp")
    assert moment.endswith("Z")
    assert first == {"event": "smtp_data", "size": 7, "role": "test", "level": "info"}
    second.pop("timestamp")
    assert second == {"event": logs.WITHHELD, "count": None, "reason": "over_quota", "role": "test", "level": "error"}


def test_what_is_not_listed_or_no_single_word_is_left_out(configured: io.StringIO) -> None:
    values = {"reason": CANARY, "name": "ada@secret.example", "at": "app/x.py:7", "size": 7.5, "subject": "hello"}
    logs.logger().info("smtp_data", **values)
    (line,) = lines(configured)
    assert line["reason"] == line["name"] == logs.WITHHELD
    assert (line["at"], line["size"]) == ("app/x.py:7", 7.5)
    assert line.keys() == {"event", "level", "role", "timestamp", "reason", "name", "at", "size"}


def test_all_that_the_code_logs_is_listed() -> None:
    """A field that is not listed would be left out without a word."""
    app = Path(logs.__file__).parents[1]
    calls = [
        node
        for path in app.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_logger(node.func.value)
    ]
    named = {word.arg for call in calls for word in call.keywords if word.arg}
    assert len(calls) > 30
    assert named <= logs.FIELDS
    with pytest.raises(ValueError, match="hello") as caught:
        fail()
    assert logs.error_fields(caught.value).keys() <= logs.FIELDS


def _is_logger(node: ast.expr) -> bool:
    """`logger()`, however it is reached."""
    name = node.func if isinstance(node, ast.Call) else node
    return getattr(name, "id", getattr(name, "attr", "")) == "logger"


def test_lines_go_into_a_file_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: io.StringIO) -> None:
    folder = tmp_path / "logs"
    logs.configure(role="test", folder=folder)
    logs.logger().info("first")
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]
    today = utc_today()
    (folder / "other.log").touch()
    (folder / f"access-{today - timedelta(days=30)}.log").touch()
    for age in range(1, 20):
        monkeypatch.setattr(daily, "utc_today", lambda age=age: today + timedelta(days=age))
        logs.logger().info("later")
    kept = sorted(path.name for path in folder.iterdir())
    days = [today + timedelta(days=age) for age in range(10, 20)]
    others = ["other.log", f"access-{today - timedelta(30)}.log"]
    assert kept == sorted([f"restante-{day}.log" for day in days] + others)
    assert [json.loads(line)["event"] for line in (folder / f"restante-{days[-1]}.log").read_text().splitlines()] == [
        "later"
    ]
    assert configured.getvalue() == ""


@pytest.mark.usefixtures("configured")
def test_a_folder_that_cannot_be_written_leaves_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    logs.configure(role="test", folder=tmp_path / "file")
    logs.logger().info("smtp_data", size=7)
    assert json.loads(capsys.readouterr().err)["event"] == "smtp_data"


def test_requests_are_told_to_the_minute(tmp_path: Path) -> None:
    log = logs.access_logger(tmp_path)
    log.info("http_request", method="GET", route="/messages/{message_id:uuid}", status=200, ms=3, bytes=9, path="/x")
    (path,) = tmp_path.iterdir()
    line = json.loads(path.read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", line.pop("timestamp"))
    wanted = {"event": "http_request", "method": "GET", "route": "/messages/{message_id:uuid}", "status": 200}
    assert line == wanted | {"ms": 3, "bytes": 9}


def test_an_error_is_its_type_and_place_and_never_its_text() -> None:
    with pytest.raises(ValueError, match="hello") as caught:
        fail()
    fields = logs.error_fields(caught.value)
    assert fields["error"] == "ValueError"
    assert fields["at"].rpartition(":")[0].endswith("tests/lib/test_logs.py")
    assert CANARY not in str(fields)
    assert logs.error_fields(KeyError(CANARY)) == {"error": "KeyError", "at": "?"}


def test_an_error_of_ours_tells_the_type_of_what_caused_it() -> None:
    error = Unavailable(CANARY)
    error.__cause__ = ValueError(CANARY)
    fields = logs.error_fields(error)
    assert (fields["error"], fields["cause"]) == ("Unavailable", "ValueError")
    assert CANARY not in str(fields)


def test_a_place_in_a_library_is_told_without_where_it_is_installed() -> None:
    with pytest.raises(psycopg.Error) as caught:
        psycopg.conninfo.make_conninfo(f"not a dsn {CANARY}")
    fields = logs.error_fields(caught.value)
    assert fields["at"].startswith("psycopg/")


@pytest.mark.parametrize("name", ["asyncio", "mail.log", "uvicorn.error", "some.library", "procrastinate.worker"])
def test_what_libraries_say_loses_its_text(configured: io.StringIO, name: str) -> None:
    library = logging.getLogger(name)
    library.info(CANARY)
    library.error("%s", CANARY)
    try:
        fail()
    except ValueError:
        library.exception(CANARY)
    plain, raised = lines(configured)
    assert (plain["event"], plain["library"], plain["loudness"]) == ("library_log", name, "ERROR")
    assert "error" not in plain
    assert raised["error"] == "ValueError"


@pytest.mark.parametrize("name", logs._LIBRARIES_THAT_QUOTE_PEERS)
def test_libraries_that_quote_peers_only_report_errors(configured: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning(CANARY)
    assert lines(configured) == []
