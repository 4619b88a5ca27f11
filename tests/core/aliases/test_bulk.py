from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.bulk import service as bulk
from app.core.aliases.model import BULK_ACTIONS, Alias, AliasPatch, AliasStep, Bulk, BulkAction, NewAlias
from app.core.categories import service as categories
from app.core.categories.model import NewCategory
from app.errors import Conflict, Invalid
from app.lib.ids import new_id
from tests import mail
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, LETTER

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=40)


async def make(owner: Owner, count: int) -> list[Alias]:
    async with owner.platform.db.transaction() as conn:
        return [
            await aliases.create(conn, owner.account.account_id, owner.actor.keyring, NewAlias(), now=NOW)
            for _ in range(count)
        ]


async def apply(
    owner: Owner, asked: Bulk, ids: Sequence[UUID], now: datetime = NOW
) -> tuple[int, tuple[AliasStep, ...]]:
    async with owner.platform.db.transaction() as conn:
        return await bulk.apply(conn, owner.account.account_id, asked, ids, now=now)


async def seen(owner: Owner, alias_id: UUID) -> Alias:
    async with owner.platform.db.connection() as conn:
        return await aliases.get(conn, owner.account.account_id, owner.actor.keyring, alias_id)


async def update(owner: Owner, alias_id: UUID, patch: AliasPatch) -> Alias:
    async with owner.platform.db.transaction() as conn:
        return await aliases.update(conn, owner.account.account_id, owner.actor.keyring, alias_id, patch, now=NOW)


async def create(owner: Owner, local_part: str) -> Alias:
    async with owner.platform.db.transaction() as conn:
        new = NewAlias(local_part=local_part)
        return await aliases.create(conn, owner.account.account_id, owner.actor.keyring, new, now=NOW)


async def is_reached(owner: Owner) -> bool:
    async with owner.platform.db.connection() as conn:
        return await aliases.mailbox(conn, Address("ada-alias", "restante.test")) is not None


async def make_category(owner: Owner, name: str) -> UUID:
    async with owner.platform.db.transaction() as conn:
        made = await categories.create(conn, owner.account.account_id, owner.actor.keyring, NewCategory(name=name))
    return made.category_id


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("off", {"is_enabled": False}),
        ("pin", {"is_pinned": True}),
        ("archive", {"is_archived": True}),
        ("expiry", {"expires_at": LATER}),
        ("delete", {"deleted_on": NOW.date()}),
    ],
)
async def test_many_are_changed_at_once_and_taken_back(
    ada: Owner, bob: Owner, action: BulkAction, changed: dict[str, object]
) -> None:
    made = await make(ada, 3)
    ids = [alias.alias_id for alias in made]
    asked = Bulk(action=action, expires_at=LATER if action == "expiry" else None)
    count, steps = await apply(ada, asked, [*ids, bob.alias.alias_id, new_id()])
    assert count == 3
    assert [await seen(ada, one) for one in ids] == [msgspec.structs.replace(alias, **changed) for alias in made]
    assert await seen(bob, bob.alias.alias_id) == bob.alias
    assert await seen(ada, ada.alias.alias_id) == ada.alias
    assert await apply(ada, asked, ids) == (0, ())
    for step in steps:
        assert (await apply(ada, step.bulk, step.alias_ids))[0] == 3
    assert [await seen(ada, one) for one in ids] == made


async def test_each_goes_back_to_the_category_it_came_from(ada: Owner) -> None:
    first, second, third = [alias.alias_id for alias in await make(ada, 3)]
    shops, news = await make_category(ada, "Shops"), await make_category(ada, "News")
    assert (await apply(ada, Bulk(action="category", category_id=shops), [first]))[0] == 1
    assert (await apply(ada, Bulk(action="category", category_id=news), [second]))[0] == 1
    count, steps = await apply(ada, Bulk(action="category", category_id=shops), [first, second, third])
    assert (count, len(steps)) == (2, 2)
    for step in steps:
        await apply(ada, step.bulk, step.alias_ids)
    assert [(await seen(ada, one)).category_id for one in (first, second, third)] == [shops, news, None]


