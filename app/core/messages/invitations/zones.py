"""Which zone a TZID means, and what its clocks show in UTC.

Zones are never kept from one message to the next: a sender may call any rules by any name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

ToUtc = Callable[[datetime], datetime]

MAX_OBSERVANCES = 100
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)\Z")


class Observance(msgspec.Struct, frozen=True, kw_only=True):
    """Standard or summer time of a VTIMEZONE (RFC 5545 section 3.6.5): from when on, and the offset it brings."""

    start: datetime
    offset_from: timedelta
    offset_to: timedelta
    rule: Mapping[str, str]
    """Of its RRULE; empty for a change that happened once."""
    until: datetime | None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A zone's name for people, and the way from its local time to UTC; None where nobody knows it."""

    name: str
    to_utc: ToUtc | None


def find_zone(tzid: str, defined: Mapping[str, Sequence[Observance]]) -> Zone:
    """The zone that a TZID means: of the IANA database, of Windows, else as the calendar itself defines it."""
    known = _known(tzid)
    if known is not None:
        return Zone(name=known, to_utc=_by_database(known))
    observances = defined.get(tzid)
    return Zone(name=tzid, to_utc=_by_observances(observances) if observances else None)


def _known(tzid: str) -> str | None:
    """Also of the form `/vendor/Europe/Berlin`, which RFC 5545 section 3.2.19 calls globally unique."""
    names = _names()
    plain = tzid.strip("\"' ")
    if plain in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[plain]
    parts = [part for part in plain.casefold().split("/") if part]
    return next((found for start in range(min(len(parts), 8)) if (found := names.get("/".join(parts[start:])))), None)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    names = {name.casefold(): name for name in available_timezones()}
    return names | dict.fromkeys(("utc", "gmt", "z", "etc/utc", "etc/gmt"), "UTC")


def _by_database(name: str) -> ToUtc:
    zone = ZoneInfo(name)
    return lambda local: local.replace(tzinfo=zone).astimezone(UTC)


def _by_observances(observances: Sequence[Observance]) -> ToUtc:
    def to_utc(local: datetime) -> datetime:
        onsets = [(onset, one) for one in observances if (onset := _last_onset(one, local)) is not None]
        if onsets:
            offset = max(onsets, key=lambda found: found[0])[1].offset_to
        else:
            offset = min(observances, key=lambda one: one.start).offset_from
        return (local - offset).replace(tzinfo=UTC)

    return to_utc


def _last_onset(observance: Observance, local: datetime) -> datetime | None:
    """When it last began, by local time; found by looking at two years, not by going through the rule."""
    if local < observance.start:
        return None
    if not observance.rule:
        return observance.start
    onsets = [_onset_in(observance, year) for year in (local.year, local.year - 1)]
    until = observance.until
    if until is not None:
        onsets.append(_onset_in(observance, until.year))
        onsets.append(_onset_in(observance, until.year - 1))
    fit = [at for at in onsets if at and observance.start <= at <= local and (until is None or at <= until)]
    return max(fit, default=observance.start)


def _onset_in(observance: Observance, year: int) -> datetime | None:
    """Its yearly change in one year: the usual form (the last Sunday of a month), else the day it first began on."""
    start, rule = observance.start, observance.rule
    month = int(rule["BYMONTH"]) if rule.get("BYMONTH", "").isdecimal() else start.month
    by_day = _BY_DAY.match(rule.get("BYDAY", ""))
    try:
        if by_day is None:
            return start.replace(year=year, month=month)
        return _nth_weekday(start, year, month, int(by_day[1] or 1), _WEEKDAYS.index(by_day[2]))
    except ValueError:
        return None


def _nth_weekday(start: datetime, year: int, month: int, nth: int, weekday: int) -> datetime:
    if nth > 0:
        first = start.replace(year=year, month=month, day=1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    after = start.replace(year=year + month // 12, month=month % 12 + 1, day=1)
    last = after - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-nth - 1))
