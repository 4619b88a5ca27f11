import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import structlog

from app.errors import Unavailable
from app.lib import logs

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
    logs.logger().error("two\nlines")
    first, second = lines(configured)
    moment = first.pop("timestamp")
    assert moment.endswith("Z")
    assert first == {"event": "smtp_data", "size": 7, "role": "test", "level": "info"}
    assert second["event"] == "two\nlines"


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
