"""How many requests a key may make, and how many wrong keys a network."""

import pytest
from litestar import Litestar

from app.api import rates
from app.api.errors import give_problems
from app.api.router import api_router
from app.core.platform import Platform
from app.vault.tokens import new_api_key
from tests.api.conftest import Api, Serve, User


@pytest.fixture
async def slow(serve: Serve, platform: Platform) -> Api:
    """An API that lets a key make three requests a minute."""
    app = Litestar([api_router(platform, per_minute=3)], openapi_config=None, logging_config=None)
    give_problems(app)
    return await serve(app)


async def test_every_answer_to_a_key_says_what_is_left(api: Api, ada: User) -> None:
    left = []
    for path in ("/api/v1/account", "/api/v1/aliases?nothing=1", "/api/v1/domains/no.example"):
        response = await api.get(path, ada)
        assert response.headers["ratelimit-policy"] == '"key";q=6000;w=60'
        assert response.headers["ratelimit-limit"] == "6000"
        left.append(int(response.headers["ratelimit-remaining"]))
        assert response.headers["ratelimit"] == f'"key";r={left[-1]};t={response.headers["ratelimit-reset"]}'
    assert left[0] > 5990
    assert left == sorted(left, reverse=True)


async def test_too_many_are_told_to_wait(slow: Api) -> None:
    ada, bob = await slow.make_user("ada"), await slow.make_user("bob")
    for left in (2, 1, 0):
        response = await slow.get("/api/v1/account", ada)
        assert (response.status_code, response.headers["ratelimit-remaining"]) == (200, str(left))
    refused = await slow.get("/api/v1/account", ada)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 20
    assert 0 < int(refused.headers["ratelimit-reset"]) <= 60
    assert (await slow.get("/api/v1/account", bob)).status_code == 200


async def test_what_a_key_may_not_do_counts_as_well(slow: Api) -> None:
    ada = await slow.make_user("ada")
    async with slow.platform.db.transaction() as conn:
        await conn.execute("UPDATE api_keys SET scopes = '{aliases:read}'")
    for left in (2, 1, 0):
        response = await slow.get("/api/v1/account", ada)
        assert (response.json()["code"], response.headers["ratelimit-remaining"]) == ("scope_missing", str(left))
    assert (await slow.get("/api/v1/account", ada)).json()["code"] == "rate_limited"


async def test_who_guesses_keys_is_stopped_and_right_keys_go_on(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, platform: Platform
) -> None:
    monkeypatch.setattr(rates.WrongKeys.__init__, "__kwdefaults__", {"burst": 3, "per_second": 0.001})
    app = Litestar([api_router(platform)], openapi_config=None, logging_config=None)
    give_problems(app)
    api = await serve(app)
    ada = await api.make_user("ada")
    await api.get("/api/v1/account", ada)
    for _ in range(3):
        wrong = await api.get("/api/v1/account", headers={"Authorization": f"Bearer {new_api_key()}"})
        assert wrong.status_code == 401
    stopped = await api.get("/api/v1/account", headers={"Authorization": f"Bearer {new_api_key()}"})
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_wrong_keys")
    assert int(stopped.headers["retry-after"]) > 0
    assert (await api.get("/api/v1/account", ada)).status_code == 200
    assert (await api.get("/api/v1/account")).status_code == 401  # no key is no guess
