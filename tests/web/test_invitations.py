import pytest

from app.core.messages.invitations import Invitation, read_calendar
from app.web import invitations
from tests.core.messages.test_calendars import invited
from tests.core.messages.test_invitations import calendar
from tests.core.messages.test_winmail import letter
from tests.web.conftest import Browser, Owner


def event(*lines: str, method: str = "REQUEST") -> Invitation:
    (one,) = read_calendar(calendar("\n".join(["UID:1", *lines]), method=method))
    return one


@pytest.mark.parametrize(
    ("lines", "method", "words"),
    [
        ((), "REQUEST", "Invitation"),
        (("SEQUENCE:1",), "REQUEST", "Changed invitation"),
        (("SEQUENCE:1", "RECURRENCE-ID:20260701T100000Z"), "REQUEST", "One date is changed"),
        ((), "CANCEL", "Cancelled"),
        (("RECURRENCE-ID:20260701T100000Z",), "CANCEL", "One date is cancelled"),
        ((), "REPLY", "Answer to an invitation"),
        (("ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:b@x.example",), "REPLY", "Bob accepted"),
        (("ATTENDEE;PARTSTAT=DECLINED:mailto:b@x.example",), "REPLY", "b@x.example declined"),
        (("ATTENDEE;CN=Bob;PARTSTAT=TENTATIVE:mailto:b@x.example",), "REPLY", "Bob may come"),
        (("ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION:mailto:b@x.example",), "REPLY", "Answer to an invitation"),
        ((), "COUNTER", "Another time is proposed"),
        ((), "DECLINECOUNTER", "The time that was proposed is declined"),
        ((), "ADD", "More dates"),
        ((), "REFRESH", "Asks for the newest version"),
        ((), "PUBLISH", "Event"),
    ],
)
def test_the_heading_says_what_it_is(lines: tuple[str, ...], method: str, words: str) -> None:
    assert invitations.kind(event(*lines, method=method)) == words


@pytest.mark.parametrize(
    ("lines", "times", "machine", "utc"),
    [
        (
            ("DTSTART;TZID=Europe/Berlin:20261123T100000", "DTEND;TZID=Europe/Berlin:20261123T113000"),
            ["Monday 23 November 2026, 10:00", "11:30 Europe/Berlin"],
            "2026-11-23T09:00:00Z",
            ["09:00", "10:30"],
        ),
        (
            ("DTSTART;TZID=Asia/Tokyo:20261123T080000", "DTEND;TZID=Asia/Tokyo:20261124T090000"),
            ["Monday 23 November 2026, 08:00", "Tuesday 24 November 2026, 09:00 Asia/Tokyo"],
            "2026-11-22T23:00:00Z",
            ["Sunday 22 November 2026, 23:00", "Tuesday 24 November 2026, 00:00"],
        ),
        (
            ("DTSTART;TZID=Europe/Berlin:20261123T100000", "DTEND;TZID=America/New_York:20261123T130000"),
            ["Monday 23 November 2026, 10:00 Europe/Berlin", "Monday 23 November 2026, 13:00 America/New_York"],
            "2026-11-23T09:00:00Z",
            ["09:00", "18:00"],
        ),
        (("DTSTART:20261123T100000Z",), ["Monday 23 November 2026, 10:00 UTC"], "2026-11-23T10:00:00Z", []),
        (
            ("DTSTART:20261123T100000",),
            ["Monday 23 November 2026, 10:00 no time zone given"],
            "2026-11-23T10:00:00",
            [],
        ),
        (("DTSTART;TZID=Mine:20261123T100000",), ["Monday 23 November 2026, 10:00 Mine"], "2026-11-23T10:00:00", []),
        (("DTSTART;VALUE=DATE:20261123",), ["Monday 23 November 2026"], "2026-11-23", []),
        (
            ("DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261126"),
            ["Monday 23 November 2026", "Wednesday 25 November 2026"],
            "2026-11-23",
            [],
        ),
        ((), [], "", []),
    ],
)
def test_times(lines: tuple[str, ...], times: list[str], machine: str, utc: list[str]) -> None:
    one = event(*lines)
    shown = invitations.times(one)
    assert [f"{time.text} {time.zone}".strip() for time in shown] == times
    assert [time.machine for time in shown[:1]] == [machine] * bool(machine)
    assert invitations.utc_times(one) == utc


