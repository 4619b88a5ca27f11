"""Messages over the API: the words of the resource, paging, bytes as they came, and nothing of anybody else's."""

import base64
import random
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from app.core.messages.objects import object_name
from tests.api.conftest import Api, User

MESSAGES = "/api/v1/messages"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PHOTO = random.Random(1).randbytes(300_000)
HOSTILE = "<p onclick=steal()>Thanks <script>alert(1)</script></p>"


def _letter() -> bytes:
    message = EmailMessage()
    message["From"] = "Zoë Shop <orders@shop.example>"
    message["To"] = "Ada <ada@restante.test>, second@restante.test"
    message["Cc"] = "third@elsewhere.example"
    message["Subject"] = "Your order № 5"
    message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0200"
    message.set_content("Thank you for your order.\n")
    message.add_alternative(HOSTILE, subtype="html")
    message.add_attachment(PHOTO, maintype="image", subtype="png", filename="Foto für Ada.png")
    message.add_attachment("<script>1</script>", subtype="html", filename="invoice.html")
    return message.as_bytes().replace(b"\n", b"\r\n")


LETTER = _letter()


@pytest.fixture
async def message_id(api: Api, ada: User) -> UUID:
    return await api.deliver(ada, LETTER)


async def test_a_list_tells_a_message_in_the_words_of_the_design(api: Api, ada: User, message_id: UUID) -> None:
    answer = (await api.get(MESSAGES, ada)).json()
    (data,) = answer["data"]
    received_at, attachments = data.pop("received_at"), data.pop("attachments")
    assert answer["next"] is None
    assert data.pop("highlight") is None
    assert TIME.fullmatch(received_at)
    assert data == {
        "id": str(message_id),
        "thread_id": str(message_id),
        "alias": {"id": str(ada.alias.alias_id), "email": ada.alias.address},
        "from": {"name": "Zoë Shop", "address": "orders@shop.example"},
        "to": [{"name": "Ada", "address": "ada@restante.test"}, {"name": "", "address": "second@restante.test"}],
        "cc": [{"name": "", "address": "third@elsewhere.example"}],
        "subject": "Your order № 5",
        "snippet": "Thank you for your order.",
        "sent_at": "2026-11-20T08:00:00.000Z",
        "size": len(LETTER),
        "folder": "inbox",
        "is_read": False,
        "is_starred": False,
        "is_readable": True,
    }
    for attachment in attachments:
        assert attachment.pop("url").startswith(f"{api.platform.public_url}/attachments/")
        expires_at = datetime.fromisoformat(attachment.pop("url_expires_at"))
        assert timedelta() < expires_at - datetime.now(UTC) <= timedelta(minutes=5)
    photo, invoice = attachments
    assert photo.pop("id").isdigit()
    about = {"filename": "Foto für Ada.png", "content_type": "image/png", "size": len(PHOTO), "role": "file"}
    assert photo == about
    assert (invoice["filename"], invoice["content_type"]) == ("invoice.html", "text/html")