async def test_a_category_of_somebody_else_is_none(ada: Owner, bob: Owner) -> None:
    theirs = await make_category(bob, "Shops")
    for asked in (Bulk(action="category", category_id=theirs), Bulk(action="category", category_id=new_id())):
        with pytest.raises(Invalid):
            await apply(ada, asked, [ada.alias.alias_id])
    with pytest.raises(Invalid):
        await update(ada, ada.alias.alias_id, AliasPatch(category_id=theirs))


async def test_too_many_and_past_days_are_refused(ada: Owner) -> None:
    with pytest.raises(Invalid):
        await apply(ada, Bulk(action="off"), [new_id() for _ in range(bulk.MAX_AT_ONCE + 1)])
    with pytest.raises(Invalid) as caught:
        await apply(ada, Bulk(action="expiry", expires_at=NOW), [ada.alias.alias_id])
    assert [fault.field for fault in caught.value.fields] == ["expires_at"]


async def test_renewing_takes_away_what_has_ended_and_nothing_else(ada: Owner) -> None:
    alias_id = ada.alias.alias_id
    await update(ada, alias_id, AliasPatch(expires_at=LATER, message_limit=1, idle_days=30))
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE aliases SET messages_left = 0 WHERE alias_id = %s", (alias_id,))
    assert (await apply(ada, Bulk(action="renew"), [alias_id]))[0] == 1
    renewed = await seen(ada, alias_id)
    assert (renewed.expires_at, renewed.message_limit, renewed.messages_left) == (LATER, None, None)
    assert (renewed.idle_days, renewed.idle_from) == (30, NOW.date())
    assert await apply(ada, Bulk(action="renew"), [alias_id]) == (0, ())
    assert (await apply(ada, Bulk(action="renew"), [alias_id], now=LATER))[0] == 1
    renewed = await seen(ada, alias_id)
    assert (renewed.expires_at, renewed.idle_days, renewed.idle_from) == (None, 30, LATER.date())


async def test_a_deleted_alias_takes_no_mail_and_keeps_what_it_has(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, ADA)
    before = await seen(ada, ada.alias.alias_id)
    assert await is_reached(ada)
    await apply(ada, Bulk(action="delete"), [ada.alias.alias_id])
    assert not await is_reached(ada)
    assert (await ada.newest()).folder == "inbox"
    for action in BULK_ACTIONS:
        if action not in {"restore", "renew"}:
            await apply(ada, Bulk(action=action), [ada.alias.alias_id])
    assert (await apply(ada, Bulk(action="restore"), [ada.alias.alias_id]))[0] == 1
    assert await is_reached(ada)
    assert await seen(ada, ada.alias.alias_id) == before


async def test_mail_of_a_deleted_alias_may_go_to_the_trash(ada: Owner, deliver: Deliver) -> None:
    other = (await make(ada, 1))[0]
    for address in (ADA, ADA, other.address):
        await deliver(LETTER, address)
    await apply(ada, Bulk(action="delete", trashes_mail=True), [ada.alias.alias_id])
    assert [(line.alias_id == other.alias_id, line.folder) for line in await ada.lines()] == [
        (True, "inbox"),
        (False, "trash"),
        (False, "trash"),
    ]


async def test_nobody_is_given_a_deleted_address(ada: Owner, bob: Owner) -> None:
    await apply(ada, Bulk(action="delete"), [ada.alias.alias_id])
    for owner, told in ((bob, "is taken"), (ada, "Restore it")):
        with pytest.raises(Conflict, match=told):
            await create(owner, "ada-alias")


async def test_a_deleted_alias_is_not_changed(ada: Owner) -> None:
    await apply(ada, Bulk(action="delete"), [ada.alias.alias_id])
    with pytest.raises(Conflict):
        await update(ada, ada.alias.alias_id, AliasPatch(is_enabled=False))


async def test_role_addresses_cannot_be_deleted(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        role = Address("abuse", "restante.test")
        alias_id = await mail.take(conn, ada.account.account_id, role)
    assert alias_id is not None
    assert await apply(ada, Bulk(action="delete"), [alias_id]) == (0, ())
