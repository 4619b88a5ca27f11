"""API keys over the API: made no stronger than what makes them, shown once, revoked at once."""

import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.api.router import ROUTES
from app.core.auth.scopes import SCOPES
from app.lib.ids import new_id
from app.lib.times import utc_now, utc_today
from app.vault.tokens import new_api_key
from tests.api.conftest import Api, User

KEYS, CURRENT = "/api/v1/keys", "/api/v1/keys/current"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def routes_of(scope: str) -> list[tuple[str, str]]:
    """(method, path) of the routes that need it."""
    return [
        (min(route.http_methods - {"HEAD"}), "/api/v1" + re.sub(r"{(\w+):(\w+)}", _example, path))
        for route in ROUTES
        for path in route.paths
        if route.opt["scope"] == scope
    ]


def _example(found: re.Match[str]) -> str:
    return {"uuid": str(new_id()), "int": "1"}.get(found[2], "x.test")


async def make(api: Api, user: User, key: str | None = None, **asked: object) -> dict[str, Any]:
    """A key made with the user's, or with `key`."""
    body = {"scopes": ["keys:read", "keys:write"]} | asked
    answer = await api.request("POST", KEYS, user, json=body, headers=by(key or user.key))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    assert answer.headers["location"].endswith(f"{KEYS}/{made['id']}")
    return made


async def test_a_key_is_made_listed_named_and_revoked(api: Api, ada: User) -> None:
    ends = utc_now() + timedelta(days=30)
    made = await make(api, ada, name=" laptop ", scopes=["messages:read", "aliases:read"], expires_at=ends.isoformat())
    key = made.pop("key")
    assert made["name"] == "laptop"
    assert made["scopes"] == ["aliases:read", "messages:read"]
    assert (made["alias"], made["domain"], made["is_current"]) == (None, None, False)
    assert made["created_on"] == utc_today().isoformat()
    assert made["made_with"] == str(ada.actor.key_id)
    one = f"{KEYS}/{made['id']}"
    assert (await api.get(one, ada)).json()["data"] == made
    listed = (await api.get(KEYS, ada)).json()
    assert [entry["id"] for entry in listed["data"]] == [made["id"], str(ada.actor.key_id)]
    assert [entry["is_current"] for entry in listed["data"]] == [False, True]
    assert listed["next"] is None
    assert key not in str(listed)
    assert (await api.get("/api/v1/aliases", headers=by(key))).status_code == 200
    assert (await api.request("PATCH", one, ada, json={})).json()["data"]["name"] == "laptop"
    assert (await api.request("PATCH", one, ada, json={"name": "old"})).json()["data"]["name"] == "old"
    assert (await api.request("DELETE", one, ada)).status_code == 204
    problem = await api.refused("GET", "/api/v1/aliases", headers=by(key))
    assert (problem["status"], problem["code"]) == (401, "wrong_key")
    for method in ("GET", "PATCH", "DELETE"):
        assert (await api.refused(method, one, ada, json={}))["status"] == 404


async def test_a_key_knows_itself_whatever_it_may(api: Api, ada: User) -> None:
    made = await make(api, ada, name="only", scopes=["aliases:write"], alias_id=str(ada.alias.alias_id))
    found = (await api.get(CURRENT, headers=by(made["key"]))).json()["data"]
    assert found["id"] == made["id"]
    assert found["scopes"] == ["aliases:write"]
    assert found["alias"] == {"id": str(ada.alias.alias_id), "email": ada.alias.address}
    assert found["is_current"] is True


@pytest.mark.parametrize("scope", sorted({route.opt["scope"] for route in ROUTES if route.opt["scope"]}))
async def test_a_scope_that_is_missing_is_named(api: Api, ada: User, scope: str) -> None:
    made = await make(api, ada, scopes=[one for one in SCOPES if one != scope])
    for method, path in routes_of(scope):
        answer = await api.request(method, path, headers=by(made["key"]))
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert scope in answer.json()["detail"]
        challenge = f'Bearer realm="restante", error="insufficient_scope", scope="{scope}"'
        assert answer.headers["www-authenticate"] == challenge


