"""Suspending and restoring: what it does to mail and sign-in, what is told, and what is written down."""

import pytest

from app.core.accounts import service as accounts
from app.core.administration import audit, suspensions
from app.core.administration.model import NewSuspension
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.bulk import service as bulk
from app.core.aliases.model import AliasPatch, Bulk
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.policy.service import decide_recipient
from app.errors import Conflict, Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_now, utc_today
from tests import mail
from tests.core.conftest import MakeOwner, Owner

NEW = NewSuspension(reason="report", words="  We were told of forged invoices.  ")


@pytest.fixture
async def admin(make_owner: MakeOwner) -> Owner:
    return await make_owner("root")


async def answer(platform: Platform, address: str) -> tuple[int, str]:
    ruling = await decide_recipient(platform, address, sender="eve@x.test", announced_size=0, now=utc_now())
    return ruling.decision.code, ruling.decision.reason


async def noted(platform: Platform) -> list[tuple[str, str]]:
    async with platform.db.connection() as conn:
        return [(one.action, one.details) for one in await audit.page(conn, limit=50)]


async def suspend_alias(platform: Platform, admin: Actor, owner: Owner) -> None:
    async with platform.db.transaction() as conn:
        account_id, alias_id = owner.account.account_id, owner.alias.alias_id
        await suspensions.suspend_alias(conn, platform.instance, admin, account_id, alias_id, NEW, today=utc_today())


async def test_an_account(platform: Platform, admin: Owner, ada: Owner) -> None:
    async with platform.db.transaction() as conn:
        await suspensions.suspend_account(conn, platform.instance, admin.actor, ada.account, NEW, now=utc_now())
    assert await answer(platform, ada.alias.address) == (450, "account_suspended")
    async with platform.db.transaction() as conn:
        told = await suspensions.of_account(conn, platform.instance, ada.account.account_id)
        assert told is not None
        assert (told.reason, told.words, told.suspended_on) == (
            "report",
            "We were told of forged invoices.",
            utc_today(),
        )
        await suspensions.restore_account(
            conn, admin.actor, await accounts.find(conn, ada.account.login), now=utc_now()
        )
    assert await answer(platform, ada.alias.address) == (250, "accepted")
    async with platform.db.transaction() as conn:
        assert await suspensions.of_account(conn, platform.instance, ada.account.account_id) is None
        await suspensions.restore_account(
            conn, admin.actor, await accounts.find(conn, ada.account.login), now=utc_now()
        )
    assert await noted(platform) == [("account_restored", ""), ("account_suspended", "report")]


async def test_a_later_reason_takes_the_place_of_an_earlier_one(platform: Platform, admin: Owner, ada: Owner) -> None:
    again = NewSuspension(reason="abuse")
    async with platform.db.transaction() as conn:
        for new in (NEW, again):
            await suspensions.suspend_account(conn, platform.instance, admin.actor, ada.account, new, now=utc_now())
        told = await suspensions.of_account(conn, platform.instance, ada.account.account_id)
    assert told is not None
    assert (told.reason, told.words) == ("abuse", "")


async def test_nobody_suspends_himself(platform: Platform, admin: Owner) -> None:
    with pytest.raises(Conflict):
        async with platform.db.transaction() as conn:
            await suspensions.suspend_account(conn, platform.instance, admin.actor, admin.account, NEW, now=utc_now())
    assert await answer(platform, admin.alias.address) == (250, "accepted")


async def test_an_alias_whatever_its_owner_sets(platform: Platform, admin: Owner, ada: Owner) -> None:
    await suspend_alias(platform, admin.actor, ada)
    account_id, alias_id = ada.account.account_id, ada.alias.alias_id
    assert await answer(platform, ada.alias.address) == (550, "alias_suspended")
    async with platform.db.transaction() as conn:
        patch = AliasPatch(is_enabled=True, when_disabled="discard")
        await aliases.update(conn, account_id, ada.actor.keyring, alias_id, patch, now=utc_now())
        for action in ("off", "on", "delete", "restore", "renew"):
            await bulk.apply(conn, account_id, Bulk(action=action), [alias_id], now=utc_now())
        alias = await aliases.get(conn, account_id, ada.actor.keyring, alias_id)
    assert alias.is_enabled
    assert alias.is_suspended
    assert await answer(platform, ada.alias.address) == (550, "alias_suspended")
    async with platform.db.transaction() as conn:
        for _ in range(2):
            await suspensions.restore_alias(conn, admin.actor, account_id, alias_id)
    assert await answer(platform, ada.alias.address) == (250, "accepted")
    assert await noted(platform) == [("alias_restored", ""), ("alias_suspended", "report")]


async def test_what_is_told_is_sealed_and_the_log_names_no_address(
    platform: Platform, admin: Owner, ada: Owner
) -> None:
    await suspend_alias(platform, admin.actor, ada)
    async with platform.db.connection() as conn:
        cursor = await conn.execute("SELECT words FROM suspensions")
        ((words,),) = await cursor.fetchall()
        (entry,) = await audit.page(conn, limit=10)
        told = await suspensions.of_alias(conn, platform.instance, ada.account.account_id, ada.alias.alias_id)
    assert b"invoices" not in bytes(words)
    assert entry.subject == str(ada.alias.alias_id)
    assert told is not None
    assert told.words == "We were told of forged invoices."


async def test_role_addresses_and_strangers(platform: Platform, admin: Owner, ada: Owner) -> None:
    account_id, address = ada.account.account_id, Address("abuse", "restante.test")
    async with platform.db.transaction() as conn:
        await mail.take(conn, account_id, address)
        abuse = await aliases.find(conn, account_id, str(address))
    assert abuse is not None
    for alias_id, error in ((abuse, Conflict), (new_id(), NotFound), (admin.alias.alias_id, NotFound)):
        with pytest.raises(error):
            async with platform.db.transaction() as conn:
                await suspensions.suspend_alias(
                    conn, platform.instance, admin.actor, account_id, alias_id, NEW, today=utc_today()
                )
    assert await noted(platform) == []


async def test_too_many_words_and_no_reason(platform: Platform, admin: Owner, ada: Owner) -> None:
    long = NewSuspension(reason="other", words="x" * (suspensions.MAX_WORDS + 1))
    with pytest.raises(Invalid) as told:
        async with platform.db.transaction() as conn:
            await suspensions.suspend_account(conn, platform.instance, admin.actor, ada.account, long, now=utc_now())
    assert [fault.field for fault in told.value.fields] == ["words"]
    assert suspensions.read_reason("law") == "law"
    with pytest.raises(Invalid):
        suspensions.read_reason("because")
