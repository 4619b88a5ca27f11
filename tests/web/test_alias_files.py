"""Aliases as a file, through the pages: in, looked at, made, told, and out."""

import httpx
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from tests.web.conftest import Browser, MakeOwner, Owner
from tests.web.test_aliases import stored

pytestmark = pytest.mark.anyio

CSV = """\
alias,note,enabled,mailboxes
shop@restante.test,Books & more,False,me@home.test
news@a.test,,True,x@y.test
"""


async def upload(browser: Browser, data: bytes, **changes: str) -> httpx.Response:
    hidden = (await browser.page("/aliases/import")).hidden("/aliases/import")
    files = {"file": ("aliases.csv", data, "text/csv")}
    return await browser.client.post("/aliases/import", data=hidden | changes, files=files)


async def test_a_file_is_looked_at_made_and_told(signed_in: Browser, ada: Owner) -> None:
    answer = await upload(signed_in, CSV.encode())
    assert answer.status_code == 303
    path = answer.headers["location"]
    page = await signed_in.page(path)
    assert "an export of SimpleLogin with 2 lines. Nothing is made yet. Not used: mailboxes." in page.words
    assert "You cannot make aliases on this domain here." in page.words
    assert set(await stored(ada)) == {ada.alias.address}
    page = await signed_in.page(f"{path}?others=same&domain=restante.test")
    assert "→ news@restante.test" in page.words
    answer = await signed_in.send(path, path, {"others": "same", "domain": "restante.test"})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = await signed_in.page(path)
    assert "2 aliases made" in page.words
    assert not page.hidden(path)
    found = await stored(ada)
    assert set(found) == {ada.alias.address, "shop@restante.test", "news@restante.test"}
    assert (found["shop@restante.test"].description, found["shop@restante.test"].is_enabled) == ("Books & more", False)
    again = await signed_in.post(path, (await signed_in.page("/inbox")).hidden("/logout") | {"others": "generate"})
    assert again.status_code == 303
    assert await stored(ada) == found


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "Choose a file that is not empty."),
        (b"\x00\x01\x02PK", "not a text file"),
        (b"one,two\n1,2\n", "name the columns"),
        (b'alias\n"a@b.test\n', "Line 2 cannot be read"),
        (b"x" * (4 * 1024 * 1024 + 1), "larger than 4 MiB"),
    ],
)
async def test_a_file_that_is_none_is_told_beside_its_field(signed_in: Browser, data: bytes, told: str) -> None:
    answer = await upload(signed_in, data)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    (field,) = [tag for tag in page.all("input") if tag.get("type") == "file"]
    assert field["aria-invalid"] == "true"
    assert told in page.words


async def test_what_is_far_too_large_is_not_read(signed_in: Browser) -> None:
    answer = await upload(signed_in, b"x" * (5 * 1024 * 1024))
    assert answer.status_code == 413
    page = Browser.checked(answer)
    assert "larger than 4 MiB" in page.words
    assert "/aliases/import" in [tag["href"] for tag in page.all("a")]


async def test_a_choice_that_is_none_and_a_broken_form_are_told(signed_in: Browser, ada: Owner) -> None:
    path = (await upload(signed_in, CSV.encode())).headers["location"]
    for form in ({"others": "same", "domain": "a.test"}, {"others": "all"}):
        answer = await signed_in.send(path, path, form)
        assert answer.status_code == 422
        Browser.checked(answer)
    assert set(await stored(ada)) == {ada.alias.address}
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x\r\nno header", b"--y--"):
        answer = await signed_in.client.post("/aliases/import", content=body, headers=headers)
        assert answer.status_code in {403, 422}


async def test_a_forged_file_changes_nothing_and_anothers_is_not_there(
    signed_in: Browser, make_owner: MakeOwner
) -> None:
    assert (await upload(signed_in, CSV.encode(), csrf="forged")).status_code == 403
    path = (await upload(signed_in, CSV.encode())).headers["location"]
    bob = await make_owner("bob")
    await signed_in.send("/inbox", "/logout")
    await signed_in.sign_in(bob.actor.login)
    await signed_in.page(path, status=404)
    hidden = (await signed_in.page("/inbox")).hidden("/logout")
    assert (await signed_in.post(path, hidden | {"others": "same"})).status_code == 404


async def test_ten_thousand_lines_fit_pages_of_their_own(signed_in: Browser) -> None:
    lines = [f"{'<&' * 20}{number}@elsewhere.test,{'x' * 300}" for number in range(10_000)]
    path = (await upload(signed_in, ("alias,note\n" + "\n".join(lines)).encode())).headers["location"]
    page = await signed_in.page(path)
    assert "10,000" in page.words
    await signed_in.page(f"{path}?part=2&others=skip&domain=")
    await signed_in.page(f"{path}?part=100000")


async def test_lines_without_room_are_told(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        account = await accounts.get(conn, ada.actor.account_id)
        await accounts.change_limits(conn, account, Limits(alias_limit=2))
    assert "1 of 2 aliases" in (await signed_in.page("/aliases/import")).words
    path = (await upload(signed_in, b"alias\nx1@restante.test\nx2@restante.test\n")).headers["location"]
    await signed_in.send(path, path)
    page = await signed_in.page(path)
    assert "1 alias made" in page.words
    assert "Your account has no room for it." in page.words
    path = (await upload(signed_in, b"alias\nx3@restante.test\n")).headers["location"]
    page = await signed_in.page(path)
    assert "There is nothing in this file to be made" in page.words
    assert "Make the aliases" not in page.words


async def test_an_export(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.get("/aliases/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="aliases.csv"')
    assert answer.headers["cache-control"] == "no-store"
    header, line = answer.text.splitlines()
    assert header.startswith("alias,description,")
    assert line.startswith(f"{ada.alias.address},a shop,")
    await signed_in.send("/inbox", "/logout")
    assert (await signed_in.get("/aliases/export")).status_code == 303