async def test_what_a_request_does_besides_needs_its_scope_too(api: Api, ada: User) -> None:
    message_id = str(await api.deliver(ada, b"From: a@shop.example\r\n\r\nhi\r\n"))
    alias_id = str(ada.alias.alias_id)
    made = await make(api, ada, scopes=["aliases:write", "rules:write"])
    filer = await make(api, ada, scopes=["messages:write"])
    tried: list[tuple[str, str, str, object, str]] = [
        ("DELETE", f"/aliases/{alias_id}?mail=trash", made["key"], None, "messages:write"),
        ("POST", "/aliases/actions", made["key"], {"ids": [], "action": "delete", "mail": "trash"}, "messages:write"),
        ("POST", "/blocks", made["key"], {"message_id": message_id}, "messages:read"),
        ("POST", f"/messages/{message_id}/release", filer["key"], {"allow": True}, "rules:write"),
    ]
    for method, path, key, body, scope in tried:
        problem = await api.refused(method, f"/api/v1{path}", json=body, headers=by(key))
        assert (problem["code"], scope in problem["detail"]) == ("scope_missing", True), path
    writer = await make(api, ada, scopes=["messages:read", "rules:write"])
    problem = await api.refused("POST", "/api/v1/blocks", json={"message_id": message_id}, headers=by(writer["key"]))
    assert "messages:write" in problem["detail"]
    assert (await api.get(f"/api/v1/messages/{message_id}", ada)).json()["data"]["folder"] == "inbox"


async def test_a_key_makes_none_that_is_stronger(api: Api, ada: User) -> None:
    soon = utc_now() + timedelta(days=3)
    maker = await make(api, ada, domain="second.test", expires_at=soon.isoformat())
    for asked in (
        {"scopes": ["messages:read"]},
        {"domain": "restante.test"},
        {"alias_id": str(ada.alias.alias_id)},
        {"expires_at": (soon + timedelta(seconds=1)).isoformat()},
    ):
        body = {"scopes": ["keys:read"]} | asked
        problem = await api.refused("POST", KEYS, json=body, headers=by(maker["key"]))
        assert (problem["status"], problem["code"]) == (403, "key_too_strong"), asked
    child = await make(api, ada, maker["key"], scopes=["keys:read"])
    assert (child["domain"], child["expires_at"]) == ("second.test", maker["expires_at"])
    there = {"domain": "second.test"}
    alias_id = (await api.request("POST", "/api/v1/aliases", ada, json=there)).json()["data"]["id"]
    narrow = await make(api, ada, maker["key"], alias_id=alias_id)
    assert (narrow["alias"]["id"], narrow["domain"]) == (alias_id, None)
    grandchild = await make(api, ada, narrow["key"], scopes=["keys:read"])
    assert grandchild["alias"]["id"] == alias_id
    problem = await api.refused("POST", KEYS, json={"scopes": ["keys:read"], **there}, headers=by(narrow["key"]))
    assert problem["code"] == "key_too_strong"


async def test_a_key_sees_and_changes_only_weaker_ones(api: Api, ada: User) -> None:
    weak = await make(api, ada, name="weak")
    bound = await make(api, ada, name="bound", domain="second.test")
    strong = f"{KEYS}/{ada.actor.key_id}"
    assert (await api.get(strong, headers=by(weak["key"]))).status_code == 200
    for method, body in (("PATCH", {"name": "mine"}), ("DELETE", None)):
        problem = await api.refused(method, strong, json=body, headers=by(weak["key"]))
        assert (problem["status"], problem["code"]) == (403, "key_too_strong")
        assert (await api.refused(method, strong, json=body, headers=by(bound["key"])))["status"] == 404
    seen = (await api.get(KEYS, headers=by(bound["key"]))).json()["data"]
    assert [one["name"] for one in seen] == ["bound"]
    renamed = await api.request("PATCH", f"{KEYS}/{bound['id']}", json={"name": "b"}, headers=by(weak["key"]))
    assert renamed.json()["data"]["name"] == "b"
    assert (await api.request("DELETE", f"{KEYS}/{weak['id']}", headers=by(weak["key"]))).status_code == 204
    assert (await api.refused("GET", CURRENT, headers=by(weak["key"])))["status"] == 401


