"""The pages of API keys: made, shown once, named, revoked."""

from datetime import timedelta

import pytest

from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.model import Actor
from app.core.auth.scopes import ALL_SCOPES, SCOPES
from app.errors import Unauthenticated
from app.lib.ids import new_id
from app.lib.times import utc_now
from app.vault.tokens import is_api_key_shaped
from app.web import scopes
from tests.web.conftest import Browser, MakeOwner, Owner, Page

pytestmark = pytest.mark.anyio


def shown_key(page: Page) -> str:
    (field,) = [tag for tag in page.all("input") if tag.get("id") == "made-key"]
    assert "readonly" in field
    return field["value"]


async def actor_with(ada: Owner, key: str) -> Actor:
    async with ada.platform.db.connection() as conn:
        return await auth.by_api_key(conn, ada.platform.instance, key, now=utc_now())


def test_every_scope_has_words() -> None:
    assert set(scopes.WORDS) == set(SCOPES)
    assert scopes.summary(SCOPES) == "Everything"
    assert scopes.summary(["messages:read"]) == "Read mail and attachments, and search"
    told = scopes.summary(["rules:read", "messages:read", "keys:read", "domains:read"])
    assert told == "Read mail and attachments, and search; See who is blocked and allowed; and 2 more"


@pytest.mark.parametrize(
    ("form", "may"),
    [
        ({"preset": "passwords"}, {"aliases:write"}),
        ({"preset": "mail"}, {"messages:read", "aliases:read"}),
        ({"preset": "everything", "scopes": "rules:read"}, ALL_SCOPES),
        ({"preset": "chosen", "scopes": "rules:read"}, {"rules:read"}),
        ({"scopes": "rules:read"}, {"rules:read"}),
    ],
)
async def test_a_key_is_made_and_shown_once(
    signed_in: Browser, ada: Owner, form: dict[str, str], may: set[str]
) -> None:
    answer = await signed_in.send("/keys", "/keys", {"name": "laptop <b>", **form})
    assert answer.status_code == 200
    key = shown_key(Browser.checked(answer))
    assert is_api_key_shaped(key)
    actor = await actor_with(ada, key)
    assert sorted(actor.scopes) == sorted(may)
    assert (actor.is_bound, actor.account_id) == (False, ada.actor.account_id)
    listed = await signed_in.page("/keys")
    assert "laptop <b>" in listed.words
    assert "Not used yet" in listed.words
    assert key not in (await signed_in.get("/keys")).text


async def test_several_ticks_are_all_kept(signed_in: Browser, ada: Owner) -> None:
    hidden = (await signed_in.page("/keys")).hidden("/keys")
    wanted = ["messages:read", "rules:write"]
    answer = await signed_in.client.post("/keys", data=hidden | {"preset": "chosen", "scopes": wanted})
    assert (await actor_with(ada, shown_key(Browser.checked(answer)))).scopes == set(wanted)
    bad = await signed_in.client.post("/keys", data=hidden | {"preset": "chosen", "scopes": wanted, "place": "@x.test"})
    assert bad.status_code == 422
    ticked = [tag["value"] for tag in Browser.checked(bad).all("input") if "checked" in tag]
    assert ticked == ["chosen", *wanted]


