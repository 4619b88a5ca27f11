"""The clock, always in UTC. Code that decides by time takes `now` as an argument; only edges call these."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""What `rfc3339` gives, as a field's type."""


def utc_now() -> datetime:
    """The moment, aware, in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Today's date in UTC: as fine as anything about a person is ever stored."""
    return utc_now().date()


def rfc3339(moment: datetime) -> str:
    """`2026-11-21T09:30:00.123Z`: RFC 3339 in UTC with milliseconds."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