async def test_revoking_takes_what_was_made_with_it(api: Api, ada: User) -> None:
    stolen = await make(api, ada)
    copies = [await make(api, ada, stolen["key"])]
    copies.append(await make(api, ada, copies[0]["key"]))
    other = await make(api, ada)
    assert (await api.request("DELETE", f"{KEYS}/{stolen['id']}", ada)).status_code == 204
    for gone in (stolen, *copies):
        assert (await api.refused("GET", CURRENT, headers=by(gone["key"])))["code"] == "wrong_key"
    assert (await api.get(CURRENT, headers=by(other["key"]))).status_code == 200


async def test_keys_that_do_not_work_are_told_why(api: Api, ada: User) -> None:
    made = await make(api, ada, expires_at=(utc_now() + timedelta(days=1)).isoformat())
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = %s", (made["id"],))
    last = "0" if made["key"][-1] != "0" else "1"
    for key, code, told in (
        (made["key"], "expired", "This API key has expired"),
        (new_api_key(), "wrong_key", "there is none like it, or it was revoked"),
        (made["key"][:-1] + last, "wrong_key", "A character may be wrong"),
        (made["key"][:-1], "wrong_key", "one begins with rst_"),
    ):
        answer = await api.get(CURRENT, headers=by(key))
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert told in answer.json()["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="restante", error="invalid_token"'


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"scopes": []}, ["scopes"]),
        ({"scopes": ["everything"]}, ["scopes[0]"]),
        ({"scopes": None}, ["scopes"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": 1}, ["name"]),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ["expires_at"]),
        ({"expires_at": "2099-01-01T00:00:00"}, ["expires_at"]),
        ({"expires_at": "soon"}, ["expires_at"]),
        ({"domain": "elsewhere.test"}, ["domain"]),
        ({"domain": "\0"}, ["domain"]),
        ({"alias_id": str(new_id())}, ["alias_id"]),
        ({"alias_id": "x"}, ["alias_id"]),
        ({"power": 9}, ["power"]),
        ({"scopes": [], "name": "x" * 101, "domain": "elsewhere.test"}, ["name", "scopes", "domain"]),
    ],
)
async def test_what_cannot_be_made(api: Api, ada: User, asked: dict[str, object], fields: list[str]) -> None:
    problem = await api.refused("POST", KEYS, ada, json={"scopes": ["keys:read"]} | asked)
    assert problem["status"] == 422
    assert [fault["field"] for fault in problem["errors"]] == fields
    assert len((await api.get(KEYS, ada)).json()["data"]) == 1


async def test_an_alias_of_others_is_none_to_bind_to(api: Api, ada: User, bob: User) -> None:
    body = {"scopes": ["keys:read"], "alias_id": str(bob.alias.alias_id)}
    assert (await api.refused("POST", KEYS, ada, json=body))["errors"][0]["field"] == "alias_id"
    both = {"scopes": ["keys:read"], "alias_id": str(ada.alias.alias_id), "domain": "second.test"}
    assert (await api.refused("POST", KEYS, ada, json=both))["errors"][0]["field"] == "domain"


async def test_keys_of_others_are_not_there(api: Api, ada: User, bob: User) -> None:
    path = f"{KEYS}/{bob.actor.key_id}"
    for method, body in (("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)):
        assert (await api.refused(method, path, ada, json=body))["status"] == 404
    assert (await api.get(CURRENT, bob)).json()["data"]["name"] == "tests"


async def test_the_day_of_the_last_use_is_noted(api: Api, ada: User) -> None:
    made = await make(api, ada)
    path = f"{KEYS}/{made['id']}"
    assert (await api.get(path, ada)).json()["data"]["last_used_on"] is None
    assert (await api.refused("GET", "/api/v1/messages", headers=by(made["key"])))["status"] == 403
    noted = None
    for _ in range(100):  # it is written once the answer has gone out
        noted = (await api.get(path, ada)).json()["data"]["last_used_on"]
        if noted is not None:
            break
    assert noted == datetime.now(UTC).date().isoformat()


def test_the_docs_tell_scanners_the_truth() -> None:
    text = DOCS.read_text()
    (shape,) = re.findall(r"a key matches `([^`]+)`", text)
    (code,) = re.findall(r"In Python:\n\n((?:    .*\n)+)", text)
    for _ in range(20):
        key = new_api_key()
        assert re.fullmatch(shape, key)
        exec(re.sub("(?m)^    ", "", code), {"zlib": zlib, "key": key})  # noqa: S102 - our own words
