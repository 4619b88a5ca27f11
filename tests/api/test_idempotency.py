"""A request that is sent again: it is carried out once, whatever happens in between."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core.categories import service as categories
from app.core.idempotency import queries
from app.core.idempotency import service as idempotency
from app.core.idempotency.model import Attempt
from app.lib.db import Conn
from tests.api.conftest import Api, User

CATEGORIES = "/api/v1/categories"


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def make(api: Api, user: User, key: str, name: str = "shops", path: str = CATEGORIES) -> httpx.Response:
    return await api.request("POST", path, user, json={"name": name}, headers=keyed(key))


async def names_of(api: Api, user: User) -> list[str]:
    return [one["name"] for one in (await api.get(CATEGORIES, user)).json()["data"]]


async def test_the_same_request_is_answered_the_same_and_done_once(api: Api, ada: User) -> None:
    first = await make(api, ada, "one")
    again = await make(api, ada, '"one"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await names_of(api, ada) == ["shops"]


async def test_an_answer_without_a_body_is_replayed(api: Api, ada: User) -> None:
    """Deleting a message twice would delete it for ever."""
    message_id = await api.deliver(ada, b"Subject: one\r\n\r\nText\r\n")
    for is_again in (False, True):
        response = await api.request("DELETE", f"/api/v1/messages/{message_id}", ada, headers=keyed("x"))
        assert (response.status_code, response.content) == (204, b"")
        assert ("idempotency-replayed" in response.headers) is is_again
    assert (await api.get(f"/api/v1/messages/{message_id}", ada)).json()["data"]["folder"] == "trash"


async def test_another_request_with_the_key_is_refused(api: Api, ada: User) -> None:
    await make(api, ada, "one")
    others: list[dict[str, Any]] = [
        await api.refused("POST", CATEGORIES, ada, json={"name": "banks"}, headers=keyed("one")),
        await api.refused("POST", "/api/v1/aliases", ada, json={"name": "shops"}, headers=keyed("one")),
        await api.refused("DELETE", f"/api/v1/aliases/{ada.alias.alias_id}", ada, headers=keyed("one")),
    ]
    assert [(one["status"], one["code"]) for one in others] == [(422, "idempotency_key_reused")] * 3
    assert await names_of(api, ada) == ["shops"]


async def test_keys_are_the_api_key_s_own(api: Api, ada: User, bob: User) -> None:
    await make(api, ada, "one")
    assert (await make(api, bob, "one", name="banks")).status_code == 201
    assert await names_of(api, bob) == ["banks"]


async def test_a_failure_that_did_nothing_gives_the_key_back(api: Api, ada: User) -> None:
    wrong = await make(api, ada, "one", name="")
    assert wrong.status_code == 422
    assert (await make(api, ada, "one", name="shops")).status_code == 201
    assert "idempotency-replayed" not in wrong.headers


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, '""', "a\\b", '"a'])
async def test_bad_keys_are_refused(api: Api, ada: User, key: str) -> None:
    headers = [(b"Authorization", f"Bearer {ada.key}".encode()), (b"Idempotency-Key", key.encode())]
    response = await api.client.post(CATEGORIES, json={"name": "shops"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "bad_idempotency_key")
    assert await names_of(api, ada) == []


async def test_two_keys_are_refused(api: Api, ada: User) -> None:
    headers = [("Authorization", f"Bearer {ada.key}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    response = await api.client.post(CATEGORIES, json={"name": "shops"}, headers=headers)
    assert response.json()["code"] == "bad_idempotency_key"


async def test_looking_needs_no_key(api: Api, ada: User) -> None:
    assert (await api.get(CATEGORIES, ada, headers=keyed("a b"))).status_code == 200


async def test_many_at_once_are_done_once(api: Api, ada: User) -> None:
    answers = await asyncio.gather(*(make(api, ada, "one") for _ in range(8)))
    assert await names_of(api, ada) == ["shops"]
    told = {(one.status_code, one.json().get("code")) for one in answers}
    assert (201, None) in told
    assert told <= {(201, None), (409, "idempotency_in_progress")}
    assert all(one.headers["retry-after"] for one in answers if one.status_code == 409)
    assert len({one.content for one in answers if one.status_code == 201}) == 1


async def died(api: Api, user: User, monkeypatch: pytest.MonkeyPatch, *, is_committed: bool) -> None:
    """Leave in the database what a process does that ends before or after its commit: it settles nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "settle", ignored)
        if not is_committed:
            patch.setattr(categories, "create", failing)
        response = await make(api, user, "one")
    assert response.status_code == (201 if is_committed else 500)


