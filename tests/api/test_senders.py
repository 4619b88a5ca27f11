from datetime import timedelta
from uuid import UUID

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.messages.store import Committer
from app.lib.times import utc_now, utc_today
from tests import mail
from tests.api.conftest import Api, User

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api, ada: User) -> Alias:
    async with api.platform.db.transaction() as conn:
        new = NewAlias(local_part="shop", site="shop.test")
        made = utc_now() - timedelta(days=365)
        return await aliases.create(conn, ada.actor.account_id, ada.actor.keyring, new, now=made)


async def write(api: Api, alias: Alias, *senders: str) -> None:
    committer = Committer(api.platform.db, shard=0)
    for sender in senders:
        raw = f"From: Name <{sender}>\r\nSubject: Hello\r\n\r\nText.\r\n".encode()
        await mail.deliver(committer, api.platform, raw, alias.address, sender=sender)


async def test_senders_with_leaks(api: Api, ada: User, shop: Alias) -> None:
    await write(api, shop, "news@shop.test", "news@shop.test", "x@pills.example")
    path, today = f"/api/v1/aliases/{shop.alias_id}/senders", utc_today().isoformat()
    found = (await api.get(path, ada, params={"sort": "most"})).json()
    assert found["next"] is None
    news, pills = found["data"]
    assert (news["address"], news["name"], news["organisation"]) == ("news@shop.test", "Name", "shop.test")
    assert (news["message_count"], news["first_on"], news["last_on"], news["leak"]) == (2, today, today, None)
    assert pills["leak"] == {
        "source": "shop.test",
        "stranger": "pills.example",
        "first_on": today,
        "message_count": 1,
        "is_named": True,
        "known": [{"organisation": "shop.test", "since": today, "message_count": 2}],
    }
    (leaked,) = (await api.get("/api/v1/leaks", ada)).json()["data"]
    assert leaked == {"alias": {"id": str(shop.alias_id), "email": shop.address}, "leaks": [pills["leak"]]}

    one = f"{path}/{pills['id']}"
    changed = (await api.request("PATCH", one, ada, json={"is_expected": True})).json()["data"]
    assert (changed["is_expected"], changed["leak"]) == (True, None)
    assert (await api.get(one, ada)).json()["data"] == changed
    assert (await api.get("/api/v1/leaks", ada)).json() == {"data": [], "next": None}
    assert (await api.request("PATCH", one, ada, json={})).json()["data"] == changed


async def test_senders_page_by_page(api: Api, ada: User, shop: Alias) -> None:
    await write(api, shop, *(f"s{number}@shop.test" for number in range(5)))
    path, seen, params = f"/api/v1/aliases/{shop.alias_id}/senders", [], {"limit": "2", "sort": "first"}
    while True:
        found = (await api.get(path, ada, params=params)).json()
        seen += [one["address"] for one in found["data"]]
        if found["next"] is None:
            break
        params["cursor"] = found["next"]
    assert seen == [f"s{number}@shop.test" for number in (4, 3, 2, 1, 0)]


async def test_statistics(api: Api, ada: User, shop: Alias) -> None:
    await write(api, shop, "a@shop.test", "b@shop.test")
    found = (await api.get(f"/api/v1/aliases/{shop.alias_id}/stats", ada)).json()["data"]
    assert (found["received_count"], found["sender_count"], found["refused_count"]) == (2, 2, 0)
    assert (found["unlisted_count"], found["last_received_on"]) == (0, utc_today().isoformat())
    assert [week["message_count"] for week in found["weeks"]] == [0] * 52 + [2]


async def test_what_is_not_there_or_not_ones_own(api: Api, ada: User, bob: User, shop: Alias) -> None:
    await write(api, shop, "x@pills.example")
    path = f"/api/v1/aliases/{shop.alias_id}/senders"
    (one,) = (await api.get(path, ada)).json()["data"]
    for wanted in (path, f"{path}/{one['id']}", f"/api/v1/aliases/{shop.alias_id}/stats"):
        assert (await api.refused("GET", wanted, bob))["status"] == 404
    body = {"is_expected": True}
    assert (await api.refused("PATCH", f"{path}/{one['id']}", bob, json=body))["status"] == 404
    assert (await api.refused("PATCH", f"{path}/{UUID(int=0)}", ada, json=body))["status"] == 404
    assert (await api.refused("PATCH", f"{path}/{one['id']}", ada, json={"is_expected": 1}))["status"] == 422
    assert (await api.refused("GET", path, ada, params={"sort": "name"}))["status"] == 422
    assert (await api.refused("GET", path, ada, params={"cursor": "x"}))["status"] == 422
    assert (await api.get("/api/v1/leaks", bob)).json()["data"] == []
