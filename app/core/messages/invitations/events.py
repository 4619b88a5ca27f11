"""Reads the events of a calendar part (RFC 5545), as broken as calendars in mail are.

The content lines are taken apart by icalendar; its components are not used, because it keeps every VTIMEZONE it meets
for the whole process: one sender's zone would set the clocks of everybody's mail.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from icalendar.parser import Contentline, Contentlines, unescape_backslash
from icalendar.prop import vDuration

from app.core.messages import plain
from app.core.messages.invitations import recurrence
from app.core.messages.invitations.model import Answer, Attendee, Invitation, Kind, When
from app.core.messages.invitations.zones import MAX_OBSERVANCES, Observance, find_zone

MAX_CALENDAR_BYTES = 1024 * 1024
"""Of a calendar part; a longer one stays an attachment only."""
MAX_EVENTS = 10
MAX_ATTENDEES = 200

_MAX_LINES = 50_000
_MAX_LINE_CHARS = 64 * 1024
_MAX_DESCRIPTION_CHARS = 16_384
_MAX_TEXT_CHARS = 1000
_DEEPEST = 10
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}[;:]")
_LINE_BREAK = re.compile(r"\r+\n?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"<(?:br|p|/p|div|/a|/b|li|html|span)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?\Z")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?\Z")
_EVENT = frozenset(
    """ATTENDEE COMMENT CONFERENCE DESCRIPTION DTEND DTSTART DURATION LOCATION ORGANIZER RECURRENCE-ID RRULE SEQUENCE
    STATUS SUMMARY UID URL X-GOOGLE-CONFERENCE X-MICROSOFT-SKYPETEAMSMEETINGURL""".split()
)
_OBSERVANCE = frozenset({"DTSTART", "RRULE", "TZOFFSETFROM", "TZOFFSETTO"})
_WANTED = {
    "VCALENDAR": frozenset({"METHOD"}),
    "VEVENT": _EVENT,
    "VTIMEZONE": frozenset({"TZID"}),
    "STANDARD": _OBSERVANCE,
    "DAYLIGHT": _OBSERVANCE,
}
_KINDS: dict[str, Kind] = {
    "ADD": "added",
    "CANCEL": "cancelled",
    "COUNTER": "counter",
    "DECLINECOUNTER": "declined_counter",
    "REFRESH": "refresh",
    "REPLY": "reply",
}
_ANSWERS: dict[str, Answer] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "DELEGATED": "delegated",
    "TENTATIVE": "tentative",
}


class _Property(msgspec.Struct, frozen=True):
    """A content line: its raw value, and its parameters by their names in capitals."""

    value: str
    parameters: Mapping[str, str]


class _Component:
    """What was read of one component; of each property at most as many as are shown."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.properties: dict[str, list[_Property]] = {}
        self.inside: list[_Component] = []
        self.attendees = 0

    def first(self, *names: str) -> _Property | None:
        """The first property that has one of the names and says something, the names in their order."""
        found = (one for name in names for one in self.properties.get(name, ()) if one.value.strip())
        return next(found, None)

    def value(self, *names: str) -> str:
        """As it was sent."""
        found = self.first(*names)
        return found.value.strip() if found else ""

    def text(self, *names: str, limit: int = _MAX_TEXT_CHARS) -> str:
        """A TEXT value (RFC 5545 section 3.3.11) for people."""
        found = self.first(*names)
        return _clean(unescape_backslash(found.value))[:limit] if found else ""


def read_calendar(text: str) -> tuple[Invitation, ...]:
    """The events of a calendar, at most ten of them; none of what cannot be read. Never an exception.

    The work is linear in the text. Recurrences are not expanded.
    """
    calendars = _components(text[:MAX_CALENDAR_BYTES])
    found: dict[tuple[str, When | None], Invitation] = {}
    for calendar in calendars:
        defined = {zone.text("TZID"): _observances(zone) for zone in calendar.inside if zone.name == "VTIMEZONE"}
        method = calendar.value("METHOD").upper()[:40]
        for event in calendar.inside:
            if event.name == "VEVENT" and len(found) < MAX_EVENTS:
                invitation = _invitation(event, method, defined)
                found.setdefault((invitation.uid or str(len(found)), invitation.occurrence), invitation)
    return tuple(one for one in found.values() if one.start or one.summary or one.uid)


