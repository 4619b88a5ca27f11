import re

import pytest

from app.api import simplelogin
from app.core.accounts import service as accounts
from app.core.privacy import deletion
from app.lib.times import utc_now
from app.vault.tokens import new_api_key
from tests.api.conftest import Api, User

ID = "01970000-0000-7000-8000-000000000000"
EXAMPLES = {"ordinal": "1", "number": "1", "domain": "ada.example"}


def routes_of(api: Api) -> list[tuple[str, str]]:
    """Every method and path that the application serves, OPTIONS aside, with example values in its path."""

    def example(found: re.Match[str]) -> str:
        return EXAMPLES.get(found[1], ID)

    return sorted(
        (method, re.sub(r"{(\w+)}", example, route.path_format))
        for route in api.app.routes
        for method in route.methods - {"OPTIONS"}
    )


async def test_no_route_works_without_a_key(api: Api) -> None:
    routes = [one for one in routes_of(api) if one[1] != "/api/v1/openapi.json"]
    assert {("GET", "/api/v1/account"), ("GET", f"/api/v1/messages/{ID}/attachments/1")} <= set(routes)
    for method, path in routes:
        if path == f"/api{simplelogin.PATH}":  # in another shape; see test_password_managers
            continue
        if method == "HEAD":
            assert (await api.client.head(path)).status_code == 401, path
            continue
        problem = await api.refused(method, path)
        assert (problem["status"], problem["code"]) == (401, "unauthenticated"), (method, path)


async def test_options_says_what_a_path_takes(api: Api, ada: User) -> None:
    response = await api.request("OPTIONS", "/api/v1/categories", ada)
    assert (response.status_code, response.content) == (204, b"")
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["messages?folder=null", "messages?is_read=NULL", "aliases?category_id=null"])
async def test_null_in_a_query_is_not_taken_for_absence(api: Api, ada: User, path: str) -> None:
    name = path.partition("?")[2].partition("=")[0]
    problem = await api.refused("GET", f"/api/v1/{path}", ada)
    assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, [name])


async def test_a_missing_key_is_asked_for_without_an_error_code(api: Api) -> None:
    """RFC 6750 section 3.1."""
    response = await api.get("/api/v1/account")
    assert response.headers["www-authenticate"] == 'Bearer realm="restante"'


async def test_of_two_keys_neither_counts(api: Api, ada: User, bob: User) -> None:
    both = [("Authorization", f"Bearer {user.key}") for user in (ada, bob)]
    response = await api.client.get("/api/v1/account", headers=both)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    twice = [("Authentication", user.key) for user in (ada, bob)]
    assert (await api.client.post(f"/api{simplelogin.PATH}", headers=twice)).status_code == 400


async def test_a_wrong_key_is_told_apart_from_none(api: Api) -> None:
    for key in (new_api_key(), "rst_short", "x" * 4000, "\xff\xfe", "a b c"):
        headers = [(b"Authorization", b"Bearer " + key.encode("latin-1"))]
        response = await api.client.get("/api/v1/account", headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "wrong_key"), key
        assert response.headers["www-authenticate"] == 'Bearer realm="restante", error="invalid_token"'


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Token x", "{key}"])
async def test_other_schemes_are_no_key(api: Api, ada: User, header: str) -> None:
    problem = await api.refused("GET", "/api/v1/account", headers={"Authorization": header.format(key=ada.key)})
    assert (problem["status"], problem["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("header", ["Bearer {key}", "bearer {key}", "BEARER   {key}"])
async def test_the_scheme_is_read_leniently(api: Api, ada: User, header: str) -> None:
    response = await api.get("/api/v1/account", headers={"Authorization": header.format(key=ada.key)})
    assert response.status_code == 200


async def test_a_key_in_the_address_is_no_key(api: Api, ada: User) -> None:
    problem = await api.refused("GET", "/api/v1/account", params={"access_token": ada.key, "key": ada.key})
    assert problem["status"] == 401


async def test_a_suspended_account_is_told_so(api: Api, ada: User) -> None:
    async with api.platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=True)
    problem = await api.refused("GET", "/api/v1/account", ada)
    assert (problem["status"], problem["code"]) == (403, "suspended")


async def test_the_key_of_a_deleted_account_is_worth_nothing(api: Api, ada: User) -> None:
    await deletion.delete(api.platform, ada.account.account_id, now=utc_now())
    assert (await api.refused("GET", "/api/v1/account", ada))["code"] == "wrong_key"
