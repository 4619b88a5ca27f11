"""Everything out through the API in parts and ranges, and in again at another account: the same messages."""

import io
import json
import zipfile
from typing import Any

import pytest

from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.scopes import ALL_SCOPES
from app.lib.times import utc_now
from tests.api.conftest import Api, User
from tests.core.exports.corpus import CORPUS

RAW = b"From: a@b.example\r\nSubject: hello\r\n\r\nworld\r\n"
RFC822 = {"Content-Type": "message/rfc822"}


async def begun(api: Api, user: User, **body: object) -> dict[str, Any]:
    response = await api.request("POST", "/api/v1/exports", user, json=body)
    assert response.status_code == 201
    export: dict[str, Any] = response.json()["data"]
    assert response.headers["location"].endswith(f"/api/v1/exports/{export['id']}")
    return export


async def part(api: Api, user: User, export: dict[str, Any], number: int) -> zipfile.ZipFile:
    response = await api.get(f"/api/v1/exports/{export['id']}/parts/{number}", user)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    assert export["parts"][number - 1]["filename"] in response.headers["content-disposition"]
    assert int(response.headers["content-length"]) == len(response.content)
    return zipfile.ZipFile(io.BytesIO(response.content))


async def brought(api: Api, user: User, raw: bytes, code: int = 201, **params: str) -> dict[str, Any]:
    params = {"alias_id": str(user.alias.alias_id), **params}
    response = await api.request("POST", "/api/v1/messages/import", user, content=raw, params=params, headers=RFC822)
    assert response.status_code == code, response.text
    answer: dict[str, Any] = response.json()
    return answer["data"] if code < 300 else answer


async def test_what_goes_out_comes_in_again(api: Api, ada: User, bob: User) -> None:
    for raw in CORPUS:
        await api.deliver(ada, raw)
    first = (await api.get("/api/v1/messages", ada)).json()["data"][0]["id"]
    await api.request("PATCH", f"/api/v1/messages/{first}", ada, json={"is_starred": True, "folder": "archive"})
    export = await begun(api, ada)
    assert [one["message_count"] for one in export["parts"]] == [0, len(CORPUS)]
    with await part(api, ada, export, 2) as archive:
        lines = [json.loads(line) for line in archive.read("mail/messages-002.jsonl").splitlines()]
        for _ in range(2):
            for one in lines:
                names = ("folder", "received_at", "delivered_to", "envelope_from")
                flags = {name: str(one[name]).lower() for name in ("is_read", "is_starred")}
                made = await brought(
                    api, bob, archive.read(one["file"]), 201 if _ == 0 else 200, **{n: one[n] for n in names}, **flags
                )
                assert made["is_new"] == (_ == 0)
    assert await shown(api, bob) == await shown(api, ada)


async def shown(api: Api, user: User) -> list[dict[str, Any]]:
    """Every message with its content and source, without what is of its account or of its way."""
    found = []
    for row in (await api.get("/api/v1/messages", user, params={"limit": "100"})).json()["data"]:
        message = (await api.get(f"/api/v1/messages/{row['id']}", user)).json()["data"]
        for name in ("id", "thread_id", "alias", "tls", "is_imported"):
            del message[name]
        for one in message["attachments"]:
            del one["url"], one["url_expires_at"]
        source = (await api.get(f"/api/v1/messages/{row['id']}/source", user)).content
        found.append(message | {"source": source})
    return found


async def test_a_download_that_broke_off_goes_on(api: Api, ada: User) -> None:
    for raw in CORPUS:
        await api.deliver(ada, raw)
    export = await begun(api, ada, formats=["maildir"])
    path = f"/api/v1/exports/{export['id']}/parts/2"
    whole = await api.get(path, ada)
    tag = {"If-Range": whole.headers["etag"]}
    half = len(whole.content) // 2
    rest = await api.get(path, ada, headers={"Range": f"bytes={half}-", **tag})
    assert (rest.status_code, rest.content) == (206, whole.content[half:])
    assert (await api.request("HEAD", path, ada)).headers["content-length"] == str(len(whole.content))
    await api.refused("GET", path, ada, headers={"Range": f"bytes={len(whole.content)}-"})
    told = (await api.get(f"/api/v1/exports/{export['id']}", ada)).json()["data"]["parts"][1]
    assert (told["size"], told["is_fetched"]) == (len(whole.content), True)


async def test_exports_are_their_owners_alone(api: Api, ada: User, bob: User) -> None:
    export = await begun(api, ada, formats=[])
    path = f"/api/v1/exports/{export['id']}"
    for method, place in (("GET", path), ("DELETE", path), ("GET", f"{path}/parts/1")):
        assert (await api.refused(method, place, bob))["status"] == 404
    assert (await api.refused("GET", f"{path}/parts/7", ada))["status"] == 404
    assert (await api.get("/api/v1/exports", bob)).json()["data"] == []
    assert len((await api.get("/api/v1/exports", ada)).json()["data"]) == 1
    assert (await api.request("DELETE", path, ada)).status_code == 204
    assert (await api.refused("GET", path, ada))["status"] == 404


