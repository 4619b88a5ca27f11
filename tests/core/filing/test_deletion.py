"""What leaves the trash leaves nothing behind."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from app.core.filing import deletion, queries, service
from app.core.messages.objects import object_name
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner, Slow, until_waiting
from tests.core.messages.test_receive import ADA, BOB, LETTER, with_attachment

PHOTO = bytes(range(256)) * 1000
TABLES = "messages message_summaries message_sources message_tokens message_blobs blobs thread_refs".split()


async def left(platform: Platform) -> dict[str, int]:
    """Rows of every table of messages, and objects in the store."""
    counted = {"objects": len([info async for info in platform.blobs.list()])}
    async with platform.db.connection() as conn:
        for table in TABLES:
            row = await (
                await conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            ).fetchone()
            assert row is not None
            counted[table] = row[0]
    return counted


async def held(owner: Owner) -> tuple[int, ...]:
    """Messages and bytes of the account, messages of its aliases."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT (SELECT sum(message_count)::int FROM account_usage WHERE account_id = %(id)s),
                      (SELECT sum(stored_bytes)::int FROM account_usage WHERE account_id = %(id)s),
                      (SELECT sum(message_count)::int FROM alias_usage WHERE account_id = %(id)s)""",
            {"id": owner.account.account_id},
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


async def trash_all(owner: Owner) -> None:
    ids = [line.message_id for line in await owner.lines()]
    await service.apply(owner.platform, owner.actor, "trash", ids, now=utc_now())


async def delete_all(owner: Owner) -> int:
    ids = [line.message_id for line in await owner.lines()]
    return (await service.apply(owner.platform, owner.actor, "delete", ids, now=utc_now()))[0]


async def test_a_deleted_message_leaves_no_row_no_object_and_no_count(ada: Owner, deliver: Deliver) -> None:
    nothing = await left(ada.platform)
    await deliver(b"Message-ID: <1@a.example>\r\n" + with_attachment(PHOTO), ADA)
    assert all((await left(ada.platform)).values())
    assert (await held(ada))[0] == (await held(ada))[2] == 1
    assert await delete_all(ada) == 0
    await trash_all(ada)
    assert await delete_all(ada) == 1
    assert await left(ada.platform) == nothing
    assert await held(ada) == (0, 0, 0)


async def test_what_others_need_stays(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    """Copies of other accounts, blobs that another message shares, threads that go on."""
    await deliver(b"Message-ID: <1@a.example>\r\n" + with_attachment(PHOTO), ADA, BOB)
    await deliver(b"Message-ID: <2@a.example>\r\nIn-Reply-To: <1@a.example>\r\n" + with_attachment(PHOTO), ADA)
    reply, first = await ada.lines()
    before = await left(ada.platform)
    await service.apply(ada.platform, ada.actor, "trash", [first.message_id], now=utc_now())
    assert await delete_all(ada) == 1
    after = await left(ada.platform)
    assert {table: before[table] - after[table] for table in ("messages", "blobs", "objects", "thread_refs")} == {
        "messages": 1,
        "blobs": 0,
        "objects": 0,
        "thread_refs": 0,
    }
    for owner in (ada, bob):
        assert await owner.attachment(await owner.newest(), reply.summary.attachments[0].ordinal) == PHOTO
    await trash_all(ada)
    assert await delete_all(ada) == 1
    names = {info.name async for info in ada.platform.blobs.list()}
    assert names
    assert all(name.startswith(str(bob.account.account_id)) for name in names)


async def test_the_trash_is_emptied_after_thirty_days(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    platform, now = ada.platform, utc_now()
    await deliver(LETTER, ADA, BOB)
    await deliver(LETTER, ADA)
    kept, old = await ada.lines()
    for owner in (ada, bob):
        ids = [old.message_id, (await bob.newest()).message_id]
        await service.apply(platform, owner.actor, "trash", ids, now=now)
    assert await deletion.empty_trash(platform, now=now + deletion.TRASH_LIFETIME) == 0
    assert await deletion.empty_trash(platform, now=now + deletion.TRASH_LIFETIME + timedelta(seconds=1)) == 2
    assert [line.message_id for line in await ada.lines()] == [kept.message_id]
    assert await bob.lines() == []


async def test_what_came_back_from_the_trash_starts_anew(ada: Owner, deliver: Deliver) -> None:
    platform, now = ada.platform, utc_now()
    await deliver(LETTER, ADA)
    ids = [(await ada.newest()).message_id]
    await service.apply(platform, ada.actor, "trash", ids, now=now)
    await service.apply(platform, ada.actor, "inbox", ids, now=now)
    assert await deletion.empty_trash(platform, now=now + timedelta(days=31)) == 0
    await service.apply(platform, ada.actor, "trash", ids, now=now + timedelta(days=20))
    assert await deletion.empty_trash(platform, now=now + timedelta(days=31)) == 0
    assert await deletion.empty_trash(platform, now=now + timedelta(days=51)) == 1


async def test_more_than_one_batch_is_emptied(ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_BATCH", 2)
    for _ in range(5):
        await deliver(LETTER, ADA)
    await trash_all(ada)
    assert await deletion.empty_trash(ada.platform, now=utc_now() + timedelta(days=31)) == 5


async def test_a_store_that_is_away_keeps_no_message(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    (blob,) = (await ada.newest()).summary.layout.blobs
    await trash_all(ada)

    async def away(_self: object, _names: object) -> None:
        raise Unavailable("The store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(ada.platform.blobs), "delete", away)
        assert await delete_all(ada) == 1
    assert await ada.lines() == []
    assert [info.name async for info in ada.platform.blobs.list()] == [
        object_name(ada.account.account_id, blob.blob_id)
    ]


async def test_a_message_that_is_just_being_stored_keeps_the_file_that_a_deleted_one_had(
    ada: Owner, deliver: Deliver
) -> None:
    """The deletion waits for the other's commit, and then sees that the file is still needed."""
    await deliver(with_attachment(PHOTO), ADA)
    await trash_all(ada)
    slow = Slow(ada.platform)
    storing = asyncio.ensure_future(deliver(with_attachment(PHOTO, filename="again.png"), ADA, via=slow))
    await slow.inserted.wait()
    deleting = asyncio.ensure_future(delete_all(ada))
    await until_waiting(ada.platform)
    slow.go.set()
    await storing
    assert await deleting == 1
    line = await ada.newest()
    assert await ada.attachment(line, line.summary.attachments[0].ordinal) == PHOTO
    assert (await left(ada.platform))["blobs"] == (await left(ada.platform))["objects"] == 1
    await trash_all(ada)
    assert await delete_all(ada) == 1
    assert await held(ada) == (0, 0, 0)
    assert (await left(ada.platform))["objects"] == 0


