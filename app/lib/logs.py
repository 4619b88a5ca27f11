"""Log lines: one JSON object a line on stderr, made of an event name and ids, sizes, codes and reasons.

An exception is logged as its type and the place it was raised, never its text: the text may quote mail or an address.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import structlog

_LIBRARIES_THAT_QUOTE_PEERS = (
    "mail.log",
    "mail.debug",
    "uvicorn",
    "uvicorn.access",
    "procrastinate",
    "botocore",
    "asyncio",
)


def configure(*, role: str) -> None:
    """Set up structlog for this process and silence the libraries whose log lines carry addresses or texts.

    Call it once a process; `role` (`web`, `smtp`, `worker`, …) is a field of every line.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
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


def error_fields(error: BaseException) -> Mapping[str, str]:
    """What may be logged of an exception: its type, its cause's type and the innermost line of code, never a text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/site-packages/')[-1]}:{frames[-1].lineno}" if frames else "?"
    cause = {"cause": type(error.__cause__).__name__} if error.__cause__ is not None else {}
    return {"error": type(error).__name__, "at": place, **cause}


class _TypeOnly(logging.Handler):
    """Standard-library log records of libraries, reduced to who spoke, how loud, and the exception's type."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; the record's own text is left out because nobody can vouch for it."""
        fields: dict[str, Any] = {"library": record.name, "loudness": record.levelname}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= error_fields(record.exc_info[1])
        logger().warning("library_log", **fields)
