import asyncio
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from app.core.accounts import service as accounts
from app.core.platform import Platform
from app.web import forms
from app.web.setup import setup_path
from tests.conftest import PASSWORD, MakeAccount
from tests.web.conftest import Browser, Owner

pytestmark = pytest.mark.anyio


async def test_setup_makes_an_administrator_once_and_signs_in(browser: Browser, platform: Platform) -> None:
    path = setup_path(platform.instance)
    assert (await browser.page(path)).all("form") == [{"method": "post"}]
    answer = await browser.post(path, {"login": "Ada", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/aliases")
    words = (await browser.page("/aliases")).words
    assert "ada" in words
    assert "postmaster@" in words
    assert "abuse@" in words
    async with platform.db.connection() as conn:
        assert (await accounts.find(conn, "ada")).is_admin
    await browser.page(path, status=404)
    assert (await browser.post(path, {"login": "eve", "password": PASSWORD})).status_code == 404


async def test_setup_needs_its_token(browser: Browser) -> None:
    await browser.page("/setup/" + "0" * 32, status=404)
    assert (await browser.post("/setup/guess", {"login": "eve", "password": PASSWORD})).status_code == 404


async def test_a_bad_form_is_shown_again_with_its_values_but_the_password(browser: Browser, platform: Platform) -> None:
    path = setup_path(platform.instance)
    answer = await browser.post(path, {"login": "a&b", "password": "too-short"})
    assert answer.status_code == 422
    page = Browser.checked(answer)
    login, password = page.all("input")
    assert (login["value"], login["aria-invalid"]) == ("a&b", "true")
    assert login["aria-describedby"] == "login-hint login-fault"
    assert "value" not in password
    assert "too-short" not in answer.text
    assert [link["href"] for link in page.all("a") if link["href"].startswith("#")][1:] == ["#login", "#password"]
    assert "set-cookie" not in answer.headers


async def test_signing_in_and_out(browser: Browser, ada: Owner) -> None:
    answer = await browser.send("/login", "/login", {"login": ada.actor.login, "password": PASSWORD})
    assert answer.status_code == 303
    cookie, _mark = answer.headers.get_list("set-cookie")
    assert cookie.startswith("restante=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "max-age=604800",
        "path=/",
        "samesite=lax",
    }
    stolen = browser.client.cookies["restante"]
    assert (await browser.get("/login")).headers["location"] == "/inbox"
    out = await browser.send("/inbox", "/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert "restante" not in browser.client.cookies
    browser.client.cookies.set("restante", stolen)
    assert (await browser.get("/inbox")).status_code == 303


async def test_signing_in_again_ends_the_session_before(browser: Browser, ada: Owner) -> None:
    await browser.sign_in(ada.actor.login)
    before = browser.client.cookies["restante"]
    answer = await browser.post("/login", {"login": ada.actor.login, "password": PASSWORD})
    assert answer.status_code == 303
    assert browser.client.cookies["restante"] != before
    browser.client.cookies.clear()
    browser.client.cookies.set("restante", before)
    assert (await browser.get("/inbox")).status_code == 303


@pytest.mark.parametrize(("login", "password"), [("ada", "wrong password"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_password_and_an_unknown_login_look_alike(
    browser: Browser, ada: Owner, login: str, password: str
) -> None:
    assert ada.actor.login == "ada"
    answer = await browser.post("/login", {"login": login, "password": password, "next": "/aliases"})
    assert answer.status_code == 422
    page = Browser.checked(answer)
    assert "The login or the password is wrong." in page.words
    assert page.hidden("/login") == {"next": "/aliases"}
    assert "set-cookie" not in answer.headers


async def test_suspended_accounts_stay_outside(browser: Browser, platform: Platform, make_account: MakeAccount) -> None:
    account = await make_account("ada")
    await browser.sign_in()
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, account, is_suspended=True)
    await browser.page("/inbox", status=403)
    await browser.page("/login")
    browser.client.cookies.clear()
    answer = await browser.post("/login", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 422
    assert "suspended" in answer.text


@pytest.mark.parametrize("path", ["/inbox", "/aliases?before=01a1fda7-721d-7000-b2a6-9ea690e3d975"])
async def test_private_pages_send_strangers_to_sign_in_and_back(browser: Browser, ada: Owner, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/")
    assert answer.headers["cache-control"] == "no-store"
    hidden = (await browser.page(answer.headers["location"])).hidden("/login")
    assert hidden == {"next": path}
    back = await browser.post("/login", hidden | {"login": ada.actor.login, "password": PASSWORD})
    assert back.headers["location"] == path


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "/login",
        "x",
        "/ä",
    ],
)
async def test_signing_in_leads_nowhere_else(browser: Browser, ada: Owner, wanted: str) -> None:
    answer = await browser.post("/login", {"login": ada.actor.login, "password": PASSWORD, "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")


async def test_garbage_cookies_are_no_session(browser: Browser, ada: Owner) -> None:
    for cookie in ("x", f"{ada.actor.account_id}.secret", ".", "a" * 3000):
        answer = await browser.get("/inbox", headers={"Cookie": f"restante={cookie}"})
        assert answer.status_code == 303


async def test_a_browser_that_hangs_up_inside_a_form_is_no_fault_of_ours(app: Litestar) -> None:
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"login=a", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin")]
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/login",
    }
    scope |= {"raw_path": b"/login", "query_string": b"", "root_path": "", "headers": headers, "client": None}
    with capture_logs() as log:
        await app(cast("Any", scope), cast("Any", receive), cast("Any", send))
    assert sent[0]["status"] == 422
    assert log == []


async def test_a_form_that_takes_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setattr(forms, "_MAX_SECONDS", 0.05)
    url = httpx.URL(origin)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /login HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nOrigin: {origin}\r\nContent-Length: 90\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=ada".encode())
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 422 ")
