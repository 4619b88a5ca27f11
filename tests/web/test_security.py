from base64 import b32decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import pytest
from litestar import Litestar

from app.core.auth.second_factor import service as second_factor
from app.core.platform import Platform
from app.core.security import events
from app.lib.times import utc_now
from app.vault import otp, tokens
from tests.conftest import PASSWORD
from tests.web.conftest import ORIGIN, Browser, MakeOwner, Owner, client_of
from tests.web.test_second_step import begin, code_of, turn_on

pytestmark = pytest.mark.anyio

HOME = "/settings/security"
NEW = "seventeen violet ladders"
Elsewhere = Callable[[Owner], Awaitable[Browser]]


async def kinds(owner: Owner) -> list[str]:
    async with owner.platform.db.connection() as conn:
        return [one.kind for one in await events.page(conn, owner.actor, before=None, limit=50)]


@pytest.fixture
async def elsewhere(app: Litestar, platform: Platform) -> AsyncIterator[Elsewhere]:
    """`await elsewhere(owner)`: the same person at another device, signed in."""
    async with AsyncExitStack() as clients:

        async def sign_in(owner: Owner) -> Browser:
            made = Browser(platform, await clients.enter_async_context(client_of(app, ORIGIN)))
            await made.sign_in(owner.actor.login)
            return made

        yield sign_in


async def grow_stale(owner: Owner) -> None:
    """As if ten minutes had passed since the password."""
    async with owner.platform.db.transaction() as conn:
        await conn.execute("UPDATE sessions SET fresh_until = now()")


def code_in(page_words: str) -> str:
    """The recovery code that a page shows."""
    found = [word for word in page_words.split() if tokens.read_recovery_code(word)]
    assert len(set(found)) == 1
    return found[0]


async def test_the_page_tells_how_the_account_is_guarded(signed_in: Browser, ada: Owner) -> None:
    words = (await signed_in.page(HOME)).words
    for text in ("Off.", "Standard:", "None.", "(this one)", "Signed in with Unknown browser"):
        assert text in words
    assert await kinds(ada) == ["signed_in"]


async def test_the_password_is_changed_and_other_sessions_end(
    signed_in: Browser, elsewhere: Elsewhere, ada: Owner
) -> None:
    other = await elsewhere(ada)
    before = dict(signed_in.client.cookies)
    answer = await signed_in.send(f"{HOME}/password", f"{HOME}/password", {"password": PASSWORD, "new_password": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}?said=password")
    assert "The password is changed" in (await signed_in.page(answer.headers["location"])).words
    assert dict(signed_in.client.cookies) != before
    assert (await other.get("/inbox")).status_code == 303
    for password, status in ((PASSWORD, 422), (NEW, 303)):
        assert (await other.send("/login", "/login", {"login": "ada", "password": password})).status_code == status
    assert "password_changed" in await kinds(ada)
    assert "wrong_passwords" in await kinds(ada)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"password": "wrong", "new_password": NEW}, "This is not your password"),
        ({"password": PASSWORD, "new_password": "short"}, "at least 10 characters"),
        ({"password": PASSWORD, "new_password": "password12345"}, ""),
        ({"password": PASSWORD, "new_password": "tab\tin the middle of it"}, "control characters"),
        ({}, ""),
    ],
)
async def test_a_password_that_cannot_be_changed_stays(signed_in: Browser, form: dict[str, str], words: str) -> None:
    answer = await signed_in.send(f"{HOME}/password", f"{HOME}/password", form)
    assert answer.status_code == 422
    assert words in Browser.checked(answer).words
    await signed_in.page("/inbox")
    signed_in.client.cookies.clear()
    await signed_in.sign_in()


