from app.lib.times import utc_today
from tests.api.conftest import Api, User


async def test_the_account_tells_what_it_holds(api: Api, ada: User) -> None:
    await api.deliver(ada, b"From: shop@shop.example\r\nSubject: Hello\r\n\r\nText.\r\n")
    response = await api.get("/api/v1/account", ada)
    data = response.json()["data"]
    assert 0 < data.pop("stored_bytes") < 1000
    assert data == {
        "account_id": str(ada.account.account_id),
        "login": "ada",
        "created_on": utc_today().isoformat(),
        "message_count": 1,
        "storage_limit": 1 << 30,
        "alias_count": 1,
        "alias_limit": 10_000,
        "domain_limit": 100,
        "alias_format": None,
        "alias_domain": None,
    }


async def test_accounts_do_not_see_each_other(api: Api, ada: User, bob: User) -> None:
    await api.deliver(ada, b"Subject: Hello\r\n\r\nText.\r\n")
    data = (await api.get("/api/v1/account", bob)).json()["data"]
    assert (data["login"], data["message_count"], data["stored_bytes"]) == ("bob", 0, 0)


async def test_new_aliases_look_as_the_account_prefers(api: Api, ada: User) -> None:
    wanted = {"alias_format": "uuid", "alias_domain": "second.test"}
    changed = (await api.request("PATCH", "/api/v1/account", ada, json=wanted)).json()["data"]
    assert {name: changed[name] for name in wanted} == wanted
    # As addy.io's clients and SimpleLogin's ask, who name neither.
    made = (await api.request("POST", "/api/v1/aliases", ada, json={"description": "x"})).json()["data"]["email"]
    local, _, domain = made.partition("@")
    assert (len(local), domain) == (36, "second.test")
    changed = (await api.request("PATCH", "/api/v1/account", ada, json={"alias_domain": None})).json()["data"]
    assert (changed["alias_format"], changed["alias_domain"]) == ("uuid", None)
    for wrong, field in (({"alias_domain": "elsewhere.test"}, "alias_domain"), ({"alias_format": "x"}, "alias_format")):
        problem = await api.refused("PATCH", "/api/v1/account", ada, json=wrong)
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
