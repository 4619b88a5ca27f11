"""Dates as people read them, always in UTC: without scripts a server cannot know the reader's time zone."""

from datetime import UTC, date, datetime

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def iso(at: datetime) -> str:
    """`2026-11-21T09:30:00Z`, for the attribute of <time>."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(at: datetime) -> str:
    """`Saturday 21 November 2026, 09:30 UTC`."""
    utc = at.astimezone(UTC)
    return f"{weekday(utc)}, {utc:%H:%M} UTC"


def weekday(at: datetime) -> str:
    """`Saturday 21 November 2026`, the day that `at` itself says."""
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def short(at: datetime, now: datetime) -> str:
    """`09:30` today, `21 Nov` this year, else `21 Nov 2026`."""
    utc, today = at.astimezone(UTC), now.astimezone(UTC)
    if utc.date() == today.date():
        return f"{utc:%H:%M}"
    day = f"{utc.day} {_MONTHS[utc.month - 1][:3]}"
    return day if utc.year == today.year else f"{day} {utc.year}"


def day(text: str) -> str:
    """`21 November 2026` out of `2026-11-21`."""
    on = date.fromisoformat(text)
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
