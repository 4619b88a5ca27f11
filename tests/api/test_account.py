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
    }


async def test_accounts_do_not_see_each_other(api: Api, ada: User, bob: User) -> None:
    await api.deliver(ada, b"Subject: Hello\r\n\r\nText.\r\n")
    data = (await api.get("/api/v1/account", bob)).json()["data"]
    assert (data["login"], data["message_count"], data["stored_bytes"]) == ("bob", 0, 0)