async def test_a_message_that_comes_while_its_file_is_being_deleted_keeps_its_own(ada: Owner, deliver: Deliver) -> None:
    """It has found the row that the deletion holds, waits for it, and finds nothing to name."""
    await deliver(with_attachment(PHOTO), ADA)
    await trash_all(ada)
    account_id, ids = ada.account.account_id, [(await ada.newest()).message_id]
    async with ada.platform.db.transaction() as conn:
        named = await queries.lock_blobs_of(conn, account_id, ids)
        storing = asyncio.ensure_future(deliver(with_attachment(PHOTO), ADA))
        await until_waiting(ada.platform)
        await queries.delete_messages(conn, account_id, ids)
        assert [blob_id for blob_id, _ in await queries.delete_unnamed_blobs(conn, account_id, named)] == named
    await storing
    line = await ada.newest()
    assert [ref.blob_id for ref in line.summary.layout.blobs] != named
    assert await ada.attachment(line, line.summary.attachments[0].ordinal) == PHOTO


async def test_two_deletions_of_messages_that_share_a_file_delete_it_together(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    await deliver(with_attachment(PHOTO), ADA)
    await trash_all(ada)
    account_id, lines = ada.account.account_id, await ada.lines()
    async with ada.platform.db.transaction() as conn:
        ids = [lines[0].message_id]
        named = await queries.lock_blobs_of(conn, account_id, ids)
        other = asyncio.ensure_future(deletion.delete_trashed(ada.platform, account_id, [lines[1].message_id]))
        await until_waiting(ada.platform)
        await queries.delete_messages(conn, account_id, ids)
        assert await queries.delete_unnamed_blobs(conn, account_id, named) == []
    assert await other == 1
    assert not any((await left(ada.platform)).values())


async def test_a_blob_that_a_message_names_cannot_be_deleted(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="message_blobs_blob"):
        async with ada.platform.db.transaction() as conn:
            await conn.execute("DELETE FROM blobs")
    assert (await left(ada.platform))["message_blobs"] == 1
