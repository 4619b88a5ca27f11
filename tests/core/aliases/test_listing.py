from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.core.aliases import listing, queries
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.model import SORTS, Alias, AliasPatch, Bulk, Listing, NewAlias, Sort, State
from app.core.categories import service as categories
from app.core.categories.model import NewCategory
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, LETTER

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


async def make(owner: Owner, local_part: str, **choices: object) -> Alias:
    async with owner.platform.db.transaction() as conn:
        new = NewAlias(local_part=local_part, **choices)  # type: ignore[arg-type]
        return await aliases.create(conn, owner.account.account_id, owner.actor.keyring, new, now=NOW)


async def do(owner: Owner, asked: Bulk, *ids: UUID) -> None:
    async with owner.platform.db.transaction() as conn:
        await bulk.apply(conn, owner.account.account_id, asked, ids, now=NOW)


async def names(owner: Owner, asked: Listing, now: datetime = NOW) -> list[str]:
    """The local parts that are listed; two at a time, so that every list is turned."""
    found: list[Alias] = []
    async with owner.platform.db.connection() as conn:
        while True:
            after = listing.place_of(found[-1], asked) if found else None
            page = await listing.page(
                conn, owner.account.account_id, owner.actor.keyring, asked, after=after, limit=2, now=now
            )
            found += page
            if len(page) < 2:
                break
        everything = await listing.ids_of(
            conn, owner.account.account_id, owner.actor.keyring, asked, limit=5000, now=now
        )
    assert everything == [alias.alias_id for alias in found]
    return [alias.address.partition("@")[0] for alias in found]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", ["a-2", "b-2", "b-1", "ada-alias"]),
        ("name", ["a-2", "ada-alias", "b-1", "b-2"]),
        ("recent", ["a-2", "ada-alias", "b-2", "b-1"]),
        ("busiest", ["ada-alias", "a-2", "b-2", "b-1"]),
    ],
)
async def test_lists_are_sorted_and_turned(
    ada: Owner, bob: Owner, deliver: Deliver, sort: Sort, order: list[str]
) -> None:
    made = [await make(ada, name) for name in ("b-1", "b-2", "a-2")]
    await make(bob, "c-1")
    for address in (ADA, ADA, made[2].address):
        await deliver(LETTER, address)
    assert await names(ada, Listing(sort=sort)) == order
    assert await names(ada, Listing(sort=sort, text="-2")) == [name for name in order if "-2" in name]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("current", ["ending", "off", "plain"]),
        ("on", ["ending", "plain"]),
        ("off", ["off"]),
        ("expired", []),
        ("archived", ["archived"]),
        ("deleted", ["deleted"]),
    ],
)
async def test_lists_are_narrowed_by_state(ada: Owner, state: State, found: list[str]) -> None:
    await do(ada, Bulk(action="delete"), ada.alias.alias_id)
    made = {name: await make(ada, name) for name in ("plain", "off", "archived", "deleted")}
    await make(ada, "ending", expires_at=NOW + timedelta(days=1))
    await do(ada, Bulk(action="off"), made["off"].alias_id)
    await do(ada, Bulk(action="archive"), made["archived"].alias_id)
    await do(ada, Bulk(action="delete"), made["deleted"].alias_id)
    expected = found + (["ada-alias"] if state == "deleted" else [])
    for sort in SORTS:
        assert sorted(await names(ada, Listing(state=state, sort=sort))) == sorted(expected)
    ended = {"on": ["plain"], "expired": ["ending"]}
    if state in ended:
        assert await names(ada, Listing(state=state), now=NOW + timedelta(days=1)) == ended[state]


