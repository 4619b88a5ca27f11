import email
import email.policy
from email.message import EmailMessage

from tests.api.conftest import Api, User
from tests.core.messages.test_calendars import PLANS, invited
from tests.core.messages.test_invitations import calendar
from tests.core.messages.test_winmail import letter

MESSAGES = "/api/v1/messages"


async def test_an_invitation_in_the_words_of_the_api(api: Api, ada: User) -> None:
    changed = calendar(
        "UID:1\nSEQUENCE:2\nSUMMARY:Plans\nDTSTART;TZID=Europe/Berlin:20261123T100000\nDTEND;TZID=Own:20261123T113000\n"
        "RECURRENCE-ID;VALUE=DATE:20261124\nRRULE:FREQ=DAILY\nORGANIZER;CN=Ada:mailto:ada@x.example\n"
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:bob@x.example"
    )
    message_id = await api.deliver(ada, invited(calendars=(changed,)))
    (one,) = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["invitations"]
    person = {"answer": "needs-action", "is_optional": False, "is_room": False}
    assert one == {
        "kind": "updated",
        "method": "REQUEST",
        "uid": "1",
        "sequence": 2,
        "summary": "Plans",
        "start": {
            "local": "2026-11-23T10:00:00",
            "is_date": False,
            "zone": "Europe/Berlin",
            "utc": "2026-11-23T09:00:00.000Z",
        },
        "end": {"local": "2026-11-23T11:30:00", "is_date": False, "zone": "Own", "utc": None},
        "occurrence": {"local": "2026-11-24", "is_date": True, "zone": None, "utc": None},
        "recurrence": "every day",
        "rrule": "FREQ=DAILY",
        "location": "",
        "description": "",
        "comment": "",
        "url": "",
        "conference": "",
        "organiser": person | {"name": "Ada", "address": "ada@x.example"},
        "attendees": [person | {"name": "", "address": "bob@x.example", "answer": "tentative"}],
        "left_out": 0,
    }


async def test_no_program_stands_where_a_link_is_told(api: Api, ada: User) -> None:
    told = []
    for url, join in [
        ("javascript:alert(1)", " jAvAscript:alert(1)"),
        ("data:text/html,x", "meet.example/abc"),
        ("https://x.example/1?utm_source=mail", "tel:+31201234567"),
    ]:
        lines = f"UID:1\nURL:{url}\nCONFERENCE:{join}\nDTSTART:20261123T100000Z"
        message_id = await api.deliver(ada, invited(calendars=(calendar(lines),)))
        (one,) = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["invitations"]
        told.append((one["url"], one["conference"]))
    assert told == [("", ""), ("", ""), ("https://x.example/1", "tel:+31201234567")]


async def test_a_forwarded_invitation_is_the_enclosed_messages(api: Api, ada: User) -> None:
    outer = EmailMessage()
    outer.set_content("See below.")
    outer.add_attachment(email.message_from_bytes(invited(), policy=email.policy.default))
    message_id = await api.deliver(ada, outer.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    whole = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    assert whole["invitations"] == []
    enclosed = (await api.get(f"{MESSAGES}/{message_id}/enclosed/0", ada)).json()["data"]
    assert [one["summary"] for one in enclosed["invitations"]] == ["Plans"]


async def test_mail_without_a_calendar_has_no_invitations(api: Api, ada: User) -> None:
    plain = EmailMessage()
    plain.set_content("Hello")
    message_id = await api.deliver(ada, plain.as_bytes().replace(b"\n", b"\r\n"))
    assert (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["invitations"] == []


async def test_invitations_and_what_is_packed_are_nobody_elses(api: Api, ada: User, bob: User) -> None:
    invitation = await api.deliver(ada, invited(as_file=PLANS))
    packed = await api.deliver(ada, letter())
    attachments = (await api.get(f"{MESSAGES}/{packed}", ada)).json()["data"]["attachments"]
    assert [one["filename"] for one in attachments] == ["winmail.dat", "Report \u65e5\u672c.pdf", "p.png", "run.exe"]
    for one in attachments:
        path = f"{MESSAGES}/{packed}/attachments/{one['id']}"
        assert len((await api.get(path, ada)).content) == one["size"]
        assert (await api.get(path, bob)).status_code == 404
    assert (await api.get(f"{MESSAGES}/{invitation}", bob)).status_code == 404


async def test_words_of_calendars_and_of_what_is_packed_are_found(api: Api, ada: User) -> None:
    invitation = await api.deliver(ada, invited(None))
    packed = await api.deliver(ada, letter())
    for query, found in [
        ("blue room", invitation),
        ('"unpacked gr\u00fc\u00dfe"', packed),
        ("filename:report", packed),
        ("bob@x.example", invitation),
    ]:
        data = (await api.get(MESSAGES, ada, params={"q": query})).json()["data"]
        assert [one["id"] for one in data] == [str(found)], query
