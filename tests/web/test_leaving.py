"""Deleting the account in a browser: the choice, the way back, and the end."""

from datetime import timedelta

import pytest

from app.core.accounts.holders import service as holders
from app.core.platform import Platform
from app.core.privacy import deletion
from app.lib.times import utc_now, utc_today
from app.web import dates
from app.web.pages import leaving
from tests.conftest import PASSWORD
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio

PLAIN = b"From: Shop <shop@shop.test>\r\nSubject: Hello\r\n\r\nHello.\r\n"


async def accounts_left(platform: Platform) -> int:
    async with platform.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM accounts")).fetchone()
    assert row is not None
    return int(row[0])


async def ask(browser: Browser) -> None:
    answer = await browser.send("/settings/delete", "/settings/delete", {"when": "later"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/leaving")


async def make_stale(platform: Platform) -> None:
    """As ten minutes after the password."""
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE sessions SET fresh_until = now() - interval '1 second'")


async def test_the_settings_lead_there_and_it_needs_a_fresh_password(signed_in: Browser, platform: Platform) -> None:
    page = await signed_in.page("/settings")
    assert {"href": "/settings/delete"} in page.all("a")
    assert "In 30 days" in (await signed_in.page("/settings/delete")).words
    await make_stale(platform)
    assert (await signed_in.get("/settings/delete")).headers["location"] == "/confirm?next=/settings/delete"
    assert (await signed_in.post("/settings/delete", {"when": "now", "login": "ada"})).status_code == 403
    assert await accounts_left(platform) == 1


async def test_asking_leads_every_page_to_the_way_back(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(PLAIN)
    await ask(signed_in)
    for path in ("/inbox", "/settings", "/aliases", "/keys", "/confirm"):
        answer = await signed_in.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/leaving"), path
    page = await signed_in.page("/leaving")
    assert dates.day((utc_today() + timedelta(days=29)).isoformat()) in page.words
    answer = await signed_in.send("/leaving", "/leaving", {"do": "stay"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert "Hello" in (await signed_in.page("/inbox")).words
    assert (await signed_in.get("/leaving")).status_code == 404


async def test_signing_in_again_leads_to_the_way_back(signed_in: Browser) -> None:
    await ask(signed_in)
    answer = await signed_in.send("/leaving", "/leaving/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await signed_in.get("/leaving")).status_code == 404
    answer = await signed_in.send("/login", "/login", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 303
    assert (await signed_in.get("/inbox")).headers["location"] == "/leaving"
    await signed_in.page("/leaving")


async def test_at_once_takes_the_login_name_and_leaves_nothing(
    signed_in: Browser, ada: Owner, platform: Platform
) -> None:
    await ada.deliver(PLAIN)
    answer = await signed_in.send("/settings/delete", "/settings/delete", {"when": "now", "login": "bob"})
    assert answer.status_code == 422
    assert "Type ada, your login name" in Browser.checked(answer).words
    answer = await signed_in.send("/settings/delete", "/settings/delete", {"when": "now", "login": " Ada "})
    assert answer.status_code == 200
    assert "everything else that was yours went" in Browser.checked(answer).words
    assert await accounts_left(platform) == 0
    assert dict(signed_in.client.cookies) == {}
    assert (await signed_in.get("/inbox")).headers["location"].startswith("/login")
    answer = await signed_in.send("/login", "/login", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 422


async def test_who_leaves_need_not_wait(signed_in: Browser, platform: Platform) -> None:
    await ask(signed_in)
    await make_stale(platform)
    assert "sign out and in again" in (await signed_in.page("/leaving")).words
    fields = (await signed_in.page("/leaving")).hidden("/leaving")
    answer = await signed_in.post("/leaving", fields | {"do": "delete", "when": "now", "login": "ada"})
    assert answer.status_code == 422
    assert await accounts_left(platform) == 1
    await signed_in.send("/leaving", "/leaving/sign-out")
    await signed_in.send("/login", "/login", {"login": "ada", "password": PASSWORD})
    answer = await signed_in.send("/leaving", "/leaving", {"do": "delete", "when": "now", "login": "wrong"})
    assert answer.status_code == 422
    answer = await signed_in.send("/leaving", "/leaving", {"do": "delete", "when": "now", "login": "ada"})
    assert answer.status_code == 200
    assert await accounts_left(platform) == 0


async def test_the_page_tells_of_backups_what_holds_for_this_account(
    signed_in: Browser, ada: Owner, platform: Platform
) -> None:
    assert "open nothing of yours, not even" in (await signed_in.page("/settings/delete")).words
    keys = platform.instance.account_keys
    assert keys is not None
    keys.destroy(ada.actor.account_id)
    async with platform.db.transaction() as conn:
        await holders.remove_all(conn, ada.actor.account_id)
        await holders.add_instance(conn, platform.instance, ada.actor.account_id, ada.actor.keyring)
    page = await signed_in.page("/settings/delete")
    assert "who has such a backup and the service's own key can open it" in page.words


async def test_a_long_deletion_goes_on_by_itself(
    signed_in: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_PATIENCE_SECONDS", 0.0)
    answer = await signed_in.send("/settings/delete", "/settings/delete", {"when": "now", "login": "ada"})
    assert "the rest goes within the hour" in Browser.checked(answer).words
    assert (await signed_in.get("/inbox")).headers["location"].startswith("/login")
    assert await deletion.delete_due(platform, now=utc_now()) == 1
    assert await accounts_left(platform) == 0


async def test_the_only_administrator_is_told_what_to_do(
    signed_in: Browser, make_owner: MakeOwner, platform: Platform
) -> None:
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
    await make_owner("bob")
    for form in ({"when": "later"}, {"when": "now", "login": "ada"}):
        answer = await signed_in.send("/settings/delete", "/settings/delete", form)
        assert answer.status_code == 409
        assert "You are the only administrator" in Browser.checked(answer).words
    assert await accounts_left(platform) == 2


@pytest.mark.parametrize("form", [{"when": ""}, {"when": "never"}, {"when": "now"}])
async def test_a_bad_form_deletes_nothing(signed_in: Browser, platform: Platform, form: dict[str, str]) -> None:
    answer = await signed_in.send("/settings/delete", "/settings/delete", form)
    assert answer.status_code == 422
    Browser.checked(answer)
    assert await deletion.delete_due(platform, now=utc_now() + timedelta(days=60)) == 0


async def test_a_forged_form_deletes_nothing(signed_in: Browser, platform: Platform) -> None:
    form = {"when": "now", "login": "ada", "csrf": "0" * 64}
    assert (await signed_in.post("/settings/delete", form)).status_code == 403
    await ask(signed_in)
    assert (await signed_in.post("/leaving", form | {"do": "delete"})).status_code == 403
    assert await accounts_left(platform) == 1
