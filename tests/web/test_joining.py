"""Making an account in a browser: in each mode, with what is wrong told and what was typed kept."""

from collections.abc import AsyncIterator, Callable
from datetime import date

import httpx
import msgspec
import pytest

from app.api.router import api_router
from app.core.billing import plans, vouchers
from app.core.billing.model import NewPlan
from app.core.joining.model import JoiningMode
from app.core.platform import Platform
from app.web.app import create_app
from tests.conftest import PASSWORD, MakeAccount
from tests.web.conftest import ORIGIN, Browser, client_of, describe

Opened = Callable[[JoiningMode], Browser]
GOOD = {"login": "ada", "password": PASSWORD, "kind": "standard"}


@pytest.fixture
async def opened(platform: Platform, make_account: MakeAccount) -> AsyncIterator[Opened]:
    """`opened("voucher")`: a browser at a service in this mode; there is an administrator."""
    await make_account("root", is_admin=True)
    clients: list[httpx.AsyncClient] = []

    def make(mode: JoiningMode) -> Browser:
        on = msgspec.structs.replace(platform, joining=mode)
        clients.append(client_of(create_app(on, is_https=False, api=api_router(on), describe=describe), ORIGIN))
        return Browser(on, clients[-1])

    yield make
    for client in clients:
        await client.aclose()


async def codes(platform: Platform, count: int = 1) -> list[str]:
    plan = NewPlan(
        name="S", price=1, currency="eur", storage_limit=1 << 30, alias_limit=7, domain_limit=1, lines=("Calm.",)
    )
    async with platform.db.transaction() as conn:
        made = await plans.make(conn, plan)
        return await vouchers.make(conn, made.plan_id, count, today=date(2026, 11, 22))


async def test_the_page_asks_for_a_login_and_a_password_and_sets_no_cookie(opened: Opened) -> None:
    for mode in ("voucher", "purchase"):
        assert "/join" in [link["href"] for link in (await opened(mode).page("/")).all("a")]
    browser = opened("open")
    answer = await browser.get("/join")
    page = Browser.checked(answer)
    names = {field["name"] for field in page.all("input")}
    assert names == {"login", "password", "kind"}
    assert "set-cookie" not in answer.headers
    assert "nobody can help" in page.words
    for path in ("/", "/login"):
        assert "/join" in [link["href"] for link in (await browser.page(path)).all("a")]


