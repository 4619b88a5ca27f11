import pytest

from app.web.pending import GivenPending
from app.web.routes import ROUTES
from app.web.session import GivenFreshSession, GivenSession
from tests.conftest import PASSWORD
from tests.web.conftest import Browser

pytestmark = pytest.mark.anyio


async def test_a_wrong_password_changes_nothing(signed_in: Browser) -> None:
    before = dict(signed_in.client.cookies)
    answer = await signed_in.send("/confirm?next=/keys", "/confirm", {"password": "wrong"})
    assert answer.status_code == 422
    assert Browser.checked(answer).hidden("/confirm")["next"] == "/keys"
    assert dict(signed_in.client.cookies) == before


async def test_the_right_one_gives_a_new_session_and_leads_back(signed_in: Browser) -> None:
    before = dict(signed_in.client.cookies)
    answer = await signed_in.send("/confirm?next=/keys%3Frevoked%3D1", "/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys?revoked=1")
    after = dict(signed_in.client.cookies)
    assert before != after
    await signed_in.page("/keys")
    signed_in.client.cookies.clear()
    signed_in.client.cookies.update(before)
    assert (await signed_in.get("/keys")).headers["location"].startswith("/login")


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil", "/confirm", "/login?next=/x"])
async def test_the_way_back_is_a_path_of_ours(signed_in: Browser, path: str) -> None:
    fields = (await signed_in.page("/confirm")).hidden("/confirm")
    answer = await signed_in.post("/confirm", fields | {"next": path, "password": PASSWORD})
    assert answer.headers["location"] == "/inbox"


async def test_a_form_that_came_too_late_is_kept_but_for_its_secrets(signed_in: Browser) -> None:
    fields = (await signed_in.page("/confirm")).hidden("/confirm")
    kept = {"method": "POST", "next": "/keys", "kept.name": "<phone>", "kept.scopes": "aliases:read"}
    page = Browser.checked(await signed_in.post("/confirm", fields | kept | {"password": "wrong"}))
    assert kept.items() <= page.hidden("/confirm").items()
    answer = await signed_in.post("/confirm", page.hidden("/confirm") | {"password": PASSWORD})
    assert answer.status_code == 200
    again = Browser.checked(answer).hidden("/keys")
    assert (again["name"], again["scopes"]) == ("<phone>", "aliases:read")
    assert again["csrf"] != fields["csrf"]
    assert "rst_" in (await signed_in.post("/keys", again)).text


def test_what_is_sensitive_is_given_the_session_that_was_checked() -> None:
    """Handlers are given by name: a fresh session asked for under the name of another would be one that is not."""
    names = {
        GivenFreshSession: {"fresh", "fresh_admin"},
        GivenSession: {"session", "admin", "leaving"},
        GivenPending: {"pending"},
    }
    found = [
        (name, names[kind])
        for _, _, handler in ROUTES
        for name, kind in handler.__annotations__.items()
        if kind in names
    ]
    assert len(found) > 60
    assert [name for name, right in found if name not in right] == []
    assert {"fresh", "session", "pending"} <= {name for name, _ in found}
