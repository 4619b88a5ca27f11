"""Webhooks over the API: made and changed, their deliveries told and told again. What they are sent is in core."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.accounts import service as accounts
from app.core.webhooks.sealing import seal_answer
from app.lib.ids import new_id
from app.lib.times import rfc3339, utc_now
from tests.api.conftest import Api, User

URL = "https://hooks.test/mail?token=kept"
MAIL = b"From: shop@shop.test\r\nSubject: Your order\r\n\r\nIt is on its way.\r\n"
NEW = {"url": URL, "event_types": ["message.received"]}


async def make(api: Api, user: User, **chosen: object) -> dict[str, Any]:
    response = await api.request("POST", "/api/v1/webhooks", user, json=NEW | chosen)
    assert response.status_code == 201
    made: dict[str, Any] = response.json()["data"]
    assert response.headers["location"].endswith(f"/api/v1/webhooks/{made['id']}")
    return made


async def data(api: Api, user: User, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
    response = await api.get(f"/api/v1{path}", user, **options)
    assert response.status_code == 200
    return response.json()["data"]


async def fail(api: Api, user: User, webhook_id: str, event_id: UUID, answer: bytes | None = b"caf\xe9") -> None:
    """As the worker does when it gives up after one attempt."""
    attempt_id = new_id()
    async with api.platform.db.transaction() as conn:
        index_key = await accounts.index_key(conn, api.platform.instance, user.account.account_id)
        sealed = seal_answer(index_key, user.account.account_id, attempt_id, answer) if answer else None
        await conn.execute(
            """UPDATE webhook_deliveries SET state = 'failed', attempt_count = 1, ended_at = now()
               WHERE webhook_id = %s AND event_id = %s""",
            (webhook_id, event_id),
        )
        await conn.execute("UPDATE events SET payload = NULL WHERE event_id = %s", (event_id,))
        await conn.execute(
            "INSERT INTO webhook_attempts VALUES (%s, %s, %s, %s, 503, NULL, 12, %s)",
            (user.account.account_id, webhook_id, event_id, attempt_id, sealed),
        )


async def test_one_is_made_and_its_secret_shown_once(api: Api, ada: User) -> None:
    made = await make(api, ada, description="Orders", content="full", alias_id=str(ada.alias.alias_id))
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["alias"] == {"id": str(ada.alias.alias_id), "email": ada.alias.address}
    assert (made["url"], made["description"], made["content"]) == (URL, "Orders", "full")
    assert (made["is_enabled"], made["pending_count"], made["old_secret_until"]) == (True, 0, None)
    assert await data(api, ada, f"/webhooks/{made['id']}") == made
    assert await data(api, ada, "/webhooks") == [made]


async def test_it_is_changed_rotated_and_deleted(api: Api, ada: User) -> None:
    made = await make(api, ada)
    path = f"/api/v1/webhooks/{made['id']}"
    patch = {"event_types": ["message.held", "domain.failing"], "alias_id": None, "is_enabled": False}
    changed = (await api.request("PATCH", path, ada, json=patch)).json()["data"]
    assert (changed["event_types"], changed["is_enabled"]) == (["message.held", "domain.failing"], False)
    rotated = (await api.request("POST", f"{path}/rotate", ada)).json()["data"]
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] > rfc3339(utc_now() + timedelta(hours=23))
    assert (await api.request("DELETE", path, ada)).status_code == 204
    assert (await api.refused("GET", path, ada))["status"] == 404


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"url": "https://me:word@hooks.test/"}, "url"),
        ({"url": "mailto:me@hooks.test"}, "url"),
        ({"url": "https://hooks.test/#part"}, "url"),
        ({"url": 7}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["message.lost"]}, "event_types[0]"),
        ({"event_types": ["webhook.test"]}, "event_types"),
        ({"content": "all"}, "content"),
        ({"alias_id": str(uuid4())}, "alias_id"),
        ({"secret": "mine"}, "secret"),
    ],
)
async def test_what_is_wrong_is_told_by_field(api: Api, ada: User, chosen: dict[str, Any], field: str) -> None:
    problem = await api.refused("POST", "/api/v1/webhooks", ada, json=NEW | chosen)
    assert (problem["status"], problem["errors"][0]["field"]) == (422, field)


async def test_others_webhooks_are_not_there(api: Api, ada: User, bob: User) -> None:
    made = await make(api, ada)
    path, event_id = f"/api/v1/webhooks/{made['id']}", uuid4()
    span = {"from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"}
    for method, rest, body in (
        ("GET", "", None),
        ("PATCH", "", {"is_enabled": False}),
        ("DELETE", "", None),
        ("POST", "/rotate", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("GET", f"/deliveries/{event_id}", None),
        ("POST", f"/deliveries/{event_id}/replay", None),
        ("POST", "/replay", span),
    ):
        options: Any = {} if body is None else {"json": body}
        assert (await api.refused(method, path + rest, bob, **options))["status"] == 404
    assert await data(api, bob, "/webhooks") == []


async def test_a_test_is_among_the_deliveries(api: Api, ada: User) -> None:
    made = await make(api, ada)
    response = await api.request("POST", f"/api/v1/webhooks/{made['id']}/test", ada)
    assert response.status_code == 202
    sent = response.json()["data"]
    assert (sent["type"], sent["state"], sent["attempt_count"]) == ("webhook.test", "pending", 0)
    assert await data(api, ada, f"/webhooks/{made['id']}/deliveries") == [sent]
    await api.request("PATCH", f"/api/v1/webhooks/{made['id']}", ada, json={"is_enabled": False})
    problem = await api.refused("POST", f"/api/v1/webhooks/{made['id']}/test", ada)
    assert (problem["status"], problem["code"]) == (409, "webhook_disabled")


async def test_deliveries_are_listed_and_told_with_their_attempts(api: Api, ada: User) -> None:
    made = await make(api, ada)
    first, second = await api.deliver(ada, MAIL), await api.deliver(ada, MAIL)
    await fail(api, ada, made["id"], first)
    path = f"/webhooks/{made['id']}/deliveries"
    assert [one["event_id"] for one in await data(api, ada, path)] == [str(second), str(first)]
    assert [one["event_id"] for one in await data(api, ada, path, params={"state": "failed"})] == [str(first)]
    assert await data(api, ada, path, params={"type": "message.held"}) == []
    whole = await data(api, ada, f"{path}/{first}")
    assert (whole["state"], whole["attempt_count"], whole["next_attempt_at"]) == ("failed", 1, None)
    (attempt,) = whole["attempts"]
    assert (attempt["status"], attempt["error"], attempt["milliseconds"]) == (503, None, 12)
    assert attempt["answer"] == "caf\N{REPLACEMENT CHARACTER}"
    page = (await api.get(f"/api/v1{path}", ada, params={"limit": "1"})).json()
    assert [one["event_id"] for one in page["data"]] == [str(second)]
    page = (await api.get(f"/api/v1{path}", ada, params={"limit": "1", "cursor": page["next"]})).json()
    assert ([one["event_id"] for one in page["data"]], page["next"]) == ([str(first)], None)
    problem = await api.refused("GET", f"/api/v1{path}", ada, params={"state": "lost"})
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "state")


async def test_one_is_told_again(api: Api, ada: User) -> None:
    made = await make(api, ada)
    message_id = await api.deliver(ada, MAIL)
    await fail(api, ada, made["id"], message_id)
    path = f"/api/v1/webhooks/{made['id']}/deliveries/{message_id}/replay"
    response = await api.request("POST", path, ada)
    assert response.status_code == 202
    again = response.json()["data"]
    assert (again["event_id"], again["state"], again["attempt_count"]) == (str(message_id), "pending", 0)
    async with api.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT payload IS NOT NULL FROM events WHERE event_id = %s", (message_id,))
        assert await cursor.fetchall() == [(True,)]


async def test_what_is_deleted_cannot_be_told_again(api: Api, ada: User) -> None:
    made = await make(api, ada)
    message_id = await api.deliver(ada, MAIL)
    await fail(api, ada, made["id"], message_id)
    for _ in range(2):
        await api.request("DELETE", f"/api/v1/messages/{message_id}", ada)
    problem = await api.refused("POST", f"/api/v1/webhooks/{made['id']}/deliveries/{message_id}/replay", ada)
    assert (problem["status"], problem["code"]) == (404, "event_gone")
    span = {"from": rfc3339(utc_now() - timedelta(hours=1)), "to": rfc3339(utc_now() + timedelta(hours=1))}
    replayed = (await api.request("POST", f"/api/v1/webhooks/{made['id']}/replay", ada, json=span)).json()["data"]
    assert replayed == {"replayed": 0, "gone": 1, "next_from": None}


async def test_what_is_damaged_keeps_nothing_else_from_being_told_again(api: Api, ada: User) -> None:
    made = await make(api, ada, content="full")
    ids = [await api.deliver(ada, MAIL) for _ in range(3)]
    for message_id in ids:
        await fail(api, ada, made["id"], message_id)
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE message_summaries SET summary = 'x' WHERE message_id = %s", (ids[0],))
        await conn.execute("UPDATE message_sources SET source = 'x' WHERE message_id = %s", (ids[1],))
    now = utc_now()
    span = {"from": rfc3339(now - timedelta(hours=1)), "to": rfc3339(now + timedelta(hours=1))}
    replayed = (await api.request("POST", f"/api/v1/webhooks/{made['id']}/replay", ada, json=span)).json()["data"]
    assert replayed == {"replayed": 1, "gone": 2, "next_from": None}


async def test_a_span_is_told_again(api: Api, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await make(api, ada)
    ids = [await api.deliver(ada, MAIL) for _ in range(4)]
    for message_id in ids[:3]:
        await fail(api, ada, made["id"], message_id)
    path = f"/api/v1/webhooks/{made['id']}/replay"
    now = utc_now()
    span = {"from": rfc3339(now - timedelta(hours=1)), "to": rfc3339(now + timedelta(hours=1))}
    none = (await api.request("POST", path, ada, json=span | {"types": ["message.held"]})).json()["data"]
    assert none["replayed"] == 0
    monkeypatch.setattr("app.core.webhooks.deliveries.MAX_REPLAYED", 2)
    some = (await api.request("POST", path, ada, json=span)).json()["data"]
    assert (some["replayed"], some["gone"]) == (2, 0)
    rest = (await api.request("POST", path, ada, json=span | {"from": some["next_from"]})).json()["data"]
    assert rest == {"replayed": 1, "gone": 0, "next_from": None}
    ever = {"from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-12:00"}
    everything = await api.request("POST", path, ada, json=ever | {"states": ["delivered"]})
    assert everything.json()["data"]["replayed"] == 0
    found = await data(api, ada, f"/webhooks/{made['id']}/deliveries", params={"state": "pending"})
    assert len(found) == 4
    for wrong, field in (({"from": "2026-01-01T00:00:00"}, "from"), ({"to": span["from"]}, "to"), ({"at": 1}, "at")):
        problem = await api.refused("POST", path, ada, json={**span, **wrong})
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field)


async def test_what_it_missed_is_told_as_well(api: Api, ada: User) -> None:
    before = await api.deliver(ada, MAIL)
    made = await make(api, ada, event_types=["message.received", "alias.created"])
    path = f"/api/v1/webhooks/{made['id']}"
    told = await api.deliver(ada, MAIL)
    await api.request("PATCH", path, ada, json={"is_enabled": False})
    off = await api.deliver(ada, MAIL)
    await api.request("PATCH", path, ada, json={"is_enabled": True})
    now = utc_now()
    span: dict[str, Any] = {"from": rfc3339(now - timedelta(hours=1)), "to": rfc3339(now + timedelta(hours=1))}
    span |= {"states": ["missed"], "types": ["message.received", "message.held"]}
    for expected in (2, 0):
        replayed = (await api.request("POST", f"{path}/replay", ada, json=span)).json()["data"]
        assert replayed == {"replayed": expected, "gone": 0, "next_from": None}
    waiting = await data(api, ada, f"/webhooks/{made['id']}/deliveries", params={"state": "pending"})
    assert [one["event_id"] for one in waiting] == [str(off), str(told), str(before)]
    async with api.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM events WHERE payload IS NOT NULL")
        assert await cursor.fetchone() == (3,)
    span["types"] = ["alias.created"]
    replayed = (await api.request("POST", f"{path}/replay", ada, json=span)).json()["data"]
    assert replayed["replayed"] == 1


async def test_event_types_are_told(api: Api, ada: User) -> None:
    found = await data(api, ada, "/event-types")
    assert {"type": "message.held", "scope": "messages:read"}.items() <= found[1].items()
    assert "webhook.test" not in [one["type"] for one in found]
