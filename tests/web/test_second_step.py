import re
from base64 import b32decode
from datetime import timedelta

import pytest

from app.core.auth.second_factor import service as second_factor
from app.lib.times import utc_now
from app.vault import otp
from app.web.routes import ROUTES
from tests.conftest import PASSWORD
from tests.web.conftest import Browser, Owner
from tests.web.test_csrf import filled

pytestmark = pytest.mark.anyio


async def turn_on(owner: Owner) -> tuple[bytes, list[str]]:
    """The generator's secret and the backup codes; the code of two minutes ago has turned it on."""
    before = utc_now() - timedelta(minutes=2)
    async with owner.platform.db.transaction() as conn:
        await second_factor.prepare(conn, owner.actor, now=before)
        told = await second_factor.enrolment(conn, owner.actor)
        secret = b32decode(told.secret.replace(" ", ""))
        codes = await second_factor.turn_on(conn, owner.actor, otp.code_at(secret, otp.step_at(before)), now=before)
    return secret, codes


async def begin(browser: Browser, *, following: str = "") -> str:
    """Give the password; the address of the second step."""
    form = {"login": "ada", "password": PASSWORD, "next": following}
    answer = await browser.send("/login", "/login", form)
    assert answer.status_code == 303
    return answer.headers["location"]


def code_of(secret: bytes) -> str:
    return otp.code_at(secret, otp.step_at(utc_now()))


async def test_signing_in_takes_two_steps_and_leads_on(browser: Browser, ada: Owner) -> None:
    secret, _ = await turn_on(ada)
    path = await begin(browser, following="/keys")
    assert path == "/login/code?next=/keys"
    pending = dict(browser.client.cookies)
    answer = await browser.send(path, "/login/code", {"code": code_of(secret)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys")
    assert dict(browser.client.cookies) != pending
    await browser.page("/keys")
    browser.client.cookies.clear()
    browser.client.cookies.update(pending)
    assert (await browser.get("/login/code")).headers["location"].startswith("/login")


async def test_a_code_works_once_and_a_backup_code_likewise(browser: Browser, ada: Owner) -> None:
    secret, codes = await turn_on(ada)
    used = code_of(secret)
    for text, status in ((used, 303), (used, 422), (codes[0], 303), (codes[0], 422)):
        browser.client.cookies.clear()
        answer = await browser.send(await begin(browser), "/login/code", {"code": text})
        assert answer.status_code == status
        if status == 422:
            Browser.checked(answer)
            assert (await browser.get("/inbox")).status_code == 303


@pytest.mark.parametrize("text", ["", "12345", "not a code", "\ud7ff", "9" * 60])
async def test_what_is_no_code_is_told_and_changes_nothing(browser: Browser, ada: Owner, text: str) -> None:
    secret, _ = await turn_on(ada)
    answer = await browser.send(await begin(browser), "/login/code", {"code": text})
    assert answer.status_code == 422
    assert "Type the six digits" in Browser.checked(answer).words
    answer = await browser.post(
        "/login/code", Browser.checked(answer).hidden("/login/code") | {"code": code_of(secret)}
    )
    assert answer.status_code == 303


async def test_a_pending_session_reaches_no_other_page(browser: Browser, ada: Owner) -> None:
    await turn_on(ada)
    await browser.page(await begin(browser))
    private = [path for method, path, handler in ROUTES if method == "GET" and "session" in handler.__annotations__]
    assert len(private) > 30
    for pattern in private:
        path = re.sub(r"\{\w+:int\}", "1", filled(pattern))
        if "{" not in path:
            answer = await browser.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login?next="), path
    assert (await browser.get("/api/v1/messages")).status_code == 401


async def test_the_tenth_wrong_code_leads_back_to_the_beginning(browser: Browser, ada: Owner) -> None:
    secret, _ = await turn_on(ada)
    page = await browser.page(await begin(browser))
    wrong = otp.code_at(secret, otp.step_at(utc_now()) + 50)
    for _ in range(10):
        answer = await browser.post("/login/code", page.hidden("/login/code") | {"code": wrong})
        assert answer.status_code == 422
    answer = await browser.post("/login/code", page.hidden("/login/code") | {"code": code_of(secret)})
    assert answer.headers["location"].startswith("/login")


async def test_forged_codes_are_refused(browser: Browser, ada: Owner) -> None:
    secret, _ = await turn_on(ada)
    page = await browser.page(await begin(browser))
    fields = page.hidden("/login/code") | {"code": code_of(secret)}
    assert (await browser.post("/login/code", fields | {"csrf": "0" * 64})).status_code == 403
    assert (await browser.post("/login/code", fields, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await browser.post("/login/code", fields)).status_code == 303


async def test_a_cookie_from_before_signing_in_is_worth_nothing_after(browser: Browser, ada: Owner) -> None:
    """Session fixation: whoever has planted a cookie does not get in by it when its bearer signs in."""
    planted = {"restante": "01a1fda7-721d-7000-b2a6-9ea690e3d975.planted"}
    browser.client.cookies.set("restante", planted["restante"], domain="restante.test", path="/")
    await browser.sign_in(ada.actor.login)
    first = dict(browser.client.cookies)
    assert first != planted
    answer = await browser.send("/confirm?next=/inbox", "/confirm", {"password": PASSWORD})
    assert answer.status_code == 303
    for old in (planted, first):
        browser.client.cookies.clear()
        browser.client.cookies.update(old)
        assert (await browser.get("/inbox")).status_code == 303
