from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.core.aliases import listing
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.bulk import service as bulk
from app.core.aliases.model import Alias, AliasPatch, Listing, State
from app.core.categories import service as categories
from app.core.categories.model import Category, NewCategory
from app.lib.times import utc_now
from tests import mail
from tests.web.conftest import Browser, MakeOwner, Owner, Page

pytestmark = pytest.mark.anyio
MORE = {"category_id": "", "expires_at": "", "message_limit": "", "idle_days": "", "note": ""}


async def stored(owner: Owner, state: State = "current") -> dict[str, Alias]:
    async with owner.platform.db.connection() as conn:
        found = await listing.page(
            conn, owner.actor.account_id, owner.actor.keyring, Listing(state=state), limit=200, now=utc_now()
        )
    return {alias.address: alias for alias in found}


async def change(owner: Owner, patch: AliasPatch) -> None:
    async with owner.platform.db.transaction() as conn:
        await aliases.update(
            conn, owner.actor.account_id, owner.actor.keyring, owner.alias.alias_id, patch, now=utc_now()
        )


async def sort_of(owner: Owner, name: str) -> Category:
    async with owner.platform.db.transaction() as conn:
        return await categories.create(conn, owner.actor.account_id, owner.actor.keyring, NewCategory(name=name))


async def make(browser: Browser, **form: str) -> Page:
    answer = await browser.send("/aliases", "/aliases", form)
    assert answer.status_code == 303
    return await browser.page(answer.headers["location"])


def shown(page: Page) -> list[str]:
    """The ids of the aliases in the list."""
    return [tag["value"] for tag in page.all("input") if tag.get("name") == "id"]


