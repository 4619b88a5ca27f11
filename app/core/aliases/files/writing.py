"""Aliases as CSV (RFC 4180, UTF-8): a line that names the columns, then a line each. Pure.

SimpleLogin and addy.io read `alias`, `note` and `description` out of it, and `reading` all of it.
"""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from uuid import UUID

from app.core.aliases.files.cells import defused
from app.core.aliases.model import Alias
from app.lib.times import rfc3339

MEDIA_TYPE = "text/csv; header=present"
"""Its text is UTF-8."""
COLUMNS = (
    "alias",
    "description",
    "site",
    "note",
    "category",
    "enabled",
    "when_disabled",
    "screening",
    "pinned",
    "archived",
    "expires_at",
    "message_limit",
    "idle_days",
    "messages",
    "last_received_on",
    "created_at",
    "deleted_on",
)


def header() -> bytes:
    """The first line."""
    return _lines([COLUMNS])


def lines(aliases: Iterable[Alias], category_names: Mapping[UUID, str]) -> bytes:
    """A line each, in their order."""
    return _lines(_cells(alias, category_names) for alias in aliases)


def _cells(alias: Alias, category_names: Mapping[UUID, str]) -> tuple[str, ...]:
    return (
        alias.address,
        alias.description,
        alias.site,
        alias.note,
        category_names.get(alias.category_id, "") if alias.category_id else "",
        _flag(alias.is_enabled),
        alias.when_disabled,
        alias.screening,
        _flag(alias.is_pinned),
        _flag(alias.is_archived),
        rfc3339(alias.expires_at) if alias.expires_at else "",
        str(alias.message_limit or ""),
        str(alias.idle_days or ""),
        str(alias.message_count),
        alias.last_received_on or "",
        rfc3339(alias.created_at),
        alias.deleted_on.isoformat() if alias.deleted_on else "",
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([defused(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
