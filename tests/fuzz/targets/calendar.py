"""Calendar parts: bounded texts that can be written, or nothing; never an exception."""

import msgspec

from app.core.messages.invitations import Invitation, read_calendar
from app.core.messages.invitations.events import MAX_EVENTS
from tests.fuzz import samples
from tests.fuzz.target import Target


def check(data: bytes) -> None:
    found = read_calendar(data.decode("utf-8", "replace"))
    assert len(found) <= MAX_EVENTS
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Invitation, ...]) == found
    for one in found:
        for text in (one.summary, one.location, one.description, one.recurrence, one.comment):
            assert not any(ord(character) < 32 and character not in "\t\n" for character in text)


TARGET = Target(
    check=check,
    seeds=(
        samples.CALENDAR,
        (
            b"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20260331\r\nSEQUENCE:2\r\n"
            b"RRULE:FREQ=MONTHLY;BYDAY=-1FR,2MO;BYMONTH=1,2;UNTIL=20270101T000000Z;INTERVAL=2\r\nEND:VEVENT\r\nEND:VCALENDAR"
        ),
    ),
    tokens=(
        *(
            b"BEGIN:VEVENT\n",
            b"END:VEVENT\n",
            b"BEGIN:VCALENDAR\n",
            b"BEGIN:VTIMEZONE\n",
            b"BEGIN:STANDARD\n",
            b"\n ",
            b"\n",
        ),
        *(
            b"DTSTART:",
            b"DTEND:",
            b"DURATION:P",
            b"RRULE:FREQ=",
            b"YEARLY",
            b";BYDAY=-1SU",
            b";BYMONTH=",
            b";UNTIL=",
            b";COUNT=",
        ),
        *(
            b";TZID=",
            b";VALUE=DATE",
            b'"',
            b"\\n",
            b"\\,",
            b"00010101",
            b"99991231T235959Z",
            b"00000000",
            b"P99999999D",
            b"-P1W",
        ),
        *(
            b"TZOFFSETTO:+2359",
            b"TZOFFSETFROM:-2359",
            b"RECURRENCE-ID:",
            b"SEQUENCE:-1",
            b"ATTENDEE;CN=",
            b"mailto:",
            b"^n",
        ),
        *(
            b"Europe/Berlin",
            b"W. Europe Standard Time",
            b"../../etc/passwd",
            b"\xd9\xa1",
            b"\x00",
            b"METHOD:REPLY\n",
            b";INTERVAL=0",
        ),
    ),
)
