import pytest

from app.core.aliases import listing
from app.core.aliases.model import Alias, Listing
from app.lib.times import utc_now
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


async def stored(owner: Owner) -> dict[str, Alias]:
    async with owner.platform.db.connection() as conn:
        found = await listing.page(
            conn, owner.actor.account_id, owner.actor.keyring, Listing(), limit=200, now=utc_now()
        )
    return {alias.address: alias for alias in found}


async def test_an_alias_by_hand(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send(
        "/aliases", "/aliases", {"local_part": "Books", "domain": "restante.test", "description": "A <shop>"}
    )
    assert answer.status_code == 303
    page = await signed_in.page(answer.headers["location"])
    assert "Made. Give this address away:" in page.words
    assert "A <shop>" in page.words
    assert (await stored(ada))["books@restante.test"].description == "A <shop>"


async def test_an_alias_at_random(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send("/aliases", "/aliases", {"local_part": " ", "description": "Rail"})
    assert answer.status_code == 303
    assert sorted(alias.description for alias in (await stored(ada)).values()) == ["Rail", "a shop"]


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"local_part": "no spaces"}, "local_part", "begin and end with a letter"),
        ({"local_part": "abuse"}, "local_part", "kept for the service"),
        ({"local_part": "x", "domain": "elsewhere.test"}, "domain", "Aliases can be made on"),
        ({"description": "x" * 501}, "description", "at most 500"),
        ({"local_part": "taken"}, "local_part", "This alias is yours already"),
    ],
)
async def test_a_bad_alias_is_told_beside_its_field(
    signed_in: Browser, form: dict[str, str], field: str, told: str
) -> None:
    await signed_in.send("/aliases", "/aliases", {"local_part": "taken"})
    answer = await signed_in.send("/aliases", "/aliases", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    (wrong,) = [tag for name, tag in page.tags if name in {"input", "select"} and tag.get("aria-invalid") == "true"]
    assert wrong["id"] == field
    assert f"{field}-fault" in wrong["aria-describedby"].split()
    assert told in page.words
    if field != "domain":
        assert wrong["value"] == form[field]


async def test_switching_off_and_on(signed_in: Browser, ada: Owner) -> None:
    action = f"/aliases/{ada.alias.alias_id}/enabled"
    for is_enabled in (False, True):
        answer = await signed_in.send("/aliases", action)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/aliases#alias-{ada.alias.alias_id}"
        assert (await stored(ada))[ada.alias.address].is_enabled is is_enabled
    csrf = {"csrf": (await signed_in.page("/aliases")).hidden(action)["csrf"]}
    assert (await signed_in.post(action, csrf)).status_code == 422


async def test_anothers_alias_is_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    fields = (await signed_in.page("/inbox")).hidden("/logout")
    answer = await signed_in.post(f"/aliases/{bob.alias.alias_id}/enabled", fields | {"is_enabled": "no"})
    assert answer.status_code == 404
    assert (await stored(bob))[bob.alias.address].is_enabled
    page = await signed_in.page(f"/aliases?made={bob.alias.alias_id}")
    assert bob.alias.address not in page.words


async def test_the_list_tells_count_and_day_of_the_last_mail(signed_in: Browser, ada: Owner) -> None:
    assert "No mail so far" in (await signed_in.page("/aliases")).words
    await ada.deliver(b"Subject: x\r\n\r\ny\r\n")
    page = await signed_in.page("/aliases")
    assert "1 message, the last on" in page.words