async def test_lists_are_narrowed_by_category_and_pin(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        shops = await categories.create(
            conn, ada.account.account_id, ada.actor.keyring, NewCategory(name="Schöne Läden")
        )
    await make(ada, "one", category_id=shops.category_id, is_pinned=True)
    await make(ada, "two", category_id=shops.category_id)
    await make(ada, "three", is_pinned=True)
    assert await names(ada, Listing(category_id=shops.category_id)) == ["two", "one"]
    assert await names(ada, Listing(is_pinned=True)) == ["three", "one"]
    assert await names(ada, Listing(is_pinned=False)) == ["two", "ada-alias"]
    assert await names(ada, Listing(is_pinned=True, category_id=shops.category_id)) == ["one"]
    assert await names(ada, Listing(text="SCHÖNE")) == ["two", "one"]
    async with ada.platform.db.transaction() as conn:
        await categories.delete(conn, ada.account.account_id, shops.category_id)
    assert await names(ada, Listing(category_id=shops.category_id)) == []
    assert len(await names(ada, Listing())) == 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("quiet", ["quiet-harbour-417"]),
        ("HARBOUR quiet", ["quiet-harbour-417"]),
        ("restante.test quiet", ["quiet-harbour-417"]),
        ("shoes", ["shoes"]),
        ("fußball", ["shoes"]),
        ("FUSSBALL", ["shoes"]),
        ("shop.example", ["shoes"]),
        ("receipt", ["shoes"]),
        ("shoes receipt quiet", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("\0", []),
        ("\u0301", []),
        ("   ", ["shoes", "quiet-harbour-417", "ada-alias"]),
    ],
)
async def test_aliases_are_searched(ada: Owner, text: str, found: list[str]) -> None:
    await make(ada, "quiet-harbour-417")
    await make(ada, "shoes", description="Fußball", site="https://www.shop.example/cart", note="receipt in the drawer")
    assert await names(ada, Listing(text=text)) == found


async def test_a_search_goes_through_more_than_one_reading(ada: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_TEXTS", 2)
    made = [await make(ada, f"a-{number}") for number in range(7)]
    for sort in SORTS:
        assert sorted(await names(ada, Listing(text="a-", sort=sort))) == sorted(
            ["ada-alias", *(alias.address.partition("@")[0] for alias in made)]
        )


async def test_what_is_written_is_sealed(ada: Owner) -> None:
    await make(ada, "x", description="canary one", site="canary.example", note="canary two")
    async with ada.platform.db.transaction() as conn:
        await categories.create(conn, ada.account.account_id, ada.actor.keyring, NewCategory(name="canary three"))
        for table in ("aliases", "categories"):
            cursor = await conn.execute(f"SELECT string_agg(t::text, '') FROM {table} t")  # noqa: S608
            assert b"canary".hex() not in str(await cursor.fetchone())
            assert "canary" not in str(await (await conn.execute(f"SELECT * FROM {table}")).fetchall())  # noqa: S608


async def test_limits_are_written_and_counted(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, ADA)

    async def update(patch: AliasPatch, now: datetime = NOW) -> Alias:
        async with ada.platform.db.transaction() as conn:
            return await aliases.update(
                conn, ada.account.account_id, ada.actor.keyring, ada.alias.alias_id, patch, now=now
            )

    end = NOW + timedelta(days=3)
    changed = await update(AliasPatch(expires_at=end, message_limit=3, idle_days=10, when_disabled="discard"))
    assert (changed.expires_at, changed.message_limit, changed.messages_left) == (end, 3, 2)
    assert (changed.idle_days, changed.idle_from, changed.when_disabled) == (10, NOW.date(), "discard")
    assert await update(AliasPatch(note="kept")) == await update(AliasPatch())
    assert (await update(AliasPatch(message_limit=1))).messages_left == 0
    await update(AliasPatch(is_enabled=False))
    assert (await update(AliasPatch(is_enabled=True), now=end)).idle_from == end.date()
    cleared = await update(AliasPatch(expires_at=None, message_limit=None, idle_days=None))
    assert (cleared.expires_at, cleared.message_limit, cleared.messages_left) == (None, None, None)
    assert (cleared.idle_days, cleared.idle_from) == (None, None)
