"""How many aliases an account may have and how fast, also when many are made at once."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.limits import service as limits
from app.core.aliases.limits.model import Allowance
from app.core.aliases.model import Alias, Bulk, NewAlias
from app.core.domains.roles import give_roles
from app.errors import Invalid, LimitReached
from app.lib.ids import first_id_at
from app.lib.times import utc_now
from tests.conftest import MakeAccount
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio


async def make(owner: Owner, *, now: datetime | None = None) -> Alias:
    async with owner.platform.db.transaction() as conn:
        return await aliases.create(
            conn, owner.account.account_id, owner.actor.keyring, NewAlias(), now=now or utc_now()
        )


async def have(owner: Owner) -> Allowance:
    async with owner.platform.db.connection() as conn:
        return await limits.allowance(conn, owner.account.account_id)


async def allow(owner: Owner, alias_limit: int) -> None:
    async with owner.platform.db.transaction() as conn:
        await accounts.change_limits(conn, owner.account, Limits(alias_limit=alias_limit))


async def made_before(owner: Owner, count: int, *, since: datetime, step: timedelta, made_by: str = "owner") -> None:
    """Aliases with the ids they would have if they had been made one after the other."""
    ids = [first_id_at(since + number * step) for number in range(count)]
    async with owner.platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO aliases (account_id, alias_id, address, details, is_enabled, when_disabled, made_by)
               SELECT %s, id, id || '@restante.test', '', true, 'refuse', %s FROM unnest(%s::uuid[]) AS id""",
            (owner.account.account_id, made_by, ids),
        )


async def test_an_account_is_full_until_something_is_deleted_or_more_is_allowed(ada: Owner, bob: Owner) -> None:
    await allow(ada, 2)
    await make(ada)
    with pytest.raises(LimitReached) as caught:
        await make(ada)
    assert (caught.value.code, caught.value.retry_after) == ("alias_limit", None)
    assert "2 of 2 aliases" in caught.value.detail
    await make(bob)
    async with ada.platform.db.transaction() as conn:
        await bulk.apply(conn, ada.account.account_id, Bulk(action="delete"), [ada.alias.alias_id], now=utc_now())
    await make(ada)
    with pytest.raises(LimitReached):
        async with ada.platform.db.transaction() as conn:
            await bulk.apply(conn, ada.account.account_id, Bulk(action="restore"), [ada.alias.alias_id], now=utc_now())
    assert await have(ada) == Allowance(alias_count=2, alias_limit=2, aliases_warned=100)
    await allow(ada, 3)
    async with ada.platform.db.transaction() as conn:
        await bulk.apply(conn, ada.account.account_id, Bulk(action="restore"), [ada.alias.alias_id], now=utc_now())
    assert (await have(ada)).room == 0


async def test_a_lower_limit_takes_nothing_away(ada: Owner) -> None:
    await make(ada)
    await allow(ada, 0)
    assert await have(ada) == Allowance(alias_count=2, alias_limit=0)
    assert (await have(ada)).room == 0


async def test_of_many_at_once_only_as_many_are_made_as_fit(ada: Owner) -> None:
    await allow(ada, 4)
    outcomes = await asyncio.gather(*(make(ada) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(one, Alias) for one in outcomes) == 3
    assert sum(isinstance(one, LimitReached) for one in outcomes) == 9
    assert await have(ada) == Allowance(alias_count=4, alias_limit=4, aliases_warned=100)


@pytest.mark.parametrize(
    ("count", "step", "first", "wait", "told"),
    [
        (199, timedelta(seconds=10), timedelta(minutes=50), 600, "Try again in 10 minutes."),
        (199, timedelta(seconds=10), timedelta(minutes=60), None, ""),
        (999, timedelta(seconds=80), timedelta(hours=23), 3600, "Try again in 60 minutes."),
        (999, timedelta(seconds=80), timedelta(hours=24), None, ""),
    ],
)
async def test_aliases_are_made_at_a_pace(
    ada: Owner, count: int, step: timedelta, first: timedelta, wait: int | None, told: str
) -> None:
    now = utc_now()
    await made_before(ada, count, since=now - first, step=step)
    later = now + timedelta(milliseconds=1)
    if wait is None:
        await make(ada, now=later)
        return
    with pytest.raises(LimitReached) as caught:
        await make(ada, now=later)
    assert (caught.value.code, caught.value.retry_after) == ("alias_rate", wait)
    assert told in caught.value.detail


async def test_what_a_service_made_or_a_file_held_does_not_hurry_its_owner(ada: Owner) -> None:
    now = utc_now()
    step = timedelta(seconds=1)
    await made_before(ada, 300, since=now - timedelta(minutes=30), step=step, made_by="import")
    await made_before(ada, 300, since=now - timedelta(minutes=40), step=step, made_by="service")
    await make(ada)
    async with ada.platform.db.connection() as conn:
        assert await limits.importable(conn, ada.account.account_id, now=now) == 10_000 - 602


async def test_a_days_imports_are_counted(ada: Owner) -> None:
    now = utc_now()
    await allow(ada, 100_000)
    step = timedelta(milliseconds=10)
    await made_before(ada, 6000, since=now - timedelta(hours=23), step=step, made_by="import")
    await made_before(ada, 6000, since=now - timedelta(hours=25), step=step, made_by="import")
    async with ada.platform.db.connection() as conn:
        assert await limits.importable(conn, ada.account.account_id, now=now) == 4000


async def test_role_addresses_come_also_where_there_is_no_room(ada: Owner, make_account: MakeAccount) -> None:
    admin = await make_account("root", is_admin=True)
    async with ada.platform.db.transaction() as conn:
        await accounts.change_limits(conn, admin, Limits(alias_limit=0))
        await give_roles(conn, now=utc_now())
        assert (await limits.allowance(conn, admin.account_id)).alias_count == 2


@pytest.mark.parametrize(
    "wrong", [Limits(alias_limit=-1), Limits(alias_limit=1_000_001), Limits(domain_limit=101), Limits(storage_limit=-1)]
)
async def test_limits_have_limits(ada: Owner, wrong: Limits) -> None:
    with pytest.raises(Invalid):
        async with ada.platform.db.transaction() as conn:
            await accounts.change_limits(conn, ada.account, wrong)
    async with ada.platform.db.connection() as conn:
        assert await accounts.get(conn, ada.account.account_id) == ada.account