async def test_an_export_needs_every_scope_for_reading(api: Api, ada: User) -> None:
    export = await begun(api, ada, formats=[])
    async with api.platform.db.transaction() as conn:
        new = NewKey(name="few", scopes=ALL_SCOPES - {"rules:read"})
        made = await keys.make(conn, ada.actor, new, now=utc_now())
    headers = {"Authorization": f"Bearer {made.key}"}
    assert (await api.refused("POST", "/api/v1/exports", headers=headers))["code"] == "scope_missing"
    path = f"/api/v1/exports/{export['id']}/parts/1"
    assert (await api.refused("GET", path, headers=headers))["code"] == "scope_missing"


async def test_the_first_part_is_the_same_bytes_while_nothing_changes(api: Api, ada: User) -> None:
    export = await begun(api, ada, formats=[])
    path = f"/api/v1/exports/{export['id']}/parts/1"
    one, other = await api.get(path, ada), await api.get(path, ada)
    assert one.content == other.content
    assert one.headers["etag"] == other.headers["etag"]
    with await part(api, ada, export, 1) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("account.json"))["formats"] == []


@pytest.mark.parametrize("formats", [["tar"], "maildir", ["maildir"] * 4, [1]])
async def test_other_formats_are_refused(api: Api, ada: User, formats: object) -> None:
    assert (await api.refused("POST", "/api/v1/exports", ada, json={"formats": formats}))["status"] == 422


async def test_a_message_from_elsewhere_says_so(api: Api, ada: User) -> None:
    made = await brought(api, ada, RAW, received_at="2019-03-04T05:06:07Z", folder="inbox", is_read="false")
    message = (await api.get(f"/api/v1/messages/{made['id']}", ada)).json()["data"]
    assert message["is_imported"]
    assert message["received_at"] == "2019-03-04T05:06:07.000Z"
    assert (message["folder"], message["is_read"], message["tls"]) == ("inbox", False, None)
    assert (await api.get("/api/v1/messages", ada, params={"q": "world"})).json()["data"][0]["id"] == made["id"]


async def test_an_idempotency_key_does_no_harm(api: Api, ada: User) -> None:
    params = {"alias_id": str(ada.alias.alias_id), "received_at": "2019-03-04T05:06:07Z"}
    headers = {**RFC822, "Idempotency-Key": "one"}
    answers = [
        await api.request("POST", "/api/v1/messages/import", ada, content=raw, params=params, headers=headers)
        for raw in (RAW, RAW, RAW + b"other\r\n")
    ]
    assert [one.status_code for one in answers] == [201, 200, 201]


async def test_bad_messages_are_refused(api: Api, ada: User, bob: User) -> None:
    theirs = str(bob.alias.alias_id)
    assert (await brought(api, ada, RAW, 404, alias_id=theirs))["code"] == "not_found"
    assert (await brought(api, ada, RAW, 422, folder="nowhere"))["code"] == "invalid"
    assert (await brought(api, ada, RAW, 422, received_at="2019-03-04T05:06:07"))["code"] == "invalid"
    assert (await brought(api, ada, RAW, 422, received_at="2999-03-04T05:06:07Z"))["code"] == "invalid"
    assert (await brought(api, ada, RAW, 422, delivered_to="a\nb"))["code"] == "invalid"
    assert (await brought(api, ada, RAW, 422, envelope_from="a" * 321))["code"] == "invalid"
    assert (await brought(api, ada, b"", 422))["errors"][0]["field"] == "body"
    params = {"alias_id": str(ada.alias.alias_id)}
    wrong = await api.refused("POST", "/api/v1/messages/import", ada, content=RAW, params=params)
    assert wrong["status"] == 415
    large = b"x" * (api.platform.max_message_size + 1)
    assert (await brought(api, ada, large, 413))["code"] == "too_large"
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 10")
    assert (await brought(api, ada, RAW, 403))["code"] == "storage_limit"
    assert (await api.get("/api/v1/messages", ada)).json()["data"] == []


async def test_a_bound_key_brings_mail_for_its_alias_alone(api: Api, ada: User) -> None:
    other = await api.make_alias(ada.actor)
    async with api.platform.db.transaction() as conn:
        new = NewKey(name="bound", scopes=ALL_SCOPES, alias_id=ada.alias.alias_id)
        made = await keys.make(conn, ada.actor, new, now=utc_now())
    headers = {"Authorization": f"Bearer {made.key}", **RFC822}
    path = "/api/v1/messages/import"
    for alias, status in ((ada.alias, 201), (other, 404)):
        params = {"alias_id": str(alias.alias_id)}
        response = await api.request("POST", path, content=RAW, params=params, headers=headers)
        assert response.status_code == status
    assert (await api.refused("GET", "/api/v1/exports", headers=headers))["code"] == "key_bound"
