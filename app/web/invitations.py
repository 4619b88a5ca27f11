"""Invitations in words: what one is, when its event takes place, and who comes."""

from collections import Counter
from datetime import datetime

import msgspec
from markupsafe import Markup, escape

from app.core.messages.invitations import Attendee, Invitation, When
from app.core.messages.invitations.model import Answer
from app.web import dates
from app.web.fitting import clipped
from app.web.text import linked_text

_KINDS = {
    "new": "Invitation",
    "updated": "Changed invitation",
    "cancelled": "Cancelled",
    "reply": "Answer to an invitation",
    "counter": "Another time is proposed",
    "declined_counter": "The time that was proposed is declined",
    "added": "More dates",
    "refresh": "Asks for the newest version",
    "event": "Event",
}
_ANSWERS: dict[Answer, str] = {
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "maybe",
    "delegated": "sends somebody else",
    "needs-action": "no answer yet",
}
_REPLIES: dict[Answer, str] = {
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "may come",
    "delegated": "sends somebody else",
}


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """A time for people and, as `machine`, for the attribute of <time>; `zone` is said after it unless it is empty."""

    text: str
    machine: str
    zone: str


def kind(one: Invitation) -> str:
    """What the invitation is: `Changed invitation`, `Bob accepted`."""
    if one.kind == "reply" and len(one.attendees) == 1:
        (who,) = one.attendees
        said, name = _REPLIES.get(who.answer), who.name or who.address
        if said and name:
            return f"{name} {said}"
    if one.kind == "cancelled" and one.occurrence is not None:
        return "One date is cancelled"
    if one.kind == "updated" and one.occurrence is not None:
        return "One date is changed"
    return _KINDS[one.kind]


def times(one: Invitation) -> list[Time]:
    """The start and, if there is one, the end, as clocks and calendars show them where the event is."""
    if one.start is None:
        return []
    if one.end is None:
        return [_time(one.start, day=True, zone=True)]
    is_same_day = one.start.local.date() == one.end.local.date()
    has_own_zone = one.start.zone != one.end.zone
    return [
        _time(one.start, day=True, zone=has_own_zone),
        _time(one.end, day=not is_same_day or has_own_zone, zone=True),
    ]


def utc_times(one: Invitation) -> list[str]:
    """The same in UTC; nothing where that says the same, or nobody knows."""
    if (
        one.start is None
        or one.start.utc is None
        or (one.start.zone == "UTC" and (not one.end or one.end.zone == "UTC"))
    ):
        return []
    day = one.start.local.date()
    found = []
    for at in (one.start.utc, one.end.utc if one.end else None):
        if at is not None:
            found.append(f"{at:%H:%M}" if at.date() == day else f"{dates.weekday(at)}, {at:%H:%M}")
            day = at.date()
    return found


def occurrence(one: When) -> str:
    """The date of an occurrence that was moved or cancelled, as it had been planned."""
    return _words(one, day=True)


def answer(one: Attendee) -> str:
    """What an attendee answered."""
    return _ANSWERS[one.answer]


def answers(one: Invitation) -> str:
    """`5 invited: 2 accepted, 3 no answer yet`."""
    counts = Counter(who.answer for who in one.attendees)
    said = ", ".join(f"{counts[key]} {words}" for key, words in _ANSWERS.items() if counts[key])
    return f"{len(one.attendees) + one.left_out} invited: {said}"


def linked_within(text: str, room: int) -> Markup:
    """A short text with its links, or its beginning without them where they take more than so many bytes."""
    html = linked_text(text)
    return html if len(html.encode("utf-8", "replace")) <= room else escape(clipped(text, room))


def described(text: str, room: int) -> Markup:
    """A long text with its links for a <pre>, as much of it as takes so many bytes."""
    is_whole = len(text) <= room
    shown = text[:room]
    html = linked_text(shown if is_whole else shown + "…")
    while (made := len(html.encode("utf-8", "replace"))) > room:
        shown = shown[: int(len(shown) * room / made * 0.95)]
        html = linked_text(shown + "…")
    return html


def _time(when: When, *, day: bool, zone: bool) -> Time:
    at = when.utc or when.local
    machine = f"{when.local:%Y-%m-%d}" if when.is_date else dates.iso(at) if when.utc else f"{at:%Y-%m-%dT%H:%M:%S}"
    named = "" if when.is_date or not zone else when.zone or "no time zone given"
    return Time(text=_words(when, day=day), machine=machine, zone=named)


def _words(when: When, *, day: bool) -> str:
    if when.is_date:
        return dates.weekday(when.local)
    return f"{dates.weekday(when.local)}, {_clock(when.local)}" if day else _clock(when.local)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"
