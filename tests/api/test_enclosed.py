"""Messages inside messages over the API: as themselves, byte for byte, at any depth, and nobody else's."""

import pytest

from app.lib.ids import new_id
from tests.api.conftest import Api, User
from tests.core.messages.letters import INNER, OUTER, multipart

MESSAGES = "/api/v1/messages"


async def test_the_outer_message_names_the_inner_one(api: Api, ada: User) -> None:
    message_id = await api.deliver(ada, OUTER)
    data = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    assert data["text"] == "See what Lena wrote."
    (inner,) = data["enclosed"]
    files = {one["id"]: (one["filename"], one["role"]) for one in data["attachments"]}
    assert [files[each] for each in inner.pop("attachment_ids")] == [("part-4.png", "picture"), ("map.pdf", "file")]
    assert inner == {
        "id": "0",
        "from": {"name": "Lena", "address": "lena@inner.example"},
        "to": [{"name": "", "address": "team@inner.example"}],
        "cc": [],
        "subject": "The keys",
        "snippet": "The keys lie under the flowerpot. Where are the keys?",
        "sent_at": "2026-11-20T07:30:00.000Z",
        "size": len(INNER),
    }
    assert ("The keys.eml", "file") in files.values()


async def test_an_enclosed_message_is_opened_as_itself(api: Api, ada: User) -> None:
    message_id = await api.deliver(ada, OUTER)
    inner = (await api.get(f"{MESSAGES}/{message_id}/enclosed/0", ada)).json()["data"]
    assert inner["text"] == "The keys lie under the flowerpot."
    assert inner["html"].startswith("<p>The keys lie")
    assert {"name": "Subject", "value": "The keys"} in inner["headers"]
    (deep,) = inner["enclosed"]
    assert (deep["id"], deep["subject"]) == ("1", "Where?")
    assert (await api.get(f"{MESSAGES}/{message_id}/enclosed/1", ada)).json()["data"]["text"] == "Where are the keys?"


async def test_its_source_is_what_lay_in_the_original(api: Api, ada: User) -> None:
    message_id = await api.deliver(ada, OUTER)
    source = await api.get(f"{MESSAGES}/{message_id}/enclosed/0/source", ada)
    assert source.content == INNER
    assert source.headers["content-disposition"] == 'attachment; filename="The keys.eml"'
    assert source.headers["content-type"] == "message/rfc822"
    part = await api.get(f"{MESSAGES}/{message_id}/enclosed/0/source", ada, headers={"Range": "bytes=6-9"})
    assert (part.status_code, part.content) == (206, b"Lena")
    deep = await api.get(f"{MESSAGES}/{message_id}/enclosed/1/source", ada)
    assert deep.content == b"From: Max <max@deep.example>\r\nSubject: Where?\r\n\r\nWhere are the keys?"
    assert (await api.get(f"{MESSAGES}/{message_id}/attachments/2000000", ada)).content == INNER


async def test_notes_tell_how_a_message_was_made(api: Api, ada: User) -> None:
    signature = b"Content-Type: application/pgp-signature\r\n\r\nx"
    message_id = await api.deliver(ada, multipart(b"\r\nsigned words", signature, kind=b"signed"))
    data = (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]
    words = "Signed (OpenPGP). Restante did not check the signature."
    assert data["notes"] == [{"code": "signed_openpgp", "text": words}]
    assert [one["role"] for one in data["attachments"]] == ["signature"]
    listed = (await api.get(f"{MESSAGES}?has_attachment=true", ada)).json()["data"]
    assert listed == []


@pytest.mark.parametrize("tail", ["", "/source"])
async def test_what_is_not_there_or_anothers_is_not_found(api: Api, ada: User, bob: User, tail: str) -> None:
    mine, theirs = await api.deliver(ada, OUTER), await api.deliver(bob, OUTER)
    for path in (f"{theirs}/enclosed/0", f"{new_id()}/enclosed/0", f"{mine}/enclosed/2", f"{mine}/enclosed/-1"):
        await api.refused("GET", f"{MESSAGES}/{path}{tail}", ada)