async def ignored(*_arguments: object, **_named: object) -> None:
    return None


async def failing(*_arguments: object, **_named: object) -> None:
    raise RuntimeError


async def end_leases(api: Api) -> None:
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE idempotency_keys SET leased_until = now() - interval '1 second'")


async def test_a_process_that_died_before_its_commit_has_done_nothing(
    api: Api, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await died(api, ada, monkeypatch, is_committed=False)
    assert (await make(api, ada, "one")).json()["code"] == "idempotency_in_progress"
    await end_leases(api)
    assert (await make(api, ada, "one")).status_code == 201
    assert await names_of(api, ada) == ["shops"]


async def test_a_process_that_died_after_its_commit_has_lost_the_answer(
    api: Api, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await died(api, ada, monkeypatch, is_committed=True)
    assert (await make(api, ada, "one")).json()["code"] == "idempotency_in_progress"
    await end_leases(api)
    for _ in range(2):
        lost = await make(api, ada, "one")
        assert (lost.status_code, lost.json()["code"]) == (409, "idempotency_answer_lost")
    assert await names_of(api, ada) == ["shops"]


async def test_who_was_too_slow_does_nothing_after_another_took_over(
    api: Api, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is held just before its commit, its lease ends, and the second does the work."""
    message_id = await api.deliver(ada, b"Subject: one\r\n\r\nText\r\n")
    held, go_on = asyncio.Event(), asyncio.Event()
    real = queries.set_committed

    async def slow(conn: Conn, attempt: Attempt) -> bool:
        if not held.is_set():
            held.set()
            await go_on.wait()
        return await real(conn, attempt)

    monkeypatch.setattr(queries, "set_committed", slow)
    first = asyncio.create_task(make(api, ada, "one"))
    await held.wait()
    await end_leases(api)
    # The first holds the account's row until it ends, so the second does something that needs no such lock.
    star = {"ids": [str(message_id)], "action": "star"}
    second = await api.request("POST", "/api/v1/messages/actions", ada, json=star, headers=keyed("one"))
    go_on.set()
    assert second.json() == {"data": {"changed": 1}}
    assert ((await first).status_code, (await first).json()["code"]) == (409, "idempotency_lease_ended")
    assert await names_of(api, ada) == []


async def test_keys_are_free_again_after_a_day(api: Api, ada: User) -> None:
    first = (await make(api, ada, "one")).json()["data"]["id"]
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE idempotency_keys SET claimed_at = now() - interval '24 hours'")
        await conn.execute("DELETE FROM categories")
    assert (await make(api, ada, "one")).json()["data"]["id"] != first


async def test_an_answer_that_is_too_large_is_not_kept(api: Api, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MAX_ANSWER", 10)
    assert (await make(api, ada, "one")).status_code == 201
    await end_leases(api)
    assert (await make(api, ada, "one")).json()["code"] == "idempotency_answer_lost"


async def test_nothing_of_key_request_or_answer_is_stored_in_clear(api: Api, ada: User) -> None:
    await make(api, ada, "the-clients-own-number", name="the name of a category")
    async with api.platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT k::text, k.answer FROM idempotency_keys k")).fetchall()
    for text, answer in rows:
        assert "clients" not in text
        assert b"category" not in answer
        assert b"clients".hex() not in text
