"""The settings page: what new aliases look like, and what the account may have."""

import pytest

from tests.web.conftest import Browser, Owner
from tests.web.test_aliases import stored

pytestmark = pytest.mark.anyio


async def test_preferences_are_kept_and_used(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send("/settings", "/settings/aliases", {"format": "uuid", "domain": "restante.test"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?saved=1")
    page = await signed_in.page("/settings?saved=1")
    assert "Saved." in page.words
    chosen = [option["value"] for option in page.all("option") if "selected" in option]
    assert chosen == ["uuid", "restante.test"]
    await signed_in.send("/aliases", "/aliases", {"description": "by default"})
    (made,) = [alias for alias in (await stored(ada)).values() if alias.description == "by default"]
    assert len(made.address.partition("@")[0]) == 36


async def test_the_account_tells_what_it_may_have(signed_in: Browser) -> None:
    page = await signed_in.page("/settings")
    assert "1 of 10,000" in page.words
    assert "of 67 MB" in page.words


@pytest.mark.parametrize(("stored_bytes", "told"), [(61_000_000, "Almost full:"), (68_000_000, "Full:")])
async def test_a_mailbox_that_has_little_room_is_told_of(
    signed_in: Browser, ada: Owner, stored_bytes: int, told: str
) -> None:
    assert "put off" not in (await signed_in.page("/settings")).words
    await ada.deliver(b"Subject: x\r\n\r\ny\r\n")
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE account_usage SET stored_bytes = %s", (stored_bytes,))
    page = await signed_in.page("/settings")
    assert f"{told} mail that has no room is put off" in page.words
    assert "/trash" in [tag["href"] for tag in page.all("a")]


@pytest.mark.parametrize(
    ("form", "field"), [({"format": "runes"}, "format"), ({"format": "name", "domain": "elsewhere.test"}, "domain")]
)
async def test_what_cannot_be_preferred_is_told_beside_its_field(
    signed_in: Browser, form: dict[str, str], field: str
) -> None:
    answer = await signed_in.send("/settings", "/settings/aliases", form)
    assert answer.status_code == 422
    (wrong,) = [tag for tag in Browser.checked(answer).all("select") if tag.get("aria-invalid") == "true"]
    assert wrong["id"] == field