def _components(text: str) -> list[_Component]:
    """The calendars in a text; what is not ended is ended by the end of the text."""
    calendars: list[_Component] = []
    stack: list[_Component] = []
    for line in _lines(text):
        name = line[: _index(line)].upper()
        if name == "BEGIN":
            component = _Component(line[6:].strip().upper()[:40])
            if component.name == "VCALENDAR":
                calendars.append(component)
                stack = [component]
            elif stack and len(stack) < _DEEPEST:
                stack[-1].inside.append(component)
                stack.append(component)
        elif name == "END":
            ended = line[4:].strip().upper()
            depth = next((at for at in range(len(stack) - 1, -1, -1) if stack[at].name == ended), len(stack))
            del stack[depth:]
        elif stack and name in _WANTED.get(stack[-1].name, ()):
            _add(stack[-1], name, line)
    return calendars


def _lines(text: str) -> Iterator[str]:
    """Content lines, unfolded (section 3.1); a line that cannot be one goes on with the text before it."""
    pending = ""
    for line in Contentlines.from_ical(_LINE_BREAK.sub("\n", text))[:_MAX_LINES]:  # type: ignore[no-untyped-call]
        if _NAME.match(line) or not pending:
            if pending:
                yield pending
            pending = line
        elif line and len(pending) < _MAX_LINE_CHARS:
            pending = f"{pending}\\n{line}"
    if pending:
        yield pending


def _index(line: str) -> int:
    found = _NAME.match(line)
    return found.end() - 1 if found else 0


def _add(component: _Component, name: str, line: str) -> None:
    many = component.properties.setdefault(name, [])
    if name == "ATTENDEE":
        component.attendees += 1
    if len(many) >= (MAX_ATTENDEES if name == "ATTENDEE" else 2):
        return
    try:
        _, parameters, value = Contentline(line[:_MAX_LINE_CHARS]).raw_parts()
    except ValueError:
        return
    given = {key.upper(): one if isinstance(one, str) else one[0] for key, one in parameters.items() if one}
    many.append(_Property(value, given))


def _invitation(event: _Component, method: str, defined: Mapping[str, Sequence[Observance]]) -> Invitation:
    start = _when(event.first("DTSTART"), defined)
    rrule = event.value("RRULE")[:_MAX_TEXT_CHARS]
    rule = recurrence.parts(rrule) if rrule else {}
    until = _when(_Property(rule["UNTIL"], {}), defined) if "UNTIL" in rule else None
    sequence = event.value("SEQUENCE")
    number = int(sequence) if re.fullmatch(r"[0-9]{1,9}", sequence) else 0
    attendees = [_attendee(one) for one in event.properties.get("ATTENDEE", ())]
    organiser = event.first("ORGANIZER")
    return Invitation(
        kind=_kind(method, event.value("STATUS").upper(), number),
        method=_clean(method),
        uid=event.text("UID"),
        sequence=number,
        summary=event.text("SUMMARY"),
        start=start,
        end=_end(event, start, defined),
        occurrence=_when(event.first("RECURRENCE-ID"), defined),
        recurrence=recurrence.words(rule, until) if rule else "",
        rrule=_clean(rrule),
        location=event.text("LOCATION"),
        description=_described(event.text("DESCRIPTION", limit=_MAX_DESCRIPTION_CHARS)),
        comment=event.text("COMMENT"),
        url=_clean(event.value("URL"))[:_MAX_TEXT_CHARS],
        conference=_clean(event.value("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"))[
            :_MAX_TEXT_CHARS
        ],
        organiser=_attendee(organiser) if organiser else None,
        attendees=tuple(attendees),
        left_out=max(0, event.attendees - len(attendees)),
    )


def _kind(method: str, status: str, sequence: int) -> Kind:
    if status == "CANCELLED" and method in {"", "PUBLISH", "REQUEST"}:
        return "cancelled"
    if method == "REQUEST":
        return "updated" if sequence else "new"
    return _KINDS.get(method, "event")


