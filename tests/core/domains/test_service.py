from datetime import UTC, date, datetime

import pytest

from app.core.accounts import service as accounts
from app.core.aliases import listing
from app.core.aliases.model import Listing
from app.core.domains import service as domains
from app.core.domains.roles import give_roles
from app.core.platform import Platform
from app.errors import Conflict, Invalid
from tests.conftest import MakeAccount

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
TODAY = date(2099, 1, 1)


async def test_a_domain_is_added_once_in_all_its_spellings(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        assert await domains.add_shared(conn, " Bücher.Test. ", today=TODAY) == "xn--bcher-kva.test"
        with pytest.raises(Conflict):
            await domains.add_shared(conn, "XN--BCHER-KVA.test", today=TODAY)
        assert await domains.shared(conn) == ["restante.test", "xn--bcher-kva.test"]
        assert await domains.is_ours(conn, "xn--bcher-kva.test")
        assert not await domains.is_ours(conn, "elsewhere.test")


@pytest.mark.parametrize("name", ["", "not a domain", "a..b", "-a.test", "x" * 300, "a\0.test", "\ud800.test"])
async def test_what_is_no_domain_is_refused(platform: Platform, name: str) -> None:
    async with platform.db.connection() as conn:
        with pytest.raises(Invalid) as caught:
            await domains.add_shared(conn, name, today=TODAY)
    assert [fault.field for fault in caught.value.fields] == ["domain"]


async def test_configured_domains_are_added_where_they_are_missing(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        for _ in range(2):
            await domains.ensure_shared(conn, ["restante.test", "second.test"], today=TODAY)
        assert await domains.shared(conn) == ["restante.test", "second.test"]


async def test_a_domain_of_one_account_is_ours_but_not_shared(platform: Platform, make_account: MakeAccount) -> None:
    made = await make_account("ada")
    async with platform.db.connection() as conn:
        await conn.execute("INSERT INTO domains VALUES ('ada.test', %s, %s)", (made.account_id, TODAY))
        assert await domains.is_ours(conn, "ada.test")
        assert "ada.test" not in await domains.shared(conn)


async def test_the_first_administrator_is_given_the_role_addresses(
    platform: Platform, make_account: MakeAccount
) -> None:
    async with platform.db.transaction() as conn:
        await give_roles(conn, now=NOW)
        assert await (await conn.execute("SELECT count(*) FROM aliases")).fetchone() == (0,)
    await make_account("user")
    admin = await make_account("admin", is_admin=True)
    await make_account("second-admin", is_admin=True)
    for _ in range(2):
        async with platform.db.transaction() as conn:
            await domains.ensure_shared(conn, ["second.test"], today=TODAY)
            await give_roles(conn, now=NOW)
    async with platform.db.connection() as conn:
        keyring = await accounts.open_keyring(conn, platform.instance, admin)
        made = await listing.page(conn, admin.account_id, keyring, Listing(), limit=50, now=NOW)
        assert await (await conn.execute("SELECT count(*) FROM aliases")).fetchone() == (4,)
    assert {alias.address for alias in made} == {
        f"{role}@{domain}" for role in ("postmaster", "abuse") for domain in ("restante.test", "second.test")
    }
    assert {alias.description for alias in made} == {"Mail every domain must take"}
