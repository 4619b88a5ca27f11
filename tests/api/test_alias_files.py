"""Aliases as a file, through the API; and the limits that every way of making one meets."""

from datetime import timedelta

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from app.lib.ids import first_id_at
from app.lib.times import utc_now
from tests.api.conftest import Api, User

CSV = {"content-type": "text/csv; charset=utf-8"}
FILE = b"alias,note,enabled\r\nshop@restante.test,Books,True\r\nnews@a.test,News,False\r\nbad,,\r\n"
IMPORT = "/api/v1/aliases/import"


async def send(api: Api, user: User, content: bytes = FILE, **params: str) -> dict[str, object]:
    response = await api.request("POST", IMPORT, user, content=content, headers=CSV, params=params)
    assert response.status_code == 200, response.text
    data: dict[str, object] = response.json()["data"]
    return data


async def test_a_file_is_looked_at_and_made(api: Api, ada: User) -> None:
    look = await send(api, ada, preview="true")
    assert look == {
        "source": "simplelogin",
        "is_preview": True,
        "unused": [],
        "counts": {"made": 1, "elsewhere": 1, "faulty": 1},
        "lines": [
            {
                "line": 2,
                "written": "shop@restante.test",
                "outcome": "made",
                "email": "shop@restante.test",
                "detail": None,
            },
            {
                "line": 3,
                "written": "news@a.test",
                "outcome": "elsewhere",
                "email": None,
                "detail": "You cannot make aliases on this domain here.",
            },
            {"line": 4, "written": "bad", "outcome": "faulty", "email": None, "detail": "This is not a mail address."},
        ],
    }
    assert (await api.get("/api/v1/account", ada)).json()["data"]["alias_count"] == 1
    made = await send(api, ada, others="same", domain="second.test")
    assert made["counts"] == {"made": 2, "faulty": 1}
    listed = (await api.get("/api/v1/aliases", ada)).json()["data"]
    assert {"shop@restante.test", "news@second.test"} < {one["email"] for one in listed}
    assert (await send(api, ada))["counts"] == {"exists": 1, "elsewhere": 1, "faulty": 1}


async def test_bodies_that_are_no_file(api: Api, ada: User) -> None:
    problem = await api.refused("POST", IMPORT, ada, json={})
    assert problem["status"] == 415
    for content, status in ((b"", 422), (b"one,two\n", 422), (b"\x00", 422), (b"x" * (5 << 20), 413)):
        problem = await api.refused("POST", IMPORT, ada, content=content, headers=CSV)
        assert problem["status"] == status
    problem = await api.refused(
        "POST", IMPORT, ada, content=FILE, headers=CSV, params={"others": "same", "domain": "a.test"}
    )
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "domain")
    assert (await api.refused("POST", IMPORT, ada, content=FILE, headers=CSV, params={"others": "x"}))["status"] == 422
    assert (await api.refused("POST", IMPORT, content=FILE, headers=CSV))["status"] == 401


async def test_an_export_holds_ones_own_alone(api: Api, ada: User, bob: User) -> None:
    response = await api.get("/api/v1/aliases/export", ada)
    assert response.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert response.text.count("\r\n") == 2
    assert ada.alias.address in response.text
    assert bob.alias.address not in response.text
    assert (await api.refused("GET", "/api/v1/aliases/export"))["status"] == 401


async def test_a_full_account_and_too_fast_a_one_are_told_apart(api: Api, ada: User, bob: User) -> None:
    async with api.platform.db.transaction() as conn:
        await accounts.change_limits(conn, ada.account, Limits(alias_limit=1))
        ids = [first_id_at(utc_now() - timedelta(minutes=10) + timedelta(seconds=one)) for one in range(200)]
        await conn.execute(
            """INSERT INTO aliases (account_id, alias_id, address, details, is_enabled, when_disabled, made_by)
               SELECT %s, id, id || '@restante.test', '', true, 'refuse', 'owner' FROM unnest(%s::uuid[]) AS id""",
            (bob.account.account_id, ids),
        )
    problem = await api.refused("POST", "/api/v1/aliases", ada, json={})
    assert (problem["status"], problem["code"]) == (403, "alias_limit")
    assert "1 of 1 aliases" in problem["detail"]
    response = await api.request("POST", "/api/v1/aliases", bob, json={})
    assert (response.status_code, response.json()["code"]) == (429, "alias_rate")
    assert 2900 < int(response.headers["retry-after"]) <= 3600
    assert (await send(api, bob))["counts"] == {"made": 1, "elsewhere": 1, "faulty": 1}