async def test_setting_up_the_second_factor(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send(HOME, f"{HOME}/second-factor")
    path = answer.headers["location"]
    page = await signed_in.page(path)
    (drawing,) = page.all("svg")
    assert drawing["role"] == "img"
    async with ada.platform.db.connection() as conn:
        told = await second_factor.enrolment(conn, ada.actor)
    assert told.secret in page.words
    assert told.address in [link["href"] for link in page.all("a")]
    wrong = Browser.checked(await signed_in.post(f"{path}/on", page.hidden(f"{path}/on") | {"code": "000"}))
    assert told.secret in wrong.words
    secret = b32decode(told.secret.replace(" ", ""))
    answer = await signed_in.post(f"{path}/on", page.hidden(f"{path}/on") | {"code": code_of(secret)})
    shown = Browser.checked(answer)
    codes = [field["value"] for field in shown.all("input") if field["name"] == "code"]
    assert len(codes) == 10
    assert all(code in shown.words for code in codes)
    assert told.secret not in (await signed_in.page(HOME)).words
    assert (await signed_in.get(path)).headers["location"] == HOME
    other = Browser(ada.platform, signed_in.client)
    other.client.cookies.clear()
    assert (await other.send(await begin(other), "/login/code", {"code": codes[0]})).status_code == 303
    assert "9 backup codes are left" in (await other.page(HOME)).words


async def test_turning_it_off_and_renewing_backup_codes(signed_in: Browser, ada: Owner) -> None:
    _, old = await turn_on(ada)
    shown = Browser.checked(await signed_in.send(HOME, f"{HOME}/backup-codes"))
    codes = [field["value"] for field in shown.all("input") if field["name"] == "code"]
    assert not set(codes) & set(old)
    answer = await signed_in.send(HOME, f"{HOME}/second-factor/off")
    assert "The second factor is off" in (await signed_in.page(answer.headers["location"])).words
    signed_in.client.cookies.clear()
    await signed_in.sign_in()


@pytest.mark.parametrize(
    "path",
    ["second-factor", "second-factor/on", "second-factor/off", "backup-codes", "recovery-code", "recovery-code/remove"],
)
async def test_what_is_sensitive_asks_for_the_password_again(signed_in: Browser, ada: Owner, path: str) -> None:
    fields = (await signed_in.page(HOME)).hidden("/logout")
    await grow_stale(ada)
    answer = await signed_in.post(f"{HOME}/{path}", fields)
    assert answer.status_code == 403
    page = Browser.checked(answer)
    assert "Nothing was changed yet" in page.words
    answer = await signed_in.post("/confirm", page.hidden("/confirm") | {"password": PASSWORD})
    again = Browser.checked(answer)
    assert [form["action"] for form in again.all("form")] == [f"{HOME}/{path}"]
    done = await signed_in.post(f"{HOME}/{path}", again.hidden(f"{HOME}/{path}"))
    assert done.status_code != 403


async def test_a_stale_page_leads_through_the_password_and_back(signed_in: Browser, ada: Owner) -> None:
    await signed_in.send(HOME, f"{HOME}/second-factor")
    await grow_stale(ada)
    answer = await signed_in.get(f"{HOME}/second-factor")
    assert answer.headers["location"] == f"/confirm?next={HOME}/second-factor"
    answer = await signed_in.send(answer.headers["location"], "/confirm", {"password": PASSWORD})
    assert answer.headers["location"] == f"{HOME}/second-factor"
    await signed_in.page(answer.headers["location"])


async def test_a_new_key_needs_a_fresh_password_and_is_then_made(signed_in: Browser, ada: Owner) -> None:
    fields = (await signed_in.page("/keys")).hidden("/keys")
    await grow_stale(ada)
    form = fields | {"name": "phone", "preset": "chosen", "scopes": "aliases:read", "place": "", "lasts": ""}
    page = Browser.checked(await signed_in.post("/keys", form))
    answer = await signed_in.post("/confirm", page.hidden("/confirm") | {"password": PASSWORD})
    answer = await signed_in.post("/keys", Browser.checked(answer).hidden("/keys"))
    assert "phone" in Browser.checked(answer).words
    assert "key_made" in await kinds(ada)
    assert "An API key was made: phone" in (await signed_in.page(HOME)).words


async def test_sessions_are_signed_out_one_by_one_and_all_at_once(
    signed_in: Browser, elsewhere: Elsewhere, ada: Owner
) -> None:
    first, second = await elsewhere(ada), await elsewhere(ada)
    page = await signed_in.page(HOME)
    ends = [form["action"] for form in page.all("form") if form["action"].startswith(f"{HOME}/sessions/0")]
    assert len(ends) == 2
    answer = await signed_in.post(ends[0], page.hidden(ends[0]))
    assert "That session has ended" in (await signed_in.page(answer.headers["location"])).words
    assert sorted([(await one.get("/inbox")).status_code for one in (first, second)]) == [200, 303]
    assert (await signed_in.post(ends[0], page.hidden(ends[0]))).status_code == 404
    answer = await signed_in.send(HOME, f"{HOME}/sessions/end")
    assert "1 other session ended" in (await signed_in.page(answer.headers["location"])).words
    assert [(await one.get("/inbox")).status_code for one in (first, second)] == [303, 303]
    await signed_in.page("/inbox")


async def test_sessions_of_others_are_not_found(
    signed_in: Browser, elsewhere: Elsewhere, make_owner: MakeOwner
) -> None:
    bob = await make_owner("bob")
    other = await elsewhere(bob)
    session_id = UUID(other.client.cookies["restante"].partition(".")[0])
    fields = (await signed_in.page(HOME)).hidden("/logout")
    assert (await signed_in.post(f"{HOME}/sessions/{session_id}/end", fields)).status_code == 404
    await other.page("/inbox")


async def test_a_recovery_code_sets_a_new_password_once(signed_in: Browser, elsewhere: Elsewhere, ada: Owner) -> None:
    code = code_in(Browser.checked(await signed_in.send(HOME, f"{HOME}/recovery-code")).words)
    assert code not in (await signed_in.page(HOME)).words
    other = await elsewhere(ada)
    form = {"login": "ada", "code": code.lower().replace("-", " "), "new_password": NEW}
    signed_in.client.cookies.clear()
    answer = await signed_in.send("/recover", "/recover", form)
    assert answer.status_code == 200
    next_code = code_in(Browser.checked(answer).words)
    assert next_code != code
    await signed_in.page("/inbox")
    assert (await other.get("/inbox")).status_code == 303
    assert (await other.send("/recover", "/recover", form)).status_code == 422
    assert (await other.send("/login", "/login", {"login": "ada", "password": NEW})).status_code == 303
    assert {"recovery_code_made", "recovery_code_used"} <= set(await kinds(ada))


async def test_recovering_needs_the_second_factor_too(browser: Browser, ada: Owner) -> None:
    await browser.sign_in()
    code = code_in(Browser.checked(await browser.send(HOME, f"{HOME}/recovery-code")).words)
    secret, _ = await turn_on(ada)
    browser.client.cookies.clear()
    answer = await browser.send("/recover", "/recover", {"login": "ada", "code": code, "new_password": NEW})
    page = Browser.checked(answer)
    assert "/login/code?next=/inbox" in [link.get("href") for link in page.all("a")]
    file = await browser.post("/recover/file", page.hidden("/recover/file"))
    assert file.headers["content-type"].startswith("text/plain")
    assert code_in(page.words) in file.text
    assert (await browser.post("/recover/file", {"code": code_in(page.words)})).status_code == 403
    assert (await browser.get("/inbox")).status_code == 303
    answer = await browser.send("/login/code?next=/inbox", "/login/code", {"code": code_of(secret)})
    assert answer.headers["location"] == "/inbox"
    await browser.page("/inbox")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"login": "ada", "code": "x", "new_password": NEW}, "typing error"),
        ({"login": "ada", "code": tokens.new_recovery_code(), "new_password": NEW}, "is wrong"),
        ({"login": "nobody", "code": tokens.new_recovery_code(), "new_password": NEW}, "is wrong"),
        ({"login": "ada", "code": tokens.new_recovery_code(), "new_password": "short"}, "at least 10 characters"),
        ({}, ""),
    ],
)
async def test_a_recovery_that_fails_keeps_what_was_typed_but_the_password(
    browser: Browser, ada: Owner, form: dict[str, str], words: str
) -> None:
    answer = await browser.send("/recover", "/recover", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    assert words in page.words
    values = {field["name"]: field.get("value", "") for field in page.all("input")}
    assert (values["login"], values["code"]) == (form.get("login", ""), form.get("code", ""))
    assert not values["new_password"]
    await browser.sign_in(ada.actor.login)


async def test_sealing_and_unsealing(signed_in: Browser, elsewhere: Elsewhere, ada: Owner) -> None:
    await ada.deliver(b"From: shop@shop.example\r\nSubject: Parcel\r\n\r\nIt is here.\r\n")
    other = await elsewhere(ada)
    before = dict(signed_in.client.cookies)
    wrong = await signed_in.send(f"{HOME}/sealing", f"{HOME}/sealing", {"password": "wrong"})
    assert wrong.status_code == 422
    page = Browser.checked(await signed_in.send(f"{HOME}/sealing", f"{HOME}/sealing", {"password": PASSWORD}))
    code = code_in(page.words)
    assert "1 other session ended" in page.words
    assert dict(signed_in.client.cookies) != before
    assert "Parcel" in (await signed_in.page("/inbox")).words
    assert (await other.get("/inbox")).status_code == 303
    assert "Sealed:" in (await signed_in.page(HOME)).words
    file = await signed_in.post(f"{HOME}/file", page.hidden(f"{HOME}/file"))
    assert code in file.text
    answer = await signed_in.send(f"{HOME}/sealing", f"{HOME}/unseal", {"password": PASSWORD})
    assert "no longer sealed" in (await signed_in.page(answer.headers["location"])).words
    assert "Parcel" in (await signed_in.page("/inbox")).words
    assert {"sealed", "unsealed"} <= set(await kinds(ada))


async def test_a_sealed_account_changes_its_password_and_uses_a_second_factor(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(b"From: shop@shop.example\r\nSubject: Parcel\r\n\r\nIt is here.\r\n")
    await signed_in.send(f"{HOME}/sealing", f"{HOME}/sealing", {"password": PASSWORD})
    form = {"password": PASSWORD, "new_password": NEW}
    assert (await signed_in.send(f"{HOME}/password", f"{HOME}/password", form)).status_code == 303
    assert "Parcel" in (await signed_in.page("/inbox")).words
    secret, _ = await turn_on(ada)
    signed_in.client.cookies.clear()
    answer = await signed_in.send("/login", "/login", {"login": "ada", "password": NEW})
    answer = await signed_in.send(answer.headers["location"], "/login/code", {"code": code_of(secret)})
    assert answer.headers["location"] == "/inbox"
    assert "Parcel" in (await signed_in.page("/inbox")).words
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT kind, count(*)::int FROM holders GROUP BY kind ORDER BY kind")
        assert await cursor.fetchall() == [("password", 1), ("recovery", 1), ("session", 2)]


async def test_codes_come_as_a_file_and_nothing_else_does(signed_in: Browser) -> None:
    fields = (await signed_in.page(HOME)).hidden("/logout")
    code = tokens.new_recovery_code()
    answer = await signed_in.post(f"{HOME}/file", fields | {"code": code.lower()})
    assert code in answer.text
    assert f"{ORIGIN}/recover" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="restante-recovery-code-ada.txt"'
    assert answer.headers["cache-control"] == "no-store"
    backup = tokens.new_backup_code()
    assert backup in (await signed_in.post(f"{HOME}/file", fields | {"code": backup})).text
    for text in ("", "<b>", "anything"):
        assert (await signed_in.post(f"{HOME}/file", fields | {"code": text})).status_code == 422
    assert (await signed_in.post(f"{HOME}/file", fields)).status_code == 422


async def test_events_come_a_page_at_a_time_and_to_their_owner_alone(
    signed_in: Browser, ada: Owner, make_owner: MakeOwner
) -> None:
    bob = await make_owner("bob")
    async with ada.platform.db.transaction() as conn:
        for number in range(60):
            moment = utc_now() - timedelta(hours=number)
            await events.note(conn, ada.actor.account_id, "key_made", now=moment, about=f"key {number:02}")
        await events.note(conn, bob.actor.account_id, "key_made", now=utc_now(), about="bob's <key>")
    first = await signed_in.page(f"{HOME}/events")
    (older,) = [link["href"] for link in first.all("a") if "before=" in link["href"]]
    second = await signed_in.page(older)
    words = first.words + second.words
    assert all(f"key {number:02}" in words for number in range(60))
    assert first.words.count("An API key was made") == 49
    assert "bob" not in words
    await signed_in.page(f"{HOME}/events?before=nonsense")


async def test_the_clock_of_a_phone_may_be_off_by_one_step(browser: Browser, ada: Owner) -> None:
    secret, _ = await turn_on(ada)
    step = otp.step_at(utc_now())
    answer = await browser.send(await begin(browser), "/login/code", {"code": otp.code_at(secret, step + 1)})
    assert answer.status_code == 303
    browser.client.cookies.clear()
    answer = await browser.send(await begin(browser), "/login/code", {"code": otp.code_at(secret, step)})
    assert answer.status_code == 422  # behind one that was used