async def test_one_message_adds_its_content(api: Api, ada: User, message_id: UUID) -> None:
    listed = (await api.get(MESSAGES, ada)).json()["data"][0]
    del listed["highlight"]
    data = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    assert data.pop("text").splitlines() == ["Thank you for your order."]
    assert data.pop("html").strip() == HOSTILE
    assert data.pop("is_truncated") is False
    assert data.pop("is_imported") is False
    assert (data.pop("notes"), data.pop("enclosed"), data.pop("invitations")) == ([], [], [])
    assert data.pop("tls") == {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"}
    headers = data.pop("headers")
    assert {"name": "Subject", "value": "Your order № 5"} in headers
    assert [header["name"] for header in headers][:2] == ["From", "To"]
    assert data.keys() == listed.keys()
    assert {**data, "attachments": []} == {**listed, "attachments": []}


async def test_opening_marks_nothing(api: Api, ada: User, message_id: UUID) -> None:
    for _ in range(2):
        assert (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["is_read"] is False


async def test_a_message_without_anything_is_told_too(api: Api, ada: User) -> None:
    message_id = await api.deliver(ada, b"\r\n")
    data = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    assert (data["from"], data["to"], data["cc"], data["subject"], data["sent_at"]) == (None, [], [], "", None)
    assert (data["attachments"], data["headers"], data["html"]) == ([], [], None)


async def test_text_beyond_a_mebibyte_is_told_to_be_cut(api: Api, ada: User) -> None:
    raw = b"Subject: long\r\n\r\n" + b"A line of text.\r\n" * 70_000
    message_id = await api.deliver(ada, raw)
    data = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    assert data["is_truncated"] is True
    assert len(data["text"]) == 1024 * 1024


@pytest.mark.parametrize(
    "raw", [LETTER, b"\r\n", b"Subject: 8bit \xff\r\n\r\n\xfe\r\n"], ids=["letter", "empty", "8bit"]
)
async def test_the_source_is_the_original_byte_for_byte(api: Api, ada: User, raw: bytes) -> None:
    response = await api.get(f"{MESSAGES}/{await api.deliver(ada, raw)}/source", ada)
    assert response.content == raw
    assert response.headers["content-type"] == "message/rfc822"
    assert response.headers["content-length"] == str(len(raw))
    assert response.headers["content-disposition"] == 'attachment; filename="message.eml"'


async def test_attachments_are_handed_out_decoded(api: Api, ada: User, message_id: UUID) -> None:
    listed = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["attachments"]
    photo, invoice = [await api.get(f"{MESSAGES}/{message_id}/attachments/{one['id']}", ada) for one in listed]
    assert photo.content == PHOTO
    assert photo.headers["content-type"] == "image/png"
    assert "filename*=UTF-8''Foto%20f%C3%BCr%20Ada.png" in photo.headers["content-disposition"]
    assert invoice.content.strip() == b"<script>1</script>"
    assert invoice.headers["content-type"] == "application/octet-stream"
    assert invoice.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("ordinal", ["0", "99", "-1", "9" * 5000])
async def test_what_is_no_attachment_is_not_found(api: Api, ada: User, message_id: UUID, ordinal: str) -> None:
    problem = await api.refused("GET", f"{MESSAGES}/{message_id}/attachments/{ordinal}", ada)
    assert problem["status"] == 404


async def test_content_that_the_store_lost_is_a_failure_and_no_broken_download(
    api: Api, ada: User, message_id: UUID
) -> None:
    listed = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["attachments"]
    names = [info.name async for info in api.platform.blobs.list()]
    assert all(name.startswith(object_name(ada.account.account_id, message_id)[:36]) for name in names)
    await api.platform.blobs.delete(names)
    problem = await api.refused("GET", f"{MESSAGES}/{message_id}/attachments/{listed[0]['id']}", ada)
    assert problem["status"] == 404


@pytest.mark.parametrize("what", ["", "/source", "/attachments/2"])
async def test_another_accounts_message_is_not_found(
    api: Api, ada: User, bob: User, message_id: UUID, what: str
) -> None:
    assert (await api.get(f"{MESSAGES}/{message_id}{what}", ada)).status_code == 200
    problem = await api.refused("GET", f"{MESSAGES}/{message_id}{what}", bob)
    assert (problem["status"], problem["code"]) == (404, "not_found")
    assert problem == await api.refused("GET", f"{MESSAGES}/01970000-0000-7000-8000-000000000000{what}", bob)
    assert (await api.get(MESSAGES, bob)).json() == {"data": [], "next": None}


async def test_pages_follow_each_other_newest_first(api: Api, ada: User, bob: User) -> None:
    await api.deliver(bob, b"Subject: not hers\r\n\r\n\r\n")
    made = [str(await api.deliver(ada, b"Subject: %d\r\n\r\n\r\n" % number)) for number in range(5)]
    seen: list[str] = []
    params, pages = {"limit": "2"}, 0
    while "cursor" not in params or params["cursor"]:
        answer = (await api.get(MESSAGES, ada, params=params)).json()
        seen += [message["id"] for message in answer["data"]]
        params, pages = {"limit": "2", "cursor": answer["next"] or ""}, pages + 1
    assert pages == 3
    assert seen == made[::-1]
    exact = (await api.get(MESSAGES, ada, params={"limit": "5"})).json()
    assert (len(exact["data"]), exact["next"]) == (5, None)


async def test_another_accounts_cursor_shows_nothing_of_it(api: Api, ada: User, bob: User) -> None:
    for _ in range(2):
        await api.deliver(ada, b"Subject: hers\r\n\r\n\r\n")
    cursor = (await api.get(MESSAGES, ada, params={"limit": "1"})).json()["next"]
    assert (await api.get(MESSAGES, bob, params={"cursor": cursor})).json()["data"] == []


async def test_a_damaged_message_is_listed_and_can_be_thrown_away(api: Api, ada: User) -> None:
    ids = [await api.deliver(ada, b"Subject: open\r\n\r\nThe word\r\n") for _ in range(3)]
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE message_summaries SET summary = 'x' WHERE message_id = %s", (ids[1],))
    for path in ("/api/v1/messages", "/api/v1/messages?q=word", "/api/v1/messages?q=subject:open"):
        listed = (await api.get(path, ada)).json()["data"]
        assert [(one["id"], one["is_readable"], one["subject"]) for one in listed] == [
            (str(ids[2]), True, "open"),
            (str(ids[1]), False, ""),
            (str(ids[0]), True, "open"),
        ]
    found = (await api.get('/api/v1/messages?q="the word"', ada)).json()["data"]
    assert [one["id"] for one in found] == [str(ids[2]), str(ids[0])]
    damaged = f"/api/v1/messages/{ids[1]}"
    assert (await api.refused("GET", damaged, ada))["code"] == "cannot_open"
    changed = await api.request("PATCH", damaged, ada, json={"folder": "trash"})
    assert (changed.status_code, changed.json()["data"]["folder"]) == (200, "trash")
    assert (await api.request("DELETE", damaged, ada)).status_code == 204


async def test_folders_are_listed_apart(api: Api, ada: User, message_id: UUID) -> None:
    (inbox,) = (await api.get(MESSAGES, ada, params={"folder": "inbox"})).json()["data"]
    assert inbox["id"] == str(message_id)
    for folder in ("archive", "trash", "spam"):
        assert (await api.get(MESSAGES, ada, params={"folder": folder})).json()["data"] == []


@pytest.mark.parametrize("path", [MESSAGES, "/api/v1/aliases"])
async def test_wrong_parameters_of_lists_are_named(api: Api, ada: User, path: str) -> None:
    limits = ("0", "101", "-1", "many", "1.5", "", "9" * 5000)
    cursors = ("", "first", "' OR 1=1 --", "01970000-0000-7000-8000-000000000000")
    for field, value in [*(("limit", one) for one in limits), *(("cursor", one) for one in cursors)]:
        problem = await api.refused("GET", path, ada, params={field: value})
        assert (problem["status"], problem["code"]) == (422, "invalid"), (field, value)
        assert [fault["field"] for fault in problem["errors"]] == [field], value
        assert all(fault["message"] in problem["detail"] for fault in problem["errors"])


async def test_an_unknown_folder_is_named(api: Api, ada: User) -> None:
    for folder in ("", "Inbox", "drafts", "inbox' --"):
        problem = await api.refused("GET", MESSAGES, ada, params={"folder": folder})
        assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, ["folder"]), folder


async def test_base64_of_several_widths_is_handed_out_whole(api: Api, ada: User) -> None:
    """Content-Length has to hold for what hostile encoders make, or the download breaks off."""
    rng = random.Random(2)
    lines = [base64.b64encode(rng.randbytes(size)) for width in (57, 45, 54) for size in [*[width] * 4000, width - 1]]
    head = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    raw = head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"
    message_id = await api.deliver(ada, raw)
    (listed,) = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["attachments"]
    response = await api.get(f"{MESSAGES}/{message_id}/attachments/{listed['id']}", ada)
    assert len(response.content) == listed["size"]


async def test_html_alone_becomes_text_for_who_asks(api: Api, ada: User) -> None:
    html = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b></p><ul><li>one</li></ul>" + b" " * 2000
    found = await api.deliver(ada, html)
    plain = (await api.get(f"{MESSAGES}/{found}", ada)).json()["data"]
    assert plain["text"] is None
    made = (await api.get(f"{MESSAGES}/{found}", ada, params={"html_as_text": "true"})).json()["data"]
    assert made == plain | {"text": "Hello you\n\n- one"}
    found = await api.deliver(ada, LETTER)
    both = [(await api.get(f"{MESSAGES}/{found}{query}", ada)).json()["data"] for query in ("", "?html_as_text=true")]
    assert both[0]["text"] == both[1]["text"] is not None