async def test_a_card_says_everything_and_keeps_its_links_honest(signed_in: Browser, ada: Owner) -> None:
    text = calendar(
        "UID:1\nSUMMARY:<b>Plans</b>\nDTSTART;TZID=Europe/Berlin:20261123T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\n"
        "LOCATION:Blue room\nURL:https://x.example/?utm_source=a&id=1\nCONFERENCE:javascript:alert(1)\n"
        "DESCRIPTION:Read https://y.example/<script>\nCOMMENT:Sorry\nORGANIZER;CN=Ada:mailto:ada@x.example\n"
        "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@x.example\nATTENDEE;CUTYPE=ROOM;CN=Blue:mailto:blue@x.example"
    )
    message_id = await ada.deliver(invited(calendars=(text,), as_file=text))
    page = await signed_in.page(f"/messages/{message_id}")
    for words in (
        "Invitation: <b>Plans</b>",
        "Monday 23 November 2026, 10:00 to 11:00 Europe/Berlin",
        "09:00 to 10:00 UTC",
        "every week",
        "Blue room",
        "javascript:alert(1)",
        "Sorry",
        "2 invited: 1 accepted, 1 no answer yet",
        "Bob bob@x.example accepted",
        "Blue blue@x.example no answer yet, a room",
        "Read https://y.example/<script>",
        "Restante keeps no calendar and answers no invitation.",
    ):
        assert words in " ".join(page.words.split()), words
    targets = [link["href"] for link in page.all("a")]
    assert "https://x.example/?id=1" in targets
    assert not [target for target in targets if target.startswith("javascript")]
    assert {"datetime": "2026-11-23T09:00:00Z"} in page.all("time")
    assert "open invite.ics in a calendar" in page.words
    paper = (await signed_in.get(f"/messages/{message_id}/print")).text
    assert "10:00</time> to <time" in paper
    assert "&lt;b&gt;Plans" in paper


async def test_a_cancelled_event_is_said_to_be(signed_in: Browser, ada: Owner) -> None:
    text = calendar("UID:1\nSUMMARY:Plans\nDTSTART:20261123T100000Z", method="CANCEL")
    message_id = await ada.deliver(invited(None, calendars=(text,)))
    assert "Cancelled: Plans" in (await signed_in.page(f"/threads/{message_id}")).words
    page = await signed_in.page(f"/messages/{message_id}")
    assert "Cancelled: Plans" in page.words
    assert "This message has no text" not in page.words
    assert [tag for tag in page.all("section") if tag["class"] == "invitation cancelled"]


async def test_heavy_invitations_fit_the_page(signed_in: Browser, ada: Owner) -> None:
    people = "\n".join([f"ATTENDEE;CN={'&' * 900}:mailto:{'x' * 900}@x.example"] * 30)
    fat = "\n".join(f"{name}:{chr(34) * 2000}" for name in ("SUMMARY", "LOCATION", "URL", "CONFERENCE", "COMMENT"))
    links = "DESCRIPTION:" + "http://a.b " * 1000
    events = [f"UID:{number}\nDTSTART:20261123T100000Z\n{fat}\n{links}\n{people}" for number in range(12)]
    for text in ("&" * 60_000, None):
        message_id = await ada.deliver(invited(text, calendars=(calendar(*events),)))
        page = await signed_in.page(f"/messages/{message_id}")
        assert len([tag for tag in page.all("section") if tag.get("class") == "invitation"]) == 3
        assert "There are more events in the calendar file." in page.words
        assert (await signed_in.get(f"/messages/{message_id}/print")).text.count('class="invitation"') == 10


async def test_what_a_winmail_holds_is_on_the_page(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter())
    page = await signed_in.page(f"/messages/{message_id}?view=text")
    assert "Unpacked gr\u00fc\u00dfe" in page.words
    (link,) = [
        link["href"]
        for link in page.all("a")
        if link["href"].endswith(("/1001", "/1000", "/2000")) and "attach" in link["href"]
    ][:1]
    assert (await signed_in.get(link)).status_code == 303
    framed = await signed_in.get(f"/messages/{message_id}/html")
    assert '<img src="/inline/' in framed.text