async def test_a_key_is_bound_to_an_alias_or_a_domain(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send("/keys", "/keys", {"preset": "mail", "place": f" {ada.alias.address.upper()} "})
    assert (await actor_with(ada, shown_key(Browser.checked(answer)))).alias_id == ada.alias.alias_id
    answer = await signed_in.send("/keys", "/keys", {"preset": "mail", "place": "@restante.test"})
    assert (await actor_with(ada, shown_key(Browser.checked(answer)))).domain == "restante.test"
    page = await signed_in.page("/keys")
    assert f"Only for {ada.alias.address}." in page.words
    assert "Only for aliases on @restante.test." in page.words


async def test_a_key_ends(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send("/keys", "/keys", {"preset": "mail", "lasts": "30"})
    key = shown_key(Browser.checked(answer))
    async with ada.platform.db.connection() as conn:
        await auth.by_api_key(conn, ada.platform.instance, key, now=utc_now() + timedelta(days=29))
        with pytest.raises(Unauthenticated) as caught:
            await auth.by_api_key(conn, ada.platform.instance, key, now=utc_now() + timedelta(days=31))
        assert caught.value.code == "expired"
        await conn.execute("UPDATE api_keys SET expires_at = now() - interval '1 day', last_used_on = current_date")
    words = (await signed_in.page("/keys")).words
    assert "Ended on" in words
    assert "Last used on" in words


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"preset": "chosen"}, "scopes"),
        ({"preset": "mail", "name": "x" * 101}, "name"),
        ({"preset": "mail", "place": "nobody@restante.test"}, "place"),
        ({"preset": "mail", "place": "no address"}, "place"),
        ({"preset": "mail", "place": "@elsewhere.test"}, "place"),
        ({"preset": "mail", "place": "@\0"}, "place"),
    ],
)
async def test_what_cannot_be_is_told_beside_its_field(signed_in: Browser, form: dict[str, str], field: str) -> None:
    answer = await signed_in.send("/keys", "/keys", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    (wrong,) = [tag for _, tag in page.tags if tag.get("aria-invalid") == "true"]
    assert wrong["id"] == field
    assert wrong["aria-describedby"].endswith(f"{field}-fault")
    assert "No keys yet" in page.words


async def test_there_are_a_hundred_at_most(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        for _ in range(keys.MAX_KEYS):
            await keys.make(conn, ada.actor, NewKey(name="n" * 100, scopes=ALL_SCOPES - {"keys:read"}), now=utc_now())
    answer = await signed_in.send("/keys", "/keys", {"preset": "mail"})
    assert answer.status_code == 422
    assert "There are 100 keys already; revoke one first." in Browser.checked(answer).words


async def test_a_key_is_renamed_and_revoked_with_what_it_made(signed_in: Browser, ada: Owner) -> None:
    key = shown_key(Browser.checked(await signed_in.send("/keys", "/keys", {"preset": "everything", "name": "first"})))
    actor = await actor_with(ada, key)
    async with ada.platform.db.transaction() as conn:
        child = await keys.make(conn, actor, NewKey(name="child", scopes=frozenset({"keys:read"})), now=utc_now())
    path = f"/keys/{actor.key_id}"
    answer = await signed_in.send(path, path, {"name": "x" * 101})
    assert answer.status_code == 422
    answer = await signed_in.send(path, path, {"name": "second"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=1")
    page = await signed_in.page(f"{path}?saved=1")
    assert "second" in page.words
    assert "With it this key was made" in page.words
    assert "by another key" in (await signed_in.page(f"/keys/{child.shown.key_id}")).words
    answer = await signed_in.send(path, f"{path}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys?revoked=2")
    assert "2 keys revoked" in (await signed_in.page("/keys?revoked=2")).words
    for gone in (key, child.key):
        with pytest.raises(Unauthenticated):
            await actor_with(ada, gone)
    await signed_in.page(path, 404)


async def test_keys_of_others_are_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    async with bob.platform.db.transaction() as conn:
        his = await keys.make(conn, bob.actor, NewKey(name="his", scopes=ALL_SCOPES), now=utc_now())
    assert "his" not in (await signed_in.page("/keys")).words.split()
    hidden = (await signed_in.page("/keys")).hidden("/keys")
    for key_id in (his.shown.key_id, new_id()):
        await signed_in.page(f"/keys/{key_id}", 404)
        assert (await signed_in.post(f"/keys/{key_id}", hidden | {"name": "mine"})).status_code == 404
        assert (await signed_in.post(f"/keys/{key_id}/revoke", hidden)).status_code == 404
    async with bob.platform.db.connection() as conn:
        assert (await keys.get(conn, bob.actor, his.shown.key_id)).name == "his"
    assert (await signed_in.post(f"/keys/{his.shown.key_id}/revoke", {})).status_code == 403


async def test_a_damaged_name_hides_nothing_else(signed_in: Browser, ada: Owner) -> None:
    await signed_in.send("/keys", "/keys", {"preset": "mail", "name": "well"})
    await signed_in.send("/keys", "/keys", {"preset": "mail", "name": "damaged"})
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            "UPDATE api_keys SET name = '\\x00' WHERE key_id = (SELECT max(key_id::text)::uuid FROM api_keys)"
        )
    words = (await signed_in.page("/keys")).words
    assert "A key whose name is damaged" in words
    assert "well" in words
