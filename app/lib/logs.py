"""Log lines: one JSON object a line on stderr or in a file a day, made of an event name and ids, sizes, codes, reasons.

An exception is logged as its type and the place it was raised, never its text: the text may quote mail or an address.
Fields that `FIELDS` does not list, and texts that are no single word, are left out, whoever hands them over.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

from app.lib.daily import DailyFile

_LIBRARIES_THAT_QUOTE_PEERS = (
    "mail.log",
    "mail.debug",
    "uvicorn",
    "uvicorn.access",
    "procrastinate",
    "botocore",
    "asyncio",
)


FIELDS = frozenset(
    {
        "account_id",
        "at",
        "bytes",
        "cause",
        "code",
        "connections_left",
        "copies",
        "count",
        "damaged",
        "error",
        "event",
        "grace",
        "held",
        "level",
        "library",
        "loudness",
        "method",
        "ms",
        "name",
        "pid",
        "reason",
        "restart_in",
        "role",
        "route",
        "rule",
        "size",
        "state",
        "status",
        "step",
        "timestamp",
        "turned",
        "webhook_id",
    }
)
"""All that a line may hold: nothing of a message or of what a user wrote, no address, and no IP of a peer."""
WITHHELD = "(withheld)"
_WORD = re.compile(r"[\w.:/{}<>()?+-]{0,200}\Z", re.ASCII)
"""Ids, codes, names of types, places in the code, routes: no space and no @ is in any of them."""
_NAME, _ACCESS_NAME = "restante", "access"

Line = MutableMapping[str, Any]


def configure(*, role: str, folder: Path | None = None) -> None:
    """Set up structlog for this process and silence the libraries whose log lines carry addresses or texts.

    Call it once a process; `role` (`web`, `smtp`, `worker`, …) is a field of every line. With a folder, lines go into
    its file of the day, else to stderr.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=_out(folder, _NAME)),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(role=role)
    logging.basicConfig(handlers=[_TypeOnly()], level=logging.WARNING, force=True)
    for name in _LIBRARIES_THAT_QUOTE_PEERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def logger() -> structlog.typing.FilteringBoundLogger:
    """The logger of this process."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return bound


def access_logger(folder: Path | None = None) -> structlog.typing.FilteringBoundLogger:
    """A logger for requests alone: its times are to the minute, and with a folder it has a file of its own."""
    bound: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(_out(folder, _ACCESS_NAME)),
        processors=[
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%MZ", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(),
        ],
    )
    return bound


def error_fields(error: BaseException) -> Mapping[str, str]:
    """What may be logged of an exception: its type, its cause's type and the innermost line of code, never a text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/site-packages/')[-1]}:{frames[-1].lineno}" if frames else "?"
    cause = {"cause": type(error.__cause__).__name__} if error.__cause__ is not None else {}
    return {"error": type(error).__name__, "at": place, **cause}


def _out(folder: Path | None, name: str) -> TextIO:
    return sys.stderr if folder is None else DailyFile(folder, name)  # type: ignore[return-value]


def _only_listed(_logger: object, _method: str, line: Line) -> Line:
    return {name: _word(value) for name, value in line.items() if name in FIELDS}


def _word(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if _WORD.match(text) else WITHHELD


class _TypeOnly(logging.Handler):
    """Standard-library log records of libraries, reduced to who spoke, how loud, and the exception's type."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; the record's own text is left out because nobody can vouch for it."""
        fields: dict[str, Any] = {"library": record.name, "loudness": record.levelname}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= error_fields(record.exc_info[1])
        logger().warning("library_log", **fields)
