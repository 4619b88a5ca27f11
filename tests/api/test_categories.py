"""Categories over the API."""

import pytest

from app.core.categories.service import MAX_CATEGORIES
from tests.api.conftest import Api, User

CATEGORIES = "/api/v1/categories"


async def make(api: Api, user: User, name: str, colour: str = "grey") -> str:
    response = await api.request("POST", CATEGORIES, user, json={"name": name, "colour": colour})
    assert response.status_code == 201
    data = response.json()["data"]
    assert response.headers["location"].endswith(f"{CATEGORIES}/{data['id']}")
    made: str = data["id"]
    return made


async def test_categories_are_made_changed_and_deleted(api: Api, ada: User) -> None:
    shops, news = await make(api, ada, " Shops\u00a0 and more ", "teal"), await make(api, ada, "news")
    listed = (await api.get(CATEGORIES, ada)).json()
    assert listed == {
        "data": [
            {"id": news, "name": "news", "colour": "grey"},
            {"id": shops, "name": "Shops and more", "colour": "teal"},
        ],
        "next": None,
    }
    path = f"{CATEGORIES}/{shops}"
    changed = (await api.request("PATCH", path, ada, json={"name": "SHOPS", "colour": "red"})).json()["data"]
    assert changed == {"id": shops, "name": "SHOPS", "colour": "red"}
    assert (await api.request("PATCH", path, ada, json={})).json()["data"] == changed
    assert (await api.get(path, ada)).json()["data"] == changed
    await api.request("PATCH", f"/api/v1/aliases/{ada.alias.alias_id}", ada, json={"category_id": shops})
    assert (await api.request("DELETE", path, ada)).status_code == 204
    assert (await api.refused("GET", path, ada))["status"] == 404
    alias = (await api.get(f"/api/v1/aliases/{ada.alias.alias_id}", ada)).json()["data"]
    assert alias["category_id"] is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_another_accounts_category_is_not_found(api: Api, ada: User, bob: User, method: str) -> None:
    path = f"{CATEGORIES}/{await make(api, ada, 'Shops')}"
    problem = (
        await api.refused(method, path, bob, json={"name": "mine"})
        if method == "PATCH"
        else await api.refused(method, path, bob)
    )
    assert (problem["status"], problem["code"]) == (404, "not_found")
    assert (await api.get(CATEGORIES, bob)).json()["data"] == []
    assert (await api.get(path, ada)).json()["data"]["name"] == "Shops"


async def test_a_name_is_taken_once(api: Api, ada: User, bob: User) -> None:
    await make(api, ada, "Shops")
    other = await make(api, ada, "News")
    await make(api, bob, "Shops")
    problem = await api.refused("POST", CATEGORIES, ada, json={"name": "sHOPS "})
    assert (problem["status"], problem["code"]) == (409, "category_taken")
    problem = await api.refused("PATCH", f"{CATEGORIES}/{other}", ada, json={"name": "SHOPS"})
    assert (problem["status"], problem["code"]) == (409, "category_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "colour": "pink"}, "colour"),
        ({"name": "x", "other": 1}, "other"),
    ],
)
async def test_wrong_fields_are_named(api: Api, ada: User, body: dict[str, object], field: str) -> None:
    problem = await api.refused("POST", CATEGORIES, ada, json=body)
    assert problem["status"] == 422
    assert [fault["field"] for fault in problem["errors"]] == [field]


async def test_there_is_an_end_to_them(api: Api, ada: User) -> None:
    for number in range(MAX_CATEGORIES):
        await make(api, ada, str(number))
    problem = await api.refused("POST", CATEGORIES, ada, json={"name": "one more"})
    assert (problem["status"], problem["code"]) == (403, "category_limit")
