"""Feeds: what their secret opens, and what it does not."""

import pytest

from app.core.accounts import service as accounts
from app.core.feeds import service
from app.core.feeds.model import Reading
from app.core.filing import service as filing
from app.core.platform import Platform
from app.core.privacy import deletion
from app.errors import NotFound
from app.lib.times import utc_now, utc_today
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, BOB

PARCEL = b"From: The Shop <shop@shop.example>\r\nSubject: Parcel\r\n\r\nx"


async def make(owner: Owner, *, shows_mail: bool = False) -> str:
    async with owner.platform.db.transaction() as conn:
        return await service.make(conn, owner.actor, shows_mail=shows_mail, today=utc_today())


async def read(platform: Platform, secret: str) -> Reading:
    async with platform.db.connection() as conn:
        return await service.read(conn, platform.instance, secret)


async def test_a_feed_tells_numbers_and_times_of_its_own_account_alone(
    ada: Owner, bob: Owner, deliver: Deliver
) -> None:
    await deliver(PARCEL, ADA)
    await deliver(PARCEL, ADA, BOB)
    newest, older = await ada.lines()
    reading = await read(ada.platform, await make(ada))
    assert reading.unread == 2
    assert [(entry.message_id, entry.received_at) for entry in reading.entries] == [
        (line.message_id, line.received_at) for line in (newest, older)
    ]
    assert {(entry.sender, entry.subject) for entry in reading.entries} == {(None, None)}
    async with ada.platform.db.transaction() as conn:
        await filing.mark_read(conn, ada.account.account_id, newest.message_id, is_read=True)
    await filing.apply(ada.platform, ada.actor, "archive", [older.message_id], now=utc_now())
    reading = await read(ada.platform, await make(ada))
    assert (reading.unread, reading.entries) == (0, ())
    assert (await read(bob.platform, await make(bob))).unread == 1


async def test_senders_and_subjects_are_shown_when_the_owner_says_so(ada: Owner, deliver: Deliver) -> None:
    await deliver(PARCEL, ADA)
    await deliver(b"\r\n", ADA)
    secret = await make(ada, shows_mail=True)
    shown = [(entry.sender, entry.subject) for entry in (await read(ada.platform, secret)).entries]
    assert shown == [("", ""), ("The Shop", "Parcel")]
    async with ada.platform.db.transaction() as conn:
        await service.change(conn, ada.actor, shows_mail=False)
    assert {entry.subject for entry in (await read(ada.platform, secret)).entries} == {None}


async def test_without_the_keyring_only_numbers_are_shown(ada: Owner, deliver: Deliver) -> None:
    await deliver(PARCEL, ADA)
    secret = await make(ada, shows_mail=True)
    async with ada.platform.db.transaction() as conn:
        await conn.execute("DELETE FROM holders WHERE account_id = %s", (ada.account.account_id,))
    reading = await read(ada.platform, secret)
    assert (reading.unread, [entry.subject for entry in reading.entries]) == (1, [None])


async def test_a_renewed_feed_ends_the_old_address_and_a_removed_one_any(ada: Owner) -> None:
    first, second = await make(ada), await make(ada)
    assert first != second
    with pytest.raises(NotFound):
        await read(ada.platform, first)
    assert (await read(ada.platform, second)).feed.account_id == ada.account.account_id
    async with ada.platform.db.transaction() as conn:
        await service.remove(conn, ada.account.account_id)
        await service.remove(conn, ada.account.account_id)
        assert await service.find(conn, ada.account.account_id) is None
        assert await (await conn.execute("SELECT count(*) FROM feed_owners")).fetchone() == (0,)
    with pytest.raises(NotFound):
        await read(ada.platform, second)


async def test_the_secret_itself_is_not_stored(ada: Owner) -> None:
    secret = await make(ada)
    async with ada.platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT f.*, o.* FROM feeds f, feed_owners o")).fetchall()
    assert secret not in str(rows)
    assert secret.encode() not in [value for row in rows for value in row]


async def test_suspended_and_deleted_accounts_have_no_feed(ada: Owner) -> None:
    secret = await make(ada)
    async with ada.platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=True)
    with pytest.raises(NotFound):
        await read(ada.platform, secret)
    async with ada.platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=False)
    assert (await read(ada.platform, secret)).unread == 0
    await deletion.delete(ada.platform, ada.account.account_id, now=utc_now())
    async with ada.platform.db.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM feed_owners")).fetchone() == (0,)
    with pytest.raises(NotFound):
        await read(ada.platform, secret)


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 5000, "\udcff" * 43, "\x00" * 43])
async def test_what_is_no_secret_opens_nothing(ada: Owner, secret: str) -> None:
    await make(ada)
    with pytest.raises(NotFound):
        await read(ada.platform, secret)
