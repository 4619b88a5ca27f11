"""A recurrence rule (RFC 5545 section 3.3.10) in words, for the simple rules that nearly all events have."""

import re
from collections.abc import Mapping

from app.core.messages.invitations.model import When

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_MONTHS = "January February March April May June July August September October November December".split()
_NTH = {
    "1": "first",
    "2": "second",
    "3": "third",
    "4": "fourth",
    "5": "fifth",
    "-1": "last",
    "-2": "last but one",
}
_WORKDAYS = {"MO", "TU", "WE", "TH", "FR"}
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
_COMPLEX = "by a rule that only a calendar can follow"
_SAID = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
_MAX_DIGITS = 4


def parts(rule: str) -> dict[str, str]:
    """A rule's parts by their names, all in capitals."""
    pairs = (pair.partition("=") for pair in rule.upper().split(";")[:20])
    return {name.strip(): value.strip() for name, _, value in pairs}


def words(rule: Mapping[str, str], until: When | None) -> str:
    """`every 2 weeks on Monday and Friday, until 3 March 2027`; a rule that is not simple is said to be none."""
    unit = _UNITS.get(rule.get("FREQ", ""))
    interval = rule.get("INTERVAL", "1")
    count = rule.get("COUNT", "")
    on = _on(rule)
    if (
        unit is None
        or on is None
        or rule.keys() - _SAID
        or not _is_number(interval)
        or (count and not _is_number(count))
    ):
        return _COMPLEX
    every = f"every {unit}" if int(interval) == 1 else f"every {int(interval)} {unit}s"
    if on == _WEEKDAYS_ONLY:
        every, on = "every weekday", ""
    if count:
        return f"{every}{on}, {int(count)} time{'s' * (int(count) != 1)}"
    if until is None:
        return every + on
    return f"{every}{on}, until {until.local.day} {_MONTHS[until.local.month - 1]} {until.local.year}"


_WEEKDAYS_ONLY = " on weekdays"


def _on(rule: Mapping[str, str]) -> str | None:
    """The days within the unit, with a space before them; None if they take more than a few words."""
    frequency, months = rule.get("FREQ"), rule.get("BYMONTH", "")
    month = ""
    if months:
        if not _is_number(months) or not 1 <= int(months) <= len(_MONTHS) or frequency != "YEARLY":
            return None
        month = f" of {_MONTHS[int(months) - 1]}"
    by_days, month_days, position = (rule.get(name, "") for name in ("BYDAY", "BYMONTHDAY", "BYSETPOS"))
    if by_days and month_days:
        return None
    if month_days:
        return (
            _month_days(month_days.split(","), month) if frequency in {"MONTHLY", "YEARLY"} and not position else None
        )
    if by_days:
        return _weekdays(rule, by_days.split(","), month, position)
    if position:
        return None
    return f" in {month[4:]}" if month else ""


def _month_days(days: list[str], month: str) -> str | None:
    if days == ["-1"]:
        return f" on the last day{month}"
    if not all(_is_number(day) for day in days):
        return None
    return f" on day {_joined([str(int(day)) for day in days])}{month}"


def _weekdays(rule: Mapping[str, str], days: list[str], month: str, position: str) -> str | None:
    found = [_BY_DAY.match(day) for day in days[:8]]
    if not all(found):
        return None
    named = [(day[1], day[2]) for day in found if day]
    frequency = rule.get("FREQ")
    if frequency in {"WEEKLY", "DAILY"} and not position and not month:
        if any(nth for nth, _ in named):
            return None
        if {day for _, day in named} == _WORKDAYS and rule.get("INTERVAL", "1") == "1":
            return _WEEKDAYS_ONLY
        return f" on {_joined([_DAYS[day] for _, day in named])}"
    if len(named) != 1 or (frequency == "YEARLY" and not month):
        return None
    ((nth, day),) = named
    nth = position if position and not nth else nth
    which = _NTH.get((nth or "").lstrip("+"))
    return f" on the {which} {_DAYS[day]}{month}" if which and not (position and position != nth) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) > 0


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
