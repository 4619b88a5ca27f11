from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.invitations import Invitation, read_calendar

BERLIN = """
BEGIN:VTIMEZONE
TZID:Head office
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


def calendar(*events: str, method: str = "REQUEST", zones: str = "", line_end: str = "\r\n") -> str:
    inside = "".join(f"\nBEGIN:VEVENT\n{event.strip()}\nEND:VEVENT" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:{method}{zones}{inside}\nEND:VCALENDAR\n"
    return text.replace("\n", line_end)


def event(*lines: str, method: str = "REQUEST", zones: str = "") -> Invitation:
    (one,) = read_calendar(calendar("\n".join(["UID:1@x.example", *lines]), method=method, zones=zones))
    return one


def test_an_invitation_is_read_whole() -> None:
    one = event(
        "SUMMARY;LANGUAGE=en:Plans\\, and tea",
        "DTSTART;TZID=Europe/Berlin:20261123T100000",
        "DTEND;TZID=Europe/Berlin:20261123T113000",
        'ORGANIZER;CN="Lovelace, Ada";SENT-BY="mailto:office@x.example":mailto:ada@x.example',
        "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:MAILTO:bob@x.exa",
        " mple",
        "ATTENDEE;CUTYPE=ROOM;ROLE=NON-PARTICIPANT;CN=Blue room:mailto:blue@x.example",
        "ATTENDEE:invalid:nomail",
        "LOCATION:Blue room",
        "DESCRIPTION:First\\nSecond\\; https://meet.example/a%3Ab",
        "URL:https://x.example/1",
        "X-GOOGLE-CONFERENCE:https://meet.example/abc",
        "SEQUENCE:0",
    )
    assert (one.kind, one.method, one.uid, one.sequence) == ("new", "REQUEST", "1@x.example", 0)
    assert (one.summary, one.location) == ("Plans, and tea", "Blue room")
    assert one.description == "First\nSecond; https://meet.example/a%3Ab"
    assert (one.url, one.conference) == ("https://x.example/1", "https://meet.example/abc")
    assert one.start is not None
    assert one.end is not None
    assert (one.start.local, one.start.zone) == (datetime(2026, 11, 23, 10, 0), "Europe/Berlin")  # noqa: DTZ001
    assert one.start.utc == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert one.end.utc == datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    assert one.organiser is not None
    assert (one.organiser.name, one.organiser.address) == ("Lovelace, Ada", "ada@x.example")
    assert [(who.name, who.address, who.answer, who.is_optional, who.is_room) for who in one.attendees] == [
        ("Bob", "bob@x.example", "accepted", False, False),
        ("Blue room", "blue@x.example", "needs-action", True, True),
        ("", "", "needs-action", False, False),
    ]


@pytest.mark.parametrize(
    ("method", "lines", "kind"),
    [
        ("REQUEST", (), "new"),
        ("REQUEST", ("SEQUENCE:0",), "new"),
        ("request", ("SEQUENCE:3",), "updated"),
        ("REQUEST", ("SEQUENCE:3", "STATUS:CANCELLED"), "cancelled"),
        ("CANCEL", ("SEQUENCE:3",), "cancelled"),
        ("REPLY", ("SEQUENCE:3",), "reply"),
        ("COUNTER", (), "counter"),
        ("DECLINECOUNTER", (), "declined_counter"),
        ("ADD", (), "added"),
        ("REFRESH", (), "refresh"),
        ("PUBLISH", (), "event"),
        ("X-WHATEVER", ("SEQUENCE:nonsense",), "event"),
    ],
)
def test_what_its_sender_wants(method: str, lines: tuple[str, ...], kind: str) -> None:
    assert event("SUMMARY:x", *lines, method=method).kind == kind


@pytest.mark.parametrize(
    ("value", "zone", "utc"),
    [
        (":20260701T100000Z", "UTC", 10),
        (";TZID=Europe/Berlin:20260701T100000", "Europe/Berlin", 8),
        (";TZID=Europe/Berlin:20260101T100000", "Europe/Berlin", 9),
        (';TZID="europe/berlin":20260701T100000', "Europe/Berlin", 8),
        (";TZID=W. Europe Standard Time:20260701T100000", "Europe/Berlin", 8),
        (";TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260701T100000", "Europe/Berlin", 8),
        (";TZID=/x/America/Argentina/Buenos_Aires:20260701T100000", "America/Argentina/Buenos_Aires", 13),
        (';TZID="tzone://Microsoft/Utc":20260701T100000', "UTC", 10),
        (";TZID=Head office:20260701T100000", "Head office", 8),
        (";TZID=Head office:20260328T235959", "Head office", 22),
        (";TZID=Head office:20260329T030000", "Head office", 1),
        (";TZID=Head office:20261025T040000", "Head office", 3),
        (";TZID=Head office:20260101T100000", "Head office", 9),
        (";TZID=Nowhere:20260701T100000", "Nowhere", None),
        (";TZID=../../etc/passwd:20260701T100000", "../../etc/passwd", None),
        (":20260701T100000", "", None),
        (";VALUE=DATE:20260701", "", None),
        (":20260701T1000Z", "UTC", 10),
        (":20260701T100060Z", "UTC", 10),
    ],
)
def test_zones(value: str, zone: str, utc: int | None) -> None:
    start = event(f"DTSTART{value}", zones=BERLIN).start
    assert start is not None
    assert start.zone == zone
    assert (start.utc.hour if start.utc else None) == utc
    assert start.is_date is ("VALUE=DATE" in value)


def test_a_zone_of_one_message_is_not_taken_for_anothers() -> None:
    moved = BERLIN.replace("+0100", "+0900").replace("+0200", "+1000")
    first = event("DTSTART;TZID=Head office:20260101T100000", zones=moved).start
    second = event("DTSTART;TZID=Head office:20260101T100000", zones=BERLIN).start
    third = event("DTSTART;TZID=Head office:20260101T100000").start
    assert [one and one.utc and one.utc.hour for one in (first, second, third)] == [1, 9, None]


@pytest.mark.parametrize(
    ("observance", "hour"),
    [
        ("DTSTART:20200101T000000\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0530", 4),
        ("DTSTART:20300101T000000\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0530", 5),
        ("DTSTART:20200301T000000\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20220101T000000Z", 8),
        ("DTSTART:20200301T000000\nTZOFFSETTO:-0230\nRRULE:FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=3", 12),
        ("DTSTART:20200301T000000\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=77;BYDAY=-5SU", 8),
        ("DTSTART:20200301T000000", None),
        ("TZOFFSETTO:+0200", None),
    ],
)
def test_rules_that_calendars_define_themselves(observance: str, hour: int | None) -> None:
    zones = f"\nBEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\n{observance}\nEND:STANDARD\nEND:VTIMEZONE"
    start = event("DTSTART;TZID=Own:20260701T100000", zones=zones).start
    assert start is not None
    assert (start.utc.hour if start.utc else None) == hour


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (("DTSTART:20260701T100000Z", "DTEND:20260701T110000Z"), "2026-07-01 11:00"),
        (("DTSTART:20260701T100000Z", "DURATION:PT1H30M"), "2026-07-01 11:30"),
        (("DTSTART:20260701T100000Z", "DURATION:nonsense"), None),
        (("DTSTART:20260701T100000Z", "DURATION:P99999999999W"), None),
        (("DTSTART:20260701T100000Z", "DTEND:20260701T100000Z"), None),
        (("DTSTART:20260701T100000Z",), None),
        (("DTEND:20260701T100000Z",), None),
        (("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260702"), None),
        (("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260704"), "2026-07-03 00:00"),
        (("DTSTART;VALUE=DATE:20260701", "DURATION:P3D"), "2026-07-03 00:00"),
        (("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260601"), None),
    ],
)
def test_ends(lines: tuple[str, ...], end: str | None) -> None:
    found = event(*lines).end
    assert (f"{found.local:%Y-%m-%d %H:%M}" if found else None) == end


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=1", "every 3 days, 1 time"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=10", "every week on Monday, Wednesday and Friday, 10 times"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20270301T090000Z", "every 2 weeks on Monday, until 1 March 2027"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;WKST=SU", "every weekday"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
        ("FREQ=MONTHLY;BYDAY=2TU", "every month on the second Tuesday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", "every month on the last Friday"),
        ("FREQ=YEARLY", "every year"),
        ("FREQ=YEARLY;BYMONTH=6", "every year in June"),
        ("freq=yearly;bymonth=6;bymonthday=24;until=20301231", "every year on day 24 of June, until 31 December 2030"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the fourth Thursday of November"),
    ],
)
def test_simple_rules_are_put_in_words(rule: str, words: str) -> None:
    assert event(f"RRULE:{rule}").recurrence == words


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=99999999",
        "FREQ=DAILY;COUNT=x",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=YEARLY;BYMONTH=1,2",
        "FREQ=YEARLY;BYMONTH=77",
        "FREQ=YEARLY;BYDAY=MO",
        "BYDAY=MO",
        "=;;",
    ],
)
def test_other_rules_are_said_to_be_for_calendars(rule: str) -> None:
    one = event(f"RRULE:{rule}")
    assert one.recurrence == "by a rule that only a calendar can follow"
    assert one.rrule == rule


def test_descriptions_in_markup_become_text() -> None:
    one = event("DESCRIPTION:<p>Come <b>all</b></p>Bring<br>tea &amp\\; cake<script>alert(1)</script>")
    assert one.description.split("\n") == ["Come all", "Bring", "tea & cake"]
    assert event("DESCRIPTION:a < b and c > d").description == "a < b and c > d"


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\r\r\n", "\n\n"])
def test_any_line_ends(line_end: str) -> None:
    (one,) = read_calendar(calendar("UID:1\nSUMMARY:long\n er", line_end=line_end))
    assert one.summary == "longer"


def test_what_was_not_folded_rightly_goes_on_with_the_text_before_it() -> None:
    assert event("DESCRIPTION:one", "two words", "", "three", "SUMMARY:x").description == "one\ntwo words\nthree"


def test_several_events_each_once_and_no_more_than_ten() -> None:
    changed = "UID:2\nRECURRENCE-ID:20260708T100000Z\nDTSTART:20260708T120000Z"
    found = read_calendar(calendar("UID:1\nSUMMARY:a", "UID:1\nSUMMARY:again", "UID:2", changed))
    assert [(one.uid, one.summary, one.occurrence is not None) for one in found] == [
        ("1", "a", False),
        ("2", "", False),
        ("2", "", True),
    ]
    assert len(read_calendar(calendar(*["SUMMARY:a"] * 50))) == 10
    assert len(read_calendar(calendar("UID:1") + calendar("UID:2"))) == 2


def test_attendees_are_counted_beyond_those_that_are_shown() -> None:
    one = event(*["ATTENDEE:mailto:a@x.example"] * 450)
    assert (len(one.attendees), one.left_out) == (200, 250)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        "BEGIN:VEVENT\r\nSUMMARY:outside\r\nEND:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:task\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "\x00\xff" * 100,
        "SUMMARY:x" * 1000,
    ],
)
def test_what_holds_no_event_gives_none(text: str) -> None:
    assert read_calendar(text) == ()


def test_nothing_is_lost_where_the_end_is_missing() -> None:
    (one,) = read_calendar(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nSUMMARY:alarm\nEND:VALARM\nSUMMARY:real\nUID:1"
    )
    assert one.summary == "real"


LINES = calendar(
    "UID:1\nDTSTART;TZID=Head office:20260701T100000\nDTEND:20260701T110000Z\nRRULE:FREQ=DAILY\nATTENDEE;CN=x:y",
    zones=BERLIN,
).split("\r\n")
HOSTILE = [
    "ATTENDEE;=:x",
    'ATTENDEE;CN="a:b',
    "DESCRIPTION:<br",
    "DTEND;VALUE=DATE:99991231",
    "DTSTART;TZID=Head office:00010101T000000",
    "DTSTART;TZID=Europe/Berlin:99991231T235959",
    "DTSTART:99991231T000000",
    "DTSTART:\u0662\u0660\u0662\u0666\u0660\u0661\u0660\u0661",
    "DURATION:P99999999W",
    "RRULE:=;;=",
    "RRULE:FREQ=YEARLY;BYMONTH=99;UNTIL=00010101;BYDAY=-9SU",
    "TZOFFSETFROM:+9999",
    "TZOFFSETTO:-9999",
    "X;",
    " ",
]


@given(st.lists(st.sampled_from(LINES + HOSTILE) | st.text(max_size=40), max_size=40), st.sampled_from(["\r\n", "\n"]))
def test_nothing_raises_and_everything_is_bounded(lines: list[str], line_end: str) -> None:
    for start in (["BEGIN:VCALENDAR"], ["BEGIN:VCALENDAR", "BEGIN:VEVENT"], []):
        for one in read_calendar(line_end.join([*start, *lines])):
            assert len(one.description) <= 16_384
            assert max(map(len, (one.summary, one.location, one.uid, one.url, one.rrule))) <= 1000
