"""What a list of messages is narrowed to, as its address and its form say it. Pure: the alias is found elsewhere."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from app.core.messages.model import Filters
from app.errors import Invalid

_MAX_ALIAS_CHARS = 320


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form, checked. `until` is the last day shown; days are UTC."""

    unread: bool = False
    starred: bool = False
    files: bool = False
    alias: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Narrowing":
        """Out of an address; empty fields leave things open. Raises Invalid for days that are none."""
        return cls(
            unread=bool(query.get("unread")),
            starred=bool(query.get("starred")),
            files=bool(query.get("files")),
            alias=query.get("alias", "").strip()[:_MAX_ALIAS_CHARS],
            since=_day(query, "since"),
            until=_day(query, "until"),
        )

    @property
    def query(self) -> str:
        """The same as an address says it: `unread=1&since=2026-11-21`, or empty."""
        flags = [(name, "1") for name in ("unread", "starred", "files") if getattr(self, name)]
        texts = [("alias", self.alias), ("since", _text(self.since)), ("until", _text(self.until))]
        return urlencode([*flags, *((name, text) for name, text in texts if text)])

    def filters(self, alias_id: UUID | None) -> Filters:
        """What core filters by."""
        return Filters(
            is_read=False if self.unread else None,
            is_starred=True if self.starred else None,
            has_attachment=True if self.files else None,
            alias_id=alias_id,
            after=_midnight(self.since) if self.since else None,
            before=_midnight(self.until) + timedelta(days=1) if self.until else None,
        )


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name, "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.max
    if day is not None and day.year == date.max.year:
        raise Invalid.field(name, "Write days as in 2026-11-21.")
    return day


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
