import re
from inspect import signature

import pytest
from litestar import Litestar

from app.core.platform import Platform
from app.lib.ids import new_id
from app.web.csrf import token
from app.web.routes import ROUTES
from tests.conftest import PASSWORD
from tests.web.conftest import Browser, Owner

pytestmark = pytest.mark.anyio

PUBLIC_FORMS = {"/join", "/login", "/login/code", "/recover", "/setup/{token:str}"}
SESSIONLESS_FORMS = {
    "/pricing/buy": "anybody buys, without an account; nothing here is done in somebody's name",
    "/shop/receipts/{secret:str}/kept": "the secret in the path and Stripe's id in the form are what the buyer has",
    "/stripe/events": "Stripe sends them, signed",
}
"""Forms that no session stands behind, and why they need no token of one; from elsewhere they are refused, too."""
PENDING_FORMS = {"/recover/file"}
"""Of who has yet to give the second factor, like /login/code: a session that is signed in is led to /login."""
LEAVING_FORMS = ["/leaving", "/leaving/sign-out"]
"""Found by nobody whose account is not about to be deleted."""
FORMS = [path for method, path, _ in ROUTES if method == "POST" and path not in PUBLIC_FORMS]
PRIVATE_FORMS = [path for path in FORMS if path not in {*SESSIONLESS_FORMS, *PENDING_FORMS, *LEAVING_FORMS}]
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://restante.test.evil.example"},
    {"Origin": "http://restante.test", "Sec-Fetch-Site": "cross-site"},
]


def filled(path: str) -> str:
    return re.sub(r"\{\w+:uuid\}", lambda _: str(new_id()), path).replace("{job_id:int}", "1")


async def ask_to_be_deleted(browser: Browser) -> None:
    answer = await browser.send("/settings/delete", "/settings/delete", {"when": "later"})
    assert answer.headers["location"] == "/leaving"


async def assert_needs_the_token(browser: Browser, platform: Platform, path: str) -> None:
    for sent in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": token(platform.instance, new_id())}):
        answer = await browser.post(filled(path), sent)
        assert answer.status_code == 403
        Browser.checked(answer)


@pytest.mark.parametrize("path", PRIVATE_FORMS)
async def test_a_form_without_the_sessions_token_is_refused(signed_in: Browser, platform: Platform, path: str) -> None:
    await assert_needs_the_token(signed_in, platform, path)


@pytest.mark.parametrize("path", LEAVING_FORMS)
async def test_forms_of_who_leaves_need_the_token_and_our_origin(
    signed_in: Browser, platform: Platform, path: str
) -> None:
    await ask_to_be_deleted(signed_in)
    await assert_needs_the_token(signed_in, platform, path)
    fields = (await signed_in.page("/leaving")).hidden(path) | {"do": "stay"}
    for headers in ELSEWHERE:
        assert (await signed_in.post(path, fields, headers=headers)).status_code == 403
    await signed_in.page("/leaving")
    assert (await signed_in.post(path, fields)).status_code == 303


def test_forms_without_a_token_are_given_no_session() -> None:
    handlers = {path: handler for method, path, handler in ROUTES if method == "POST"}
    for path in SESSIONLESS_FORMS:
        given = set(signature(handlers[path]).parameters)
        assert given <= {"request", "platform", "site", "secret"}, path


@pytest.mark.parametrize("path", ["/login", *FORMS])
@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_a_form_from_elsewhere_is_refused_even_with_the_token(
    signed_in: Browser, path: str, headers: dict[str, str]
) -> None:
    fields = (await signed_in.page("/inbox")).hidden("/logout")
    answer = await signed_in.post(filled(path), fields | {"login": "ada", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert (await signed_in.get("/inbox")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://restante.test"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://restante.test", "Host": "behind-a-proxy:8000"},
        {"Origin": "http://localhost:8000", "Host": "localhost:8000"},
    ],
)
async def test_our_own_forms_pass(signed_in: Browser, headers: dict[str, str]) -> None:
    fields = (await signed_in.page("/inbox")).hidden("/logout")
    assert (await signed_in.post("/logout", fields, headers=headers)).headers["location"] == "/"


async def test_the_token_of_another_session_is_refused(signed_in: Browser, ada: Owner) -> None:
    fields = (await signed_in.page("/inbox")).hidden("/logout")
    await signed_in.post("/login", {"login": ada.actor.login, "password": PASSWORD})
    assert (await signed_in.post("/logout", fields)).status_code == 403


async def test_large_and_unreadable_forms_are_refused(signed_in: Browser, app: Litestar) -> None:
    assert app.debug is False
    answer = await signed_in.post("/login", {"login": "x" * 70_000})
    assert answer.status_code == 413
    Browser.checked(answer)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"login=%ff", b"\xff", b"&".join(b"a=1" for _ in range(60))):
        unreadable = await signed_in.client.post("/login", content=body, headers=kind)
        assert unreadable.status_code == 422
    assert (await signed_in.client.post("/logout", json={"csrf": "x"})).status_code == 403