def _when(found: _Property | None, defined: Mapping[str, Sequence[Observance]]) -> When | None:
    fields = _TIME.match(found.value.strip().upper()) if found else None
    if fields is None or found is None:
        return None
    year, month, day, hour, minute, second = (int(fields[number] or 0) for number in range(1, 7))
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - as the clock on the wall
    except ValueError:
        return None
    if fields[4] is None:
        return When(local=local, is_date=True, zone="", utc=None)
    if fields[7]:
        return When(local=local, is_date=False, zone="UTC", utc=local.replace(tzinfo=UTC))
    tzid = _clean(found.parameters.get("TZID", ""))[:_MAX_TEXT_CHARS].strip()
    if not tzid:
        return When(local=local, is_date=False, zone="", utc=None)
    zone = find_zone(tzid, defined)
    try:
        utc = zone.to_utc(local) if zone.to_utc else None
    except (OverflowError, ValueError):  # in the first and the last year that there are
        utc = None
    return When(local=local, is_date=False, zone=zone.name[:100], utc=utc)


def _end(event: _Component, start: When | None, defined: Mapping[str, Sequence[Observance]]) -> When | None:
    """DTEND is not part of the event (section 3.6.1): an event of one day ends on the day after."""
    end = _when(event.first("DTEND"), defined)
    if start is None:
        return None
    if end is None:
        end = _after(start, event.value("DURATION"))
    if end is None:
        return None
    if end.is_date:
        last = max(start.local, end.local - timedelta(days=1)) if end.local > start.local else start.local
        end = msgspec.structs.replace(end, local=last)
    return end if end.local != start.local or end.zone != start.zone else None


def _after(start: When, duration: str) -> When | None:
    try:
        length = vDuration.from_ical(duration[:100]) if duration else None
        if length is None:
            return None
        return msgspec.structs.replace(
            start, local=start.local + length, utc=start.utc + length if start.utc is not None else None
        )
    except (ValueError, OverflowError):
        return None


def _observances(zone: _Component) -> tuple[Observance, ...]:
    return tuple(found for one in zone.inside[:MAX_OBSERVANCES] if (found := _observance(one)) is not None)


def _observance(component: _Component) -> Observance | None:
    start = _when(component.first("DTSTART"), {})
    offset_from, offset_to = _offset(component.value("TZOFFSETFROM")), _offset(component.value("TZOFFSETTO"))
    if start is None or offset_to is None:
        return None
    rule = recurrence.parts(component.value("RRULE")[:_MAX_TEXT_CHARS]) if component.first("RRULE") else {}
    until = _when(_Property(rule["UNTIL"], {}), {}) if "UNTIL" in rule else None
    return Observance(
        start=start.local,
        offset_from=offset_to if offset_from is None else offset_from,
        offset_to=offset_to,
        rule=rule,
        until=until.local if until else None,
    )


def _offset(value: str) -> timedelta | None:
    found = _OFFSET.match(value)
    if found is None:
        return None
    length = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    return -length if found[1] == "-" else length


def _attendee(one: _Property) -> Attendee:
    scheme, colon, address = one.value.strip().partition(":")
    if not colon or scheme.lower() != "mailto":
        address = one.parameters.get("EMAIL", one.value if "@" in one.value else "")
    return Attendee(
        name=_clean(one.parameters.get("CN", "")).strip("\"' ")[:_MAX_TEXT_CHARS],
        address=_clean(address)[:_MAX_TEXT_CHARS],
        answer=_ANSWERS.get(one.parameters.get("PARTSTAT", "").upper(), "needs-action"),
        is_optional=one.parameters.get("ROLE", "").upper() in {"OPT-PARTICIPANT", "NON-PARTICIPANT"},
        is_room=one.parameters.get("CUTYPE", "").upper() in {"ROOM", "RESOURCE"},
    )


def _described(text: str) -> str:
    """Some calendars write HTML into a field of plain text."""
    if not _MARKUP.search(text):
        return text
    return re.sub(r"\n\s*\n\s*", "\n\n", plain.from_html(_BREAK.sub("\n", text.replace("\n", " ")))).strip()


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text).strip()