async def act(browser: Browser, form: dict[str, str], *ids: UUID, page: str = "/aliases") -> Page:
    """Tick aliases on a page, press a button; the page that comes then."""
    hidden = (await browser.page(page)).hidden("/aliases/actions")
    fields = [*(hidden | form).items(), *(("id", str(one)) for one in ids)]
    response = await browser.client.post(
        "/aliases/actions",
        content="&".join(f"{name}={value}" for name, value in fields).replace("/", "%2F").replace("?", "%3F"),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 303
    return await browser.page(response.headers["location"].partition("#")[0])


async def test_an_alias_by_hand(signed_in: Browser, ada: Owner) -> None:
    page = await make(signed_in, local_part="Books", domain="restante.test", description="A <shop>")
    assert "Made. Give this address away:" in page.words
    assert "A <shop>" in page.words
    assert (await stored(ada))["books@restante.test"].description == "A <shop>"


async def test_an_alias_at_random(signed_in: Browser, ada: Owner) -> None:
    await make(signed_in, local_part=" ", description="Rail")
    assert sorted(alias.description for alias in (await stored(ada)).values()) == ["Rail", "a shop"]


async def test_an_alias_with_everything(signed_in: Browser, ada: Owner) -> None:
    shops = await sort_of(ada, "Shops")
    await make(
        signed_in,
        format="site",
        site="https://www.shop.example/cart?x=1",
        category_id=str(shops.category_id),
        expires_at="2999-01-31",
        message_limit=" 5 ",
        idle_days="90",
        note="two\r\nlines",
        when_disabled="discard",
        screening="known",
        is_pinned="yes",
    )
    (made,) = [alias for alias in (await stored(ada)).values() if alias.site]
    assert made.address.startswith("shop-")
    assert (made.site, made.note, made.category_id) == ("shop.example", "two\r\nlines", shops.category_id)
    assert made.expires_at == datetime(2999, 2, 1, tzinfo=UTC)
    assert (made.message_limit, made.messages_left, made.idle_days) == (5, 5, 90)
    assert (made.when_disabled, made.screening, made.is_pinned) == ("discard", "known", True)


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"local_part": "no spaces"}, "local_part", "begin and end with a letter"),
        ({"local_part": "abuse"}, "local_part", "kept for the service"),
        ({"local_part": "adm1n"}, "local_part", "kept for the service"),
        ({"local_part": "p\u0430ypal"}, "local_part", "cyrillic small letter a"),
        ({"local_part": "x", "domain": "elsewhere.test"}, "domain", "Aliases can be made on"),
        ({"description": "x" * 501}, "description", "at most 500"),
        ({"local_part": "taken"}, "local_part", "This alias is yours already"),
        ({"site": "no site"}, "site", "Write the site as in"),
        ({"format": "site"}, "site", "Name the site"),
        ({"expires_at": "2020-01-01"}, "expires_at", "to come"),
        ({"expires_at": "3000-01-01"}, "expires_at", "before the year 3000"),
        ({"expires_at": "soon"}, "expires_at", "Write days as"),
        ({"message_limit": "0"}, "message_limit", "from 1 to"),
        ({"message_limit": "many"}, "message_limit", "whole number"),
        ({"idle_days": "9999999999"}, "idle_days", "whole number"),
        ({"note": "x" * 2001}, "note", "at most 2000"),
        ({"note": "a\x00b"}, "note", "control characters"),
    ],
)
async def test_a_bad_alias_is_told_beside_its_field(
    signed_in: Browser, form: dict[str, str], field: str, told: str
) -> None:
    await signed_in.send("/aliases", "/aliases", {"local_part": "taken"})
    answer = await signed_in.send("/aliases", "/aliases", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    kinds = {"input", "select", "textarea"}
    (wrong,) = [tag for name, tag in page.tags if name in kinds and tag.get("aria-invalid") == "true"]
    assert wrong["id"] == field
    assert f"{field}-fault" in wrong["aria-describedby"].split()
    assert told in page.words
    if field not in {"domain", "note"} and "format" not in form:
        assert wrong["value"] == form[field]
    if field in {"local_part", "note", "expires_at", "message_limit"}:
        assert [tag for tag in page.all("details") if tag.get("class") == "more" and "open" in tag]


async def test_switching_off_and_on(signed_in: Browser, ada: Owner) -> None:
    for name, is_enabled in (("off", False), ("on", True)):
        page = await act(signed_in, {"one": f"{name}:{ada.alias.alias_id}"})
        assert f"1 alias switched {name}." in page.words
        assert (await stored(ada))[ada.alias.address].is_enabled is is_enabled
    hidden = (await signed_in.page("/aliases")).hidden("/aliases/actions")
    for one in ("", "nonsense:x", "burn:" + str(ada.alias.alias_id)):
        assert (await signed_in.post("/aliases/actions", hidden | {"one": one})).status_code == 422


async def test_many_at_once_and_back_again(signed_in: Browser, ada: Owner) -> None:
    shops = await sort_of(ada, "Shops")
    for name in ("a", "b"):
        await make(signed_in, local_part=name)
    before = await stored(ada)
    ids = [before[f"{name}@restante.test"].alias_id for name in ("a", "b")]
    forms: list[dict[str, str]] = [
        {"action": "off"},
        {"action": "pin"},
        {"action": "archive"},
        {"action": "delete"},
        {"action": "category", "category": str(shops.category_id)},
        {"action": "expiry", "until": "2999-01-31"},
    ]
    for form in forms:
        page = await act(signed_in, form, *ids)
        assert "2 aliases " in page.words
        assert await stored(ada) != before
        undo = page.hidden("/aliases/undo")
        answer = await signed_in.post("/aliases/undo", undo)
        assert "2 aliases put back as before." in (await signed_in.page(answer.headers["location"])).words
        assert await stored(ada) == before
    assert "Nothing was changed." in (await act(signed_in, {"action": "off"})).words
    hidden = (await signed_in.page("/aliases")).hidden("/aliases/actions")
    for form in ({"action": "expiry", "until": "2020-01-01"}, {"action": "expiry", "until": "x"}, {"action": ""}):
        assert (await signed_in.post("/aliases/actions", hidden | form)).status_code == 422


async def test_every_field_of_the_list_has_a_name_and_an_id_of_its_own(signed_in: Browser, ada: Owner) -> None:
    await sort_of(ada, "Shops")
    page = await signed_in.page("/aliases")
    ids = [tag["id"] for _, tag in page.tags if "id" in tag]
    assert len(ids) == len(set(ids))
    assert [tag["name"] for tag in page.all("select")].count("category") == 2


@pytest.mark.parametrize(
    "steps", ["x", "off", "off.!", "renew.", "category:x.AAAA", "expiry:9e9.", "expiry:" + "9" * 30]
)
async def test_what_was_no_way_back_is_told_so(signed_in: Browser, steps: str) -> None:
    csrf = (await signed_in.page("/inbox")).hidden("/logout")
    answer = await signed_in.post("/aliases/undo", csrf | {"steps": steps, "back": "/aliases"})
    assert answer.status_code == 422
    assert "cannot be taken back" in Browser.checked(answer).words


async def test_all_of_a_list_are_changed_once_that_is_sure(signed_in: Browser, ada: Owner) -> None:
    for name in ("boat-1", "boat-2"):
        await make(signed_in, local_part=name)
    hidden = (await signed_in.page("/aliases?q=boat")).hidden("/aliases/actions")
    answer = await signed_in.post("/aliases/actions", hidden | {"action": "off", "everything": "1"})
    assert answer.status_code == 200
    page = Browser.checked(answer)
    assert "Switch off 2 aliases?" in page.words
    assert all(alias.is_enabled for alias in (await stored(ada)).values())
    answer = await signed_in.post("/aliases/actions", page.hidden("/aliases/actions") | {"action": "off"})
    assert answer.headers["location"].startswith("/aliases?q=boat&done=off&count=2")
    assert sorted(alias.is_enabled for alias in (await stored(ada)).values()) == [False, False, True]


async def test_a_list_with_more_than_can_be_changed_says_so(
    signed_in: Browser, ada: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_AT_ONCE", 2)
    for name in ("boat-1", "boat-2", "boat-3"):
        await make(signed_in, local_part=name)
    hidden = (await signed_in.page("/aliases?q=boat")).hidden("/aliases/actions")
    page = Browser.checked(await signed_in.post("/aliases/actions", hidden | {"action": "off", "everything": "1"}))
    assert "These are the first 2 aliases of the list" in page.words
    await signed_in.post("/aliases/actions", page.hidden("/aliases/actions") | {"action": "off"})
    assert sorted(alias.is_enabled for alias in (await stored(ada)).values()) == [False, False, True, True]


async def test_anothers_alias_is_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    csrf = (await signed_in.page("/inbox")).hidden("/logout")
    path = f"/aliases/{bob.alias.alias_id}"
    page = await act(signed_in, {"one": f"off:{bob.alias.alias_id}"})
    assert "Nothing was changed." in page.words
    await signed_in.page(path, 404)
    assert (await signed_in.post(path, csrf | MORE)).status_code == 404
    assert (await stored(bob))[bob.alias.address].is_enabled
    page = await signed_in.page(f"/aliases?made={bob.alias.alias_id}")
    assert bob.alias.address not in page.words


async def test_the_list_tells_count_and_day_of_the_last_mail(signed_in: Browser, ada: Owner) -> None:
    assert "No mail so far" in (await signed_in.page("/aliases")).words
    await ada.deliver(b"Subject: x\r\n\r\ny\r\n")
    for path in ("/aliases", f"/aliases/{ada.alias.alias_id}"):
        assert "1 message, the last on" in (await signed_in.page(path)).words


async def test_lists_are_searched_sorted_and_narrowed(signed_in: Browser, ada: Owner) -> None:
    shops = await sort_of(ada, "Shops & more")
    await make(signed_in, local_part="c", category_id=str(shops.category_id))
    await make(signed_in, local_part="a", note="for the boat")
    await make(signed_in, local_part="b", is_pinned="yes")
    ids = {address.partition("@")[0]: str(alias.alias_id) for address, alias in (await stored(ada)).items()}
    first = str(ada.alias.alias_id)
    plain = await signed_in.page("/aliases")
    assert shown(plain) == [ids["b"], ids["a"], ids["c"], first]
    assert "Pinned" in plain.words
    for query, found in (
        ("q=BOAT", ["a"]),
        ("q=shops", ["c"]),
        (f"category={shops.category_id}", ["c"]),
        ("pinned=1", ["b"]),
        ("state=off", []),
        ("q=%00%ff&state=x&sort=y&category=z&after=w", []),
    ):
        assert shown(await signed_in.page(f"/aliases?{query}")) == [ids[name] for name in found], query
    in_order = shown(await signed_in.page("/aliases?sort=name"))
    assert in_order[0] == ids["b"]
    assert [one for one in in_order if one in {ids["a"], ids["c"]}] == [ids["a"], ids["c"]]
    await act(signed_in, {"action": "off"}, ada.alias.alias_id)
    assert shown(await signed_in.page("/aliases?state=off")) == [first]


@pytest.mark.parametrize("sort", ["newest", "name", "recent", "busiest"])
async def test_every_page_of_a_long_list_leads_on(signed_in: Browser, ada: Owner, sort: str) -> None:
    async with ada.platform.db.transaction() as conn:
        for number in range(60):
            address = Address(f"n{number}", "restante.test")
            await mail.take(conn, ada.actor.account_id, address)
    await ada.deliver(b"Subject: x\r\n\r\ny\r\n")
    seen: list[str] = []
    path: str | None = f"/aliases?sort={sort}"
    while path:
        page = await signed_in.page(path)
        seen += shown(page)
        path = next((tag["href"] for tag in page.all("a") if tag.get("rel") == "next"), None)
    assert len(seen) == len(set(seen)) == 61


async def test_the_settings_of_an_alias(signed_in: Browser, ada: Owner) -> None:
    path = f"/aliases/{ada.alias.alias_id}"
    page = await signed_in.page(path)
    local_part, _, domain = ada.alias.address.partition("@")
    assert f"{local_part}+anything@{domain}" in page.words
    form = {
        "description": "boots",
        "site": "boots.example",
        "note": "\r\nkept",
        "expires_at": "2999-01-31",
        "message_limit": "5",
        "idle_days": "30",
        "when_disabled": "defer",
        "screening": "known",
        "is_archived": "yes",
        "category_id": "",
    }
    answer = await signed_in.send(path, path, form)
    assert answer.status_code == 303
    assert "Saved." in (await signed_in.page(answer.headers["location"])).words
    kept = (await stored(ada, "archived"))[ada.alias.address]
    assert (kept.description, kept.site, kept.when_disabled) == ("boots", "boots.example", "defer")
    assert (kept.expires_at, kept.message_limit, kept.idle_days) == (datetime(2999, 2, 1, tzinfo=UTC), 5, 30)
    # What another program set to the minute stays so while the day is not touched.
    await change(ada, AliasPatch(expires_at=datetime(2999, 1, 31, 9, 30, tzinfo=UTC)))
    await signed_in.send(path, path, form | {"description": "shoes"})
    kept = (await stored(ada, "archived"))[ada.alias.address]
    assert (kept.description, kept.expires_at) == ("shoes", datetime(2999, 1, 31, 9, 30, tzinfo=UTC))
    await signed_in.send(path, path, form | {"expires_at": "", "message_limit": "", "idle_days": "", "is_archived": ""})
    kept = (await stored(ada))[ada.alias.address]
    assert (kept.expires_at, kept.message_limit, kept.idle_days) == (None, None, None)


async def test_bad_settings_are_told_beside_their_fields(signed_in: Browser, ada: Owner) -> None:
    path = f"/aliases/{ada.alias.alias_id}"
    answer = await signed_in.send(path, path, MORE | {"message_limit": "x", "expires_at": "y", "description": "new"})
    assert answer.status_code == 422
    page = Browser.checked(answer)
    wrong = {tag["id"]: tag["value"] for tag in page.all("input") if tag.get("aria-invalid") == "true"}
    assert wrong == {"message_limit": "x", "expires_at": "y"}
    assert [tag["value"] for tag in page.all("input") if tag.get("id") == "description"] == ["new"]
    assert (await stored(ada))[ada.alias.address].description == "a shop"


async def damage(owner: Owner) -> None:
    async with owner.platform.db.transaction() as conn:
        await conn.execute(
            """UPDATE aliases SET details = set_byte(details, 20, (get_byte(details, 20) + 1) %% 256)
               WHERE alias_id = %s""",
            (owner.alias.alias_id,),
        )


async def test_every_fault_of_a_form_is_told_at_once(signed_in: Browser, ada: Owner) -> None:
    wrong = {"site": "no site", "note": "x" * 2001, "expires_at": "soon", "message_limit": "many", "idle_days": "0"}
    path = f"/aliases/{ada.alias.alias_id}"
    gone = {"category_id": str(ada.alias.alias_id)}
    for page, action, form in (
        ("/aliases", "/aliases", wrong | gone | {"local_part": "post.master"}),
        (path, path, MORE | wrong | gone | {"description": "x" * 501}),
    ):
        answer = await signed_in.send(page, action, form)
        assert answer.status_code == 422
        told = Browser.checked(answer)
        marked = {str(tag["id"]) for _, tag in told.tags if tag.get("aria-invalid") == "true"}
        summary = {str(tag["href"]).removeprefix("#") for tag in told.all("a") if str(tag["href"]).startswith("#")}
        expected = {*wrong, *gone, "description" if page == path else "local_part"}
        assert summary - {"main"} == expected
        assert marked == expected - set(gone)


async def test_an_alias_whose_words_are_damaged_is_listed_with_the_others(signed_in: Browser, ada: Owner) -> None:
    await signed_in.send("/aliases", "/aliases", {"local_part": "other", "description": "shoes"})
    await damage(ada)
    for path in ("/aliases", f"/aliases?q={ada.alias.address}", "/aliases?sort=name"):
        page = await signed_in.page(path)
        assert str(ada.alias.alias_id) in shown(page)
        assert page.words.count("damaged and cannot be read") == 1
    assert "shoes" in (await signed_in.page("/aliases?q=shoes")).words
    assert (await signed_in.get("/aliases/export")).text.count("@restante.test") == 2
    await act(signed_in, {"one": f"off:{ada.alias.alias_id}"})
    await change(ada, AliasPatch(is_pinned=True))
    path = f"/aliases/{ada.alias.alias_id}"
    assert "What you save now takes its place." in (await signed_in.page(path)).words
    await signed_in.send(path, path, {"description": "anew"})
    assert "damaged" not in (await signed_in.page(path)).words
    assert (await stored(ada))[ada.alias.address].description == "anew"


async def test_who_is_known_is_said_where_it_is_chosen(signed_in: Browser, ada: Owner) -> None:
    for path in ("/aliases", f"/aliases/{ada.alias.alias_id}"):
        page = await signed_in.page(path)
        (choice,) = [tag for tag in page.all("select") if tag.get("name") == "screening"]
        assert choice["aria-describedby"] == "screening-hint"
        assert "screening-hint" in [tag.get("id") for tag in page.all("p")]
        assert "who wrote to this alias while everybody" in page.words


async def test_an_expired_alias_takes_mail_again(signed_in: Browser, ada: Owner) -> None:
    await change(ada, AliasPatch(expires_at=utc_now() + timedelta(days=1)))
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE aliases SET expires_at = now() - interval '1 hour'")
    path = f"/aliases/{ada.alias.alias_id}"
    assert "Its last day has passed." in (await signed_in.page(path)).words
    assert shown(await signed_in.page("/aliases?state=expired")) == [str(ada.alias.alias_id)]
    page = await act(signed_in, {"one": f"renew:{ada.alias.alias_id}"}, page=path)
    assert "1 alias taking mail again." in page.words
    assert "Its last day has passed." not in page.words


async def test_deleting_and_restoring(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(b"Subject: x\r\n\r\ny\r\n")
    path = f"/aliases/{ada.alias.alias_id}"
    page = await act(signed_in, {"one": f"delete:{ada.alias.alias_id}", "mail": "trash"}, page=path)
    assert "1 alias deleted." in page.words
    assert "nobody else is ever given its address" in page.words
    assert (await ada.newest()).folder == "trash"
    await signed_in.page(f"/messages/{message_id}")
    assert shown(await signed_in.page("/aliases")) == []
    assert shown(await signed_in.page("/aliases?state=deleted")) == [str(ada.alias.alias_id)]
    csrf = page.hidden("/logout")
    assert (await signed_in.post(path, csrf | MORE)).status_code == 422
    await act(signed_in, {"one": f"restore:{ada.alias.alias_id}"}, page=path)
    assert shown(await signed_in.page("/aliases")) == [str(ada.alias.alias_id)]


async def test_the_button_beside_an_alias_does_what_helps_it(signed_in: Browser, ada: Owner) -> None:
    async def offered() -> list[str]:
        page = await signed_in.page("/aliases")
        return [tag["value"].partition(":")[0] for tag in page.all("button") if tag.get("name") == "one"]

    assert await offered() == ["off"]
    await change(ada, AliasPatch(message_limit=1))
    await ada.deliver(b"Subject: One\r\n\r\nText.\r\n")
    assert await offered() == ["renew"]
    await act(signed_in, {"one": f"renew:{ada.alias.alias_id}"})
    assert await offered() == ["off"]
    async with ada.platform.db.transaction() as conn:
        address = Address("postmaster", "restante.test")
        await mail.take(conn, ada.actor.account_id, address)
    assert len(shown(await signed_in.page("/aliases"))) == 2
    assert await offered() == ["off"], "what takes mail in any state cannot be switched off"
    role = (await stored(ada))["postmaster@restante.test"]
    assert "Switch off" not in (await signed_in.page(f"/aliases/{role.alias_id}")).words


async def test_categories_are_made_changed_and_deleted(signed_in: Browser, ada: Owner) -> None:
    answer = await signed_in.send("/categories", "/categories", {"name": "Shops", "colour": "teal"})
    page_after = await signed_in.page(answer.headers["location"])
    assert "The category is made." in page_after.words
    assert "Shops" in page_after.words
    async with ada.platform.db.connection() as conn:
        (made,) = await categories.everything(conn, ada.actor.account_id, ada.actor.keyring)
    await change(ada, AliasPatch(category_id=made.category_id))
    assert "Shops" in (await signed_in.page("/aliases")).words
    action, page = f"/categories/{made.category_id}", f"/categories?change={made.category_id}"
    for form, told in (({"name": ""}, "Give it a name"), ({"name": "x" * 41}, "at most 40")):
        answer = await signed_in.send(page, action, form)
        assert answer.status_code == 422
        assert told in Browser.checked(answer).words
    answer = await signed_in.send("/categories", "/categories", {"name": "shops"})
    assert answer.status_code == 422
    assert Browser.checked(answer).words.count("choose another") == 2, "once above, and once beside the field"
    await signed_in.send(page, action, {"name": "Boats", "colour": "red"})
    assert "Boats" in (await signed_in.page(f"/aliases/{ada.alias.alias_id}")).words
    answer = await signed_in.send(page, action, {"action": "delete"})
    page_after = await signed_in.page(answer.headers["location"])
    assert "The category is deleted." in page_after.words
    assert "Boats" not in page_after.words
    assert shown(await signed_in.page("/aliases")) == [str(ada.alias.alias_id)]


async def test_anothers_category_is_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    theirs = await sort_of(bob, "Shops")
    csrf = (await signed_in.page("/inbox")).hidden("/logout")
    for form in ({"name": "mine"}, {"action": "delete"}):
        answer = await signed_in.post(f"/categories/{theirs.category_id}", csrf | form)
        assert answer.status_code == 404
    assert "Shops" not in (await signed_in.page("/categories")).words


async def test_pages_with_the_heaviest_aliases_are_light(signed_in: Browser, ada: Owner) -> None:
    heavy = [await sort_of(ada, f"{number:02}" + "&" * 38) for number in range(40)]
    await change(ada, AliasPatch(category_id=heavy[0].category_id, is_pinned=True))
    await signed_in.page("/aliases")
    await signed_in.page(f"/aliases/{ada.alias.alias_id}")
    await signed_in.page("/categories")
