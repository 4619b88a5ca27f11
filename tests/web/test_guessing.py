"""Guesses at passwords as browsers send them: what they use up, and what the owner's browsers still have."""

from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from app.core.auth.hashing import PasswordHasher
from tests.conftest import PASSWORD, MakeAccount
from tests.web.conftest import ORIGIN, Browser

KNOWN = "restante-known"
WRONG = "a wrong guess"
HOME, CAFE = "198.51.100.7", "203.0.113.9"
Visitor = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def visitor(app: Litestar) -> Visitor:
    """`visitor("198.51.100.7")`: a browser without cookies at this address."""

    def make(address: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=cast("Any", app), client=(address, 4711)), base_url=ORIGIN
        )

    return make


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed to check them."""
    seen: list[str] = []
    check = PasswordHasher.check

    async def counting(self: PasswordHasher, password: str, *rest: object) -> bytes | None:
        seen.append(password)
        return await check(self, password, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PasswordHasher, "check", counting)
    return seen


async def guess(browser: httpx.AsyncClient, password: str = WRONG, login: str = "ada") -> httpx.Response:
    return await browser.post("/login", data={"login": login, "password": password})


def address(number: int) -> str:
    return f"10.{number >> 8}.{number & 255}.1"


async def test_one_network_is_stopped_and_costs_nothing_more(
    visitor: Visitor, make_account: MakeAccount, hashed: list[str]
) -> None:
    await make_account("ada")
    thief = visitor("192.0.2.66")
    answers = [await guess(thief) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 20
    assert len(hashed) == 10
    page = Browser.checked(answers[-1])
    assert "This login was tried many times from your network. Please wait" in page.words
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert (await guess(visitor("192.0.2.200"))).status_code == 429
    assert (await guess(visitor(CAFE), PASSWORD)).status_code == 303


async def test_many_networks_do_not_lock_the_owner_out(
    visitor: Visitor, make_account: MakeAccount, hashed: list[str]
) -> None:
    await make_account("ada")
    hers = visitor(HOME)
    assert (await guess(hers, PASSWORD)).status_code == 303
    hashed.clear()
    answers = [await guess(visitor(address(number))) for number in range(130)]
    assert {answer.status_code for answer in answers[:99]} == {422}
    assert answers[-1].status_code == 429
    assert "A browser that has signed in here before does not" in Browser.checked(answers[-1]).words
    assert 99 <= len(hashed) <= 103
    hers.cookies.delete("restante")
    assert (await guess(hers, PASSWORD)).status_code == 303


async def test_an_unknown_login_is_stopped_alike(visitor: Visitor, make_account: MakeAccount) -> None:
    await make_account("ada")
    known, unknown = [
        [await guess(visitor("192.0.2.66"), login=login) for _ in range(12)] for login in ("ada", "nobody")
    ]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]
    assert known[-1].text.replace("ada", "nobody") == unknown[-1].text


async def test_signing_in_marks_the_browser_and_nothing_else_does(visitor: Visitor, make_account: MakeAccount) -> None:
    await make_account("ada")
    browser = visitor(HOME)
    for answer in (await browser.get("/"), await browser.get("/login"), await guess(browser)):
        assert "set-cookie" not in answer.headers
    answer = await guess(browser, PASSWORD)
    cookies = answer.headers.get_list("set-cookie")
    (mark,) = [cookie for cookie in cookies if cookie.startswith(f"{KNOWN}=")]
    for word in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={180 * 24 * 3600}"):
        assert word.lower() in mark.lower()
    assert "domain" not in mark.lower()
    assert "ada" not in browser.cookies[KNOWN]


async def test_a_mark_outlives_signing_out_and_keeps_its_name(visitor: Visitor, make_account: MakeAccount) -> None:
    await make_account("ada")
    browser = visitor(HOME)
    await guess(browser, PASSWORD)
    name = browser.cookies[KNOWN].split(".")[1]
    browser.cookies.delete("restante")
    assert browser.cookies[KNOWN]
    await guess(browser, PASSWORD)
    assert browser.cookies[KNOWN].split(".")[1] == name


async def test_a_mark_of_one_login_helps_with_no_other(visitor: Visitor, make_account: MakeAccount) -> None:
    for login in ("ada", "mallory"):
        await make_account(login)
    mallory = visitor("192.0.2.66")
    assert (await guess(mallory, PASSWORD, login="mallory")).status_code == 303
    assert [(await guess(mallory)).status_code for _ in range(12)] == [422] * 10 + [429] * 2


async def test_a_stolen_mark_guesses_no_faster(visitor: Visitor, make_account: MakeAccount) -> None:
    await make_account("ada")
    hers = visitor(HOME)
    await guess(hers, PASSWORD)
    stolen = visitor("192.0.2.66")
    stolen.cookies.set(KNOWN, hers.cookies[KNOWN])
    answers = [(await guess(stolen)).status_code for _ in range(30)]
    assert answers == [422] * 20 + [429] * 10


async def test_peers_without_an_address_count_as_this_machine(visitor: Visitor, make_account: MakeAccount) -> None:
    """Behind a proxy that tells no addresses, one visitor's guesses must not stop all others."""
    await make_account("ada")
    for _ in range(20):
        assert (await guess(visitor("127.0.0.1"), login="bob")).status_code == 422
    assert (await guess(visitor("127.0.0.1"), PASSWORD)).status_code == 303
    assert [(await guess(visitor("garbage"), login="eve")).status_code for _ in range(11)] == [422] * 10 + [429]
