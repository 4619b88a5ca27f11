"""Files of aliases on their way in and out, with a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from app.core.aliases import listing
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.files import importing, reading, waiting
from app.core.aliases.files.exporting import export
from app.core.aliases.files.model import Choice, LineReport
from app.core.aliases.model import Alias, Bulk, Listing, NewAlias, State
from app.core.categories import service as categories
from app.core.categories.model import NewCategory
from app.errors import Invalid, NotFound
from app.lib.times import utc_now
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio

SKIP = Choice()


async def make(owner: Owner, text: str, choice: Choice = SKIP) -> list[LineReport]:
    async with owner.platform.db.transaction() as conn:
        file = reading.read(text.encode())
        keyring = owner.actor.keyring
        return list(await importing.make(conn, owner.account.account_id, keyring, file, choice, now=utc_now()))


async def look(owner: Owner, text: str, choice: Choice = SKIP) -> list[LineReport]:
    async with owner.platform.db.connection() as conn:
        file = reading.read(text.encode())
        return list(await importing.preview(conn, owner.account.account_id, file, choice, now=utc_now()))


async def everything(owner: Owner, state: State = "current") -> dict[str, Alias]:
    async with owner.platform.db.connection() as conn:
        keyring, wanted = owner.actor.keyring, Listing(state=state)
        found = await listing.page(conn, owner.account.account_id, keyring, wanted, limit=200, now=utc_now())
    return {alias.address: alias for alias in found}


def outcomes(reports: list[LineReport]) -> list[tuple[int, str, str]]:
    return [(one.line, one.outcome, one.address) for one in reports]


async def exported(owner: Owner) -> bytes:
    return b"".join([part async for part in export(owner.platform.db, owner.account.account_id, owner.actor.keyring)])


async def test_every_line_is_told_what_became_of_it(ada: Owner, bob: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        keyring, new = ada.actor.keyring, NewAlias(local_part="left")
        left = await aliases.create(conn, ada.account.account_id, keyring, new, now=utc_now())
        await bulk.apply(conn, ada.account.account_id, Bulk(action="delete"), [left.alias_id], now=utc_now())
    lines = [
        "alias,description,enabled,deleted_at",
        "Shop@Restante.Test,Books,false,",
        "ada-alias@restante.test,mine,,",
        "bob-alias@restante.test,not mine,,",
        "left@restante.test,,,",
        "shop@restante.test,again,,",
        "news@elsewhere.test,,,",
        "gone@restante.test,,,2026-01-01",
        "adm1n@restante.test,,,",
        "no address,,,",
    ]
    text = "\n".join(lines)
    seen = [
        (2, "made", "shop@restante.test"),
        (3, "exists", ""),
        (4, "made", "bob-alias@restante.test"),
        (5, "deleted", ""),
        (6, "repeated", ""),
        (7, "elsewhere", ""),
        (8, "gone", ""),
        (9, "faulty", ""),
        (10, "faulty", ""),
    ]
    before = await everything(ada)
    assert outcomes(await look(ada, text)) == seen
    assert await everything(ada) == before
    seen[2] = (4, "taken", "")
    reports = await make(ada, text)
    assert outcomes(reports) == seen
    assert all(one.detail for one in reports if one.outcome != "made")
    found = await everything(ada)
    assert set(found) == {"ada-alias@restante.test", "shop@restante.test"}
    assert (found["shop@restante.test"].description, found["shop@restante.test"].is_enabled) == ("Books", False)
    assert set(await everything(bob)) == {"bob-alias@restante.test"}


async def test_other_domains_get_the_same_name_or_one_at_random(ada: Owner) -> None:
    text = "alias,note,enabled\nnews@a.test,A,\nnews@b.test,B,\nada-alias@a.test,C,\n"
    assert outcomes(await make(ada, text, Choice(others="same"))) == [
        (2, "made", "news@restante.test"),
        (3, "repeated", ""),
        (4, "exists", ""),
    ]
    reports = await make(ada, text, Choice(others="generate", domain="restante.test"))
    assert [one.outcome for one in reports] == ["made"] * 3
    found = await everything(ada)
    assert [found[one.address].description for one in reports] == ["A", "B", "C"]
    assert len({one.address for one in reports}) == 3
    with pytest.raises(Invalid) as caught:
        await make(ada, text, Choice(others="same", domain="a.test"))
    assert caught.value.fields[0].field == "domain"


async def test_as_many_are_made_as_fit(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await accounts.change_limits(conn, ada.account, Limits(alias_limit=3))
    text = "alias\n" + "".join(f"many{number}@restante.test\n" for number in range(4))
    assert [one.outcome for one in await look(ada, text)] == ["made", "made", "limit", "limit"]
    assert [one.outcome for one in await make(ada, text)] == ["made", "made", "limit", "limit"]
    assert len(await everything(ada)) == 3


async def test_categories_come_along_while_there_is_room(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        for number in range(categories.MAX_CATEGORIES - 1):
            new = NewCategory(name=f"Category {number}")
            await categories.create(conn, ada.account.account_id, ada.actor.keyring, new)
    text = "alias,category\na1@restante.test,CATEGORY 7\nb1@restante.test,New\nc1@restante.test,Too many\n"
    reports = await make(ada, text)
    assert [one.outcome for one in reports] == ["made"] * 3
    assert "Too many" in reports[2].detail
    found = await everything(ada)
    async with ada.platform.db.connection() as conn:
        known = await categories.everything(conn, ada.account.account_id, ada.actor.keyring)
    names = {one.category_id: one.name for one in known}
    sorted_into = [found[one.address].category_id for one in reports]
    assert [names[one] if one else None for one in sorted_into] == ["Category 7", "New", None]


async def test_what_was_exported_comes_back_as_it_was(ada: Owner, bob: Owner) -> None:
    columns = "alias,description,site,note,category,enabled,when_disabled,screening,pinned,archived,expires_at"
    rows = [
        f"{columns},message_limit,idle_days,created_at",
        'all@restante.test,\'=1+1,shop.example,"a\nb",Shops,false,discard,known,true,false,2020-01-01,5,30,2019-01-01',
        "old@restante.test,,,,,true,refuse,open,false,true,,,,2018-01-01",
    ]
    assert [one.outcome for one in await make(ada, "\n".join(rows))] == ["made", "made"]
    alias = (await everything(ada))["all@restante.test"]
    assert (alias.description, alias.note, alias.created_at) == ("=1+1", "a\nb", datetime(2019, 1, 1, tzinfo=UTC))
    assert (alias.message_limit, alias.messages_left, alias.idle_from) == (5, 5, utc_now().date())
    assert "old@restante.test" in await everything(ada, "archived")
    data = await exported(ada)
    file = reading.read(data)
    assert {entry.address for entry in file.entries} == {
        "ada-alias@restante.test",
        "all@restante.test",
        "old@restante.test",
    }
    moved = data.decode().replace("@restante.test", "@a.test").replace("ada-alias", "moved")
    reports = await make(bob, moved.replace("all@", "all2@").replace("old@", "old2@"), Choice(others="same"))
    assert [one.outcome for one in reports] == ["made"] * 3
    found = await everything(bob) | await everything(bob, "archived")
    for entry, one in zip(file.entries, reports, strict=True):
        back = found[one.address]
        for name in ("description", "note", "site", "is_enabled", "when_disabled", "screening", "is_pinned"):
            assert getattr(back, name) == getattr(entry, name)
        for name in ("is_archived", "expires_at", "message_limit", "idle_days", "created_at"):
            assert getattr(back, name) == getattr(entry, name)


async def test_as_many_lines_as_a_usual_account_has_aliases(ada: Owner) -> None:
    text = "alias,note,enabled\n" + "".join(f"bulk{number}@restante.test,n{number},true\n" for number in range(9_999))
    reports = await make(ada, text)
    assert {one.outcome for one in reports} == {"made"}
    assert {one.outcome for one in await look(ada, text)} == {"exists"}
    assert (await exported(ada)).count(b"\r\n") == 1 + 1 + 9_999


async def test_a_file_waits_sealed_and_is_made_once(ada: Owner, bob: Owner) -> None:
    file = reading.read(b"alias,note,enabled\nshop@restante.test,Secret shop,true\n")
    me, keyring, now = ada.account.account_id, ada.actor.keyring, utc_now()
    async with ada.platform.db.transaction() as conn:
        first = await waiting.put(conn, me, keyring, file)
        second = await waiting.put(conn, me, keyring, file)
    async with ada.platform.db.connection() as conn:
        with pytest.raises(NotFound):
            await waiting.get(conn, me, keyring, first)
        with pytest.raises(NotFound):
            await waiting.get(conn, bob.account.account_id, bob.actor.keyring, second)
        assert (await waiting.get(conn, me, keyring, second)) == waiting.Waiting(file=file, report=None)
        row = await (await conn.execute("SELECT contents FROM alias_imports")).fetchone()
        assert row is not None
        assert b"Secret" not in row[0]
        assert b"restante" not in row[0]
    async with ada.platform.db.transaction() as conn:
        report = await waiting.make(conn, me, keyring, second, SKIP, now=now)
    assert outcomes(list(report)) == [(2, "made", "shop@restante.test")]
    async with ada.platform.db.transaction() as conn:
        assert await waiting.make(conn, me, keyring, second, SKIP, now=now) == report
    async with ada.platform.db.transaction() as conn:
        assert (await waiting.get(conn, me, keyring, second)).report == report
    assert await waiting.forget_old(ada.platform, now=now + timedelta(hours=23)) == 0
    assert await waiting.forget_old(ada.platform, now=now + timedelta(hours=25)) == 1
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await waiting.make(conn, me, keyring, second, SKIP, now=now)


async def test_each_alias_of_a_file_is_told_of(ada: Owner) -> None:
    await make(ada, "alias,enabled\none@restante.test,true\ntwo@restante.test,false\nada-alias@restante.test,true\n")
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT a.address FROM events e JOIN aliases a USING (account_id, alias_id)
               WHERE e.type = 'alias.created' AND e.facts = '{"reason": "import"}' ORDER BY a.address"""
        )
        assert await cursor.fetchall() == [("one@restante.test",), ("two@restante.test",)]
