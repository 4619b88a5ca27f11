from email.message import EmailMessage

import pytest

from app.core.messages import service
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_invitations import calendar
from tests.core.messages.test_receive import ADA

PLANS = calendar(
    "UID:1\nSUMMARY:Plans\nLOCATION:Blue room\nDTSTART:20261123T100000Z\nATTENDEE;CN=Bob:mailto:bob@x.example"
)


def invited(text: str | None = "Come.", *, as_file: str = "", calendars: tuple[str, ...] = (PLANS,)) -> bytes:
    found = EmailMessage()
    found["From"] = "Ada <ada@x.example>"
    found["Subject"] = "Plans"
    found.set_content(text or "")
    for one in calendars:
        if text is None:
            found.set_content(one, subtype="calendar")
        else:
            found.add_alternative(one, subtype="calendar", params={"method": "REQUEST"})
    if as_file:
        found.add_attachment(as_file.encode(), maintype="application", subtype="ics", filename="invite.ics")
    return found.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def test_an_invitation_in_an_alternative_and_as_a_file_is_one(ada: Owner, deliver: Deliver) -> None:
    await deliver(invited(as_file=PLANS), ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    (one,) = opened.invitations
    assert (one.kind, one.summary, one.location) == ("new", "Plans", "Blue room")
    assert opened.text == "Come.\r\n"
    assert "invite.ics" in [attachment.filename for attachment in opened.attachments]
    assert (await ada.attachment(line, line.summary.attachments[-1].ordinal)).startswith(b"BEGIN:VCALENDAR")


async def test_a_message_that_is_nothing_but_a_calendar_says_what_it_says(ada: Owner, deliver: Deliver) -> None:
    await deliver(invited(None), ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert [one.summary for one in opened.invitations] == ["Plans"]
    assert line.summary.snippet == "Plans Blue room Bob bob@x.example"


@pytest.mark.parametrize("text", ["nonsense", "BEGIN:VCALENDAR\r\n", ""])
async def test_what_cannot_be_read_stays_a_file(ada: Owner, deliver: Deliver, text: str) -> None:
    await deliver(invited(as_file=text or " ", calendars=()), ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.invitations == ()
    assert [one.filename for one in opened.attachments] == ["invite.ics"]


async def test_only_so_many_parts_and_bytes_are_read(ada: Owner, deliver: Deliver) -> None:
    many = tuple(calendar(f"UID:{number}\nSUMMARY:x") for number in range(9))
    await deliver(invited(calendars=many), ADA)
    await deliver(invited(as_file=calendar("UID:1\nDESCRIPTION:" + "x" * (1024 * 1024)), calendars=()), ADA)
    long, several = await ada.lines()
    assert len((await service.open_message(ada.platform, ada.actor, several.message_id)).invitations) == 5
    assert (await service.open_message(ada.platform, ada.actor, long.message_id)).invitations == ()
    assert long.summary.attachments[0].filename == "invite.ics"
