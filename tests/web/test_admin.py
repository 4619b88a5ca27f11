"""The administrator's pages as a browser meets them: who sees them, what they tell, and what they change."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from litestar import Litestar

from app.core.accounts import service as accounts
from app.core.accounts.model import Account
from app.core.administration import audit
from app.core.platform import Platform
from app.core.policy.service import decide_recipient
from app.lib.times import utc_now
from app.web.routes import ROUTES
from tests.conftest import PASSWORD, MakeAccount
from tests.web.conftest import ORIGIN, Browser, Owner, client_of

NO_ID = "01900000-0000-7000-8000-000000000000"
WORDS = "Write to abuse@restante.test about the forged invoices."


def _address(path: str) -> str:
    return re.sub(r"\{\w+:uuid\}", NO_ID, path).replace("{job_id:int}", "1")


ADMIN_ROUTES = [(method, _address(path)) for method, path, _ in ROUTES if path.startswith("/admin")]


@pytest.fixture
async def root(make_account: MakeAccount) -> Account:
    return await make_account("root", is_admin=True)


@pytest.fixture
async def admin(platform: Platform, app: Litestar, root: Account) -> AsyncIterator[Browser]:
    async with client_of(app, ORIGIN) as client:
        browser = Browser(platform, client)
        await browser.sign_in(root.login)
        yield browser


async def noted(platform: Platform) -> list[tuple[str, str]]:
    async with platform.db.connection() as conn:
        return [(one.action, one.details) for one in await audit.page(conn, limit=50)]


async def status(platform: Platform, account_id: UUID) -> str:
    async with platform.db.connection() as conn:
        return (await accounts.get(conn, account_id)).status


async def answer(platform: Platform, address: str) -> tuple[int, str]:
    ruling = await decide_recipient(platform, address, sender="eve@x.test", announced_size=0, now=utc_now())
    return ruling.decision.code, ruling.decision.reason


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
async def test_nobody_else_finds_them(signed_in: Browser, method: str, path: str) -> None:
    page = await signed_in.page("/settings")
    csrf = page.hidden("/logout")
    response = await signed_in.get(path) if method == "GET" else await signed_in.post(path, csrf)
    assert response.status_code == 404
    assert "/admin" not in response.text
    assert "/admin" not in (await signed_in.get("/settings")).text


@pytest.mark.parametrize("path", ["/admin", "/admin/accounts", "/admin/log"])
async def test_who_is_not_signed_in_is_asked_to(browser: Browser, path: str) -> None:
    response = await browser.get(path)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/login?next=/admin")


async def test_changes_need_the_password_once_more(platform: Platform, admin: Browser, ada: Owner) -> None:
    path = f"/admin/accounts/{ada.actor.account_id}"
    form = (await admin.page(path)).hidden(f"{path}/suspend")
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE sessions SET fresh_until = now() - interval '1 minute'")
    response = await admin.post(f"{path}/suspend", form | {"reason": "abuse", "do": "suspend"})
    assert "once more" in Browser.checked(response).words
    assert await status(platform, ada.actor.account_id) == "active"
    assert await noted(platform) == []
    again = await admin.post(path + "/suspend", {"reason": "abuse"})
    assert again.status_code == 403  # no token: forged


async def test_the_overview_tells_how_it_does(platform: Platform, admin: Browser, ada: Owner) -> None:
    await ada.deliver(b"Subject: Hello\r\n\r\nText.\r\n")
    platform.tallies.count("mail", "accepted", 1234)
    platform.tallies.count("mail", "unknown_alias")
    platform.tallies.count("connections", "admitted", 77)
    await platform.tallies.close()
    page = await admin.page("/admin")
    for words in (
        "1 standard active",
        "PostgreSQL",
        "1,234",
        "77 connections today",
        "Refused: no such address",
        "No worker was heard from",
    ):
        assert words in page.words or words.replace("1 standard", "2 standard") in page.words
    assert "schema 0" in page.words
    assert ada.alias.address not in page.words


async def test_accounts_are_found_by_login_id_and_state(
    platform: Platform, admin: Browser, make_account: MakeAccount
) -> None:
    made = {login: await make_account(login) for login in ("ada", "adam", "bob")}
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, made["bob"], is_suspended=True)

    async def found(query: str) -> list[str]:
        page = await admin.page(f"/admin/accounts?{query}")
        paths = {f"/admin/accounts/{one.account_id}": login for login, one in made.items()}
        return [paths[link["href"]] for link in page.all("a") if link["href"] in paths]

    # Ids of accounts tell no more than the day they were made on.
    first, second, third = sorted(made, key=lambda login: made[login].account_id, reverse=True)
    assert await found("") == [first, second, third]
    assert await found("q=ada") == [login for login in (first, second, third) if login != "bob"]
    assert await found("q=ADAM") == ["adam"]
    assert await found("q=%25") == []
    assert await found("q=%C3%A4%00") == []
    assert await found(f"q={made['ada'].account_id}") == ["ada"]
    assert await found(f"q={NO_ID}") == []
    assert await found("show=suspended") == ["bob"]
    assert await found("show=sealed") == []
    assert await found(f"before={made[second].account_id}") == [third]
    assert await found("show=nonsense") == [first, second, third]
    assert "last signed in" in (await admin.page("/admin/accounts?show=admins")).words


async def test_limits(platform: Platform, admin: Browser, ada: Owner) -> None:
    path = f"/admin/accounts/{ada.actor.account_id}"
    form = {"storage": "2000", "alias_limit": "20", "domain_limit": "101"}
    refused = await admin.send(path, f"{path}/limits", form)
    assert refused.status_code == 422
    assert "from 0 to 100" in Browser.checked(refused).words
    for wrong in ("lots", "", "1e3", "-1", "\u0661"):
        refused = await admin.send(path, f"{path}/limits", form | {"storage": wrong, "alias_limit": wrong})
        assert refused.status_code == 422
        words = Browser.checked(refused).words
        assert "Write a number of megabytes" in words
        assert "Write a whole number" in words
    refused = await admin.send(path, f"{path}/limits", form | {"storage": "9999999999", "domain_limit": "1"})
    assert "from 0 to" in Browser.checked(refused).words
    response = await admin.send(path, f"{path}/limits", form | {"domain_limit": "10"})
    assert response.status_code == 303
    async with platform.db.connection() as conn:
        account = await accounts.get(conn, ada.actor.account_id)
    assert (account.storage_limit, account.alias_limit, account.domain_limit) == (2_000_000_000, 20, 10)
    ((action, details),) = await noted(platform)
    assert action == "account_limits_changed"
    fields = (await admin.page(path)).all("input")
    shown = {one["name"]: one["value"] for one in fields if one["name"] in form}
    assert shown == {"storage": "2000", "alias_limit": "20", "domain_limit": "10"}
    await admin.send(path, f"{path}/limits", shown | {"storage": "67.108864"})
    async with platform.db.connection() as conn:
        assert (await accounts.get(conn, ada.actor.account_id)).storage_limit == 64 * 1024 * 1024
    assert "alias_limit 10000 -> 20" in details
    assert "The limits are changed." in (await admin.page(response.headers["location"])).words


async def test_suspending_an_account_and_restoring_it(
    platform: Platform, admin: Browser, browser: Browser, ada: Owner
) -> None:
    path = f"/admin/accounts/{ada.actor.account_id}"
    assert (await admin.send(path, f"{path}/suspend", {"words": WORDS})).status_code == 422
    response = await admin.send(path, f"{path}/suspend", {"reason": "abuse", "words": WORDS})
    assert response.status_code == 303
    assert await answer(platform, ada.alias.address) == (450, "account_suspended")
    page = await admin.page(response.headers["location"])
    assert WORDS in page.words
    told = await browser.send("/login", "/login", {"login": "ada", "password": PASSWORD})
    assert told.status_code == 422
    words = Browser.checked(told).words
    assert "suspended" in words
    assert "to harm or deceive others" in words
    assert WORDS in words
    wrong = await browser.send("/login", "/login", {"login": "ada", "password": "not the password"})
    assert WORDS not in wrong.text
    assert (await admin.send(path, f"{path}/restore")).status_code == 303
    await browser.sign_in("ada")
    assert [action for action, _ in await noted(platform)] == ["account_restored", "account_suspended"]
    log = await admin.page("/admin/log")
    assert "root suspended the account ada." in " ".join(log.words.split())
    assert WORDS not in log.words


async def test_administrators_come_and_go_but_never_the_last(
    platform: Platform, admin: Browser, root: Account, ada: Owner
) -> None:
    own, other = f"/admin/accounts/{root.account_id}", f"/admin/accounts/{ada.actor.account_id}"
    csrf = (await admin.page(own)).hidden("/logout")
    refused = await admin.post(f"{own}/role", csrf | {"role": "user"})
    assert refused.status_code == 422
    assert "last administrator" in Browser.checked(refused).words
    refused = await admin.post(f"{own}/suspend", csrf | {"reason": "owner"})
    assert "your own account" in Browser.checked(refused).words
    assert (await admin.send(other, f"{other}/role", {"role": "admin"})).status_code == 303
    left = await admin.send(own, f"{own}/role", {"role": "user"})
    assert left.headers["location"] == "/settings"
    assert (await admin.get("/admin")).status_code == 404
    assert [action for action, _ in await noted(platform)] == ["admin_revoked", "admin_granted"]


async def test_deleting_needs_a_suspension_the_login_and_thirty_days(
    platform: Platform, admin: Browser, ada: Owner
) -> None:
    path = f"/admin/accounts/{ada.actor.account_id}"
    csrf = (await admin.page(path)).hidden("/logout")
    early = await admin.post(f"{path}/delete", csrf | {"login": "ada"})
    assert "Suspend the account first" in Browser.checked(early).words
    await admin.send(path, f"{path}/suspend", {"reason": "abuse"})
    assert (await admin.send(path, f"{path}/delete", {"login": "adam"})).status_code == 422
    assert (await admin.send(path, f"{path}/delete", {"login": "ada"})).status_code == 303
    assert "as an administrator has asked" in (await admin.page(path)).words
    assert (await admin.send(path, f"{path}/delete", {"do": "keep"})).status_code == 303
    assert "to be deleted" not in (await admin.page(path)).words.lower()
    await admin.send(path, f"{path}/delete", {"login": "ada"})
    await admin.send(path, f"{path}/restore")
    assert await status(platform, ada.actor.account_id) == "active"
    again = await admin.post(f"{path}/delete", csrf | {"do": "keep"})
    assert again.status_code == 422


async def test_a_deletion_that_its_owner_wants_is_not_the_administrators(
    platform: Platform, admin: Browser, ada: Owner
) -> None:
    path = f"/admin/accounts/{ada.actor.account_id}"
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET status = 'leaving', delete_on = '2999-01-01' WHERE login = 'ada'")
    await admin.send(path, f"{path}/suspend", {"reason": "abuse"})
    page = await admin.page(path)
    assert "as its owner has asked" in page.words
    kept = await admin.post(f"{path}/delete", page.hidden("/logout") | {"do": "keep"})
    assert kept.status_code == 422
    await admin.send(path, f"{path}/restore")
    assert await status(platform, ada.actor.account_id) == "leaving"


async def test_a_reported_alias(platform: Platform, admin: Browser, browser: Browser, ada: Owner) -> None:
    for text in ("no address", "nobody@restante.test"):
        refused = await admin.send("/admin/reports", "/admin/reports", {"address": text})
        assert refused.status_code == 422
    local, _, domain = ada.alias.address.partition("@")
    found = await admin.send("/admin/reports", "/admin/reports", {"address": f"{local.upper()}+tag@{domain}"})
    path = found.headers["location"]
    assert ada.alias.address not in path
    page = await admin.page(path)
    assert ada.alias.address in page.words
    assert "a shop" not in page.words  # what its owner wrote
    done = await admin.send(path, path, {"reason": "report", "words": WORDS})
    assert done.status_code == 303
    assert await answer(platform, ada.alias.address) == (550, "alias_suspended")
    await browser.sign_in("ada")
    own = await browser.page(f"/aliases/{ada.alias.alias_id}")
    assert "suspended" in own.words
    assert WORDS in own.words
    assert "Switch on" not in own.words
    assert "Switch off" not in own.words
    assert (await admin.send(path, path, {"do": "restore"})).status_code == 303
    assert await answer(platform, ada.alias.address) == (250, "accepted")
    assert [action for action, _ in await noted(platform)] == ["alias_restored", "alias_suspended", "alias_looked_up"]
    log = await admin.page("/admin/log")
    assert ada.alias.address not in log.words


async def test_a_failed_job_is_done_again(platform: Platform, admin: Browser) -> None:
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status)
               VALUES ('default', 'check_domains', 'check_domains', 'failed') RETURNING id"""
        )
        ((job_id,),) = await cursor.fetchall()
    assert "A job has failed" in (await admin.page("/admin")).words
    action = f"/admin/jobs/{job_id}/retry"
    assert "Check domains" in (await admin.page("/admin/jobs")).words
    response = await admin.send("/admin/jobs", action)
    assert "takes it within seconds" in (await admin.page(response.headers["location"])).words
    csrf = (await admin.page("/admin/jobs")).hidden("/logout")
    assert (await admin.post(action, csrf)).status_code == 409
    assert (await admin.post("/admin/jobs/999999/retry", csrf)).status_code == 409
    async with platform.db.connection() as conn:
        cursor = await conn.execute("SELECT status::text FROM procrastinate_jobs")
        assert await cursor.fetchall() == [("todo",)]
    assert await noted(platform) == [("jobs_retried", "")]


async def test_the_log_has_pages(platform: Platform, admin: Browser) -> None:
    async with platform.db.transaction() as conn:
        for number in range(60):
            await audit.note(conn, None, "shared_domain_added", subject=f"number{number}.example")
    first = await admin.page("/admin/log")
    assert "number59.example" in first.words
    assert "number9.example" not in first.words
    (older,) = [link["href"] for link in first.all("a") if link.get("rel") == "next"]
    second = await admin.page(older)
    assert "number9.example" in second.words
    assert "The operator, at the command line," in second.words
    (newer,) = [link["href"] for link in second.all("a") if link.get("rel") == "prev"]
    assert (await admin.get(newer)).status_code == 303