async def test_joining_signs_in_and_leads_to_the_first_alias(opened: Opened) -> None:
    browser = opened("open")
    answer = await browser.post("/join", GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    assert sorted(browser.client.cookies) == ["restante", "restante-known"]
    made = await browser.send("/welcome", "/aliases", {"description": "my first shop"})
    page = await browser.page(made.headers["location"])
    assert "my first shop" in page.words
    assert "Give this address away" in page.words


async def test_a_sealed_account_is_shown_its_recovery_code_once(opened: Opened) -> None:
    browser = opened("open")
    answer = await browser.post("/join", GOOD | {"kind": "sealed"})
    assert answer.status_code == 200
    page = Browser.checked(answer)
    (code,) = [line for line in page.words.split() if line.count("-") == 6]
    assert "nobody can help" in page.words
    hidden = page.hidden("/settings/security/file")
    assert hidden["code"] == code
    kept = await browser.post("/settings/security/file", hidden)
    assert kept.headers["content-type"].startswith("text/plain")
    assert code in kept.text
    assert "Make your first alias" in (await browser.page("/welcome")).words
    assert code not in (await browser.get("/settings/security")).text


async def test_a_bad_form_keeps_everything_but_the_password(opened: Opened) -> None:
    browser = opened("voucher")
    bad = {"login": "A&B", "password": "password123", "kind": "sealed", "voucher": "abc"}
    answer = await browser.post("/join", bad)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    fields = {field["name"]: field for field in page.all("input") if field["type"] != "radio"}
    assert (fields["login"]["value"], fields["voucher"]["value"]) == ("A&B", "abc")
    assert "value" not in fields["password"]
    assert "password123" not in answer.text
    assert "Use a few more words" in page.words
    assert [one["value"] for one in page.all("input") if "checked" in one] == ["sealed"]
    assert "set-cookie" not in answer.headers


async def test_a_wrong_voucher_is_told_at_its_field(opened: Opened) -> None:
    browser = opened("voucher")
    answer = await browser.post("/join", GOOD | {"voucher": "abc"})
    assert answer.status_code == 422
    page = Browser.checked(answer)
    (field,) = [field for field in page.all("input") if field["name"] == "voucher"]
    assert (field["aria-invalid"], field["value"]) == ("true", "abc")
    assert "set-cookie" not in answer.headers


async def test_an_empty_voucher_is_told_as_such(opened: Opened) -> None:
    answer = await opened("voucher").post("/join", GOOD | {"voucher": " "})
    assert answer.status_code == 422
    assert "Type the code of a voucher here" in Browser.checked(answer).words


async def test_before_there_is_an_administrator_no_page_offers_joining(platform: Platform) -> None:
    on = msgspec.structs.replace(platform, joining="open")
    async with client_of(create_app(on, is_https=False, api=api_router(on), describe=describe), ORIGIN) as client:
        browser = Browser(on, client)
        for path in ("/", "/login"):
            assert "/join" not in [link["href"] for link in (await browser.page(path)).all("a")]
        assert "no administrator yet" in (await browser.page("/join", status=403)).words


async def test_joining_with_a_voucher(opened: Opened) -> None:
    browser = opened("voucher")
    (code,) = await codes(browser.platform)
    answer = await browser.post("/join", GOOD | {"voucher": code})
    assert answer.headers["location"] == "/welcome"
    assert "of 7" in (await browser.page("/aliases")).words


async def test_where_accounts_are_sold_the_page_leads_to_the_shop(opened: Opened) -> None:
    page = await opened("purchase").page("/join")
    assert "/pricing" in [link["href"] for link in page.all("a")]


async def test_where_nobody_can_join_the_page_says_so_and_nothing_else(opened: Opened) -> None:
    browser = opened("closed")
    page = await browser.page("/join", status=403)
    assert "Nobody can make an account here now" in page.words
    assert not page.all("form")
    answer = await browser.post("/join", GOOD)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    for path in ("/", "/login"):
        assert "/join" not in [link["href"] for link in (await browser.page(path)).all("a")]


async def test_a_login_that_is_taken_is_told(opened: Opened) -> None:
    answer = await opened("open").post("/join", GOOD | {"login": "Root"})
    assert answer.status_code == 422
    assert "Somebody has this name already" in Browser.checked(answer).words


async def test_too_many_are_told_when_to_come_back(opened: Opened) -> None:
    browser = opened("open")
    async with browser.platform.db.transaction() as conn:
        await conn.execute("INSERT INTO joining_pace VALUES (true, date_trunc('hour', now(), 'UTC'), 30)")
    answer = await browser.post("/join", GOOD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert "Many people are joining" in Browser.checked(answer).words


async def test_joining_ends_the_session_that_the_browser_had(opened: Opened) -> None:
    browser = opened("open")
    await browser.sign_in("root")
    before = browser.client.cookies["restante"]
    await browser.post("/join", GOOD)
    browser.client.cookies.clear()
    browser.client.cookies.set("restante", before)
    assert (await browser.get("/inbox")).status_code == 303


async def test_another_sites_form_is_refused(opened: Opened) -> None:
    answer = await opened("open").post("/join", GOOD, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_row_tells_the_day_and_nothing_of_the_network(opened: Opened) -> None:
    browser = opened("open")
    await browser.post("/join", GOOD)
    async with browser.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT * FROM accounts WHERE login = 'ada'")
        row = await cursor.fetchone()
        names = [column.name for column in cursor.description or ()]
    assert row is not None
    found = dict(zip(names, row, strict=True))
    assert type(found["created_on"]) is date
    assert not [name for name, value in found.items() if type(value).__name__ == "datetime"]
