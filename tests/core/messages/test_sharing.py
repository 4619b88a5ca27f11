"""The same attachment again: one object, one row, every message whole, whatever happens at the same moment."""

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.core.filing import service as filing
from app.core.messages import queries, receive, service
from app.core.messages.model import BlobRef, Delivery
from app.core.messages.objects import object_name
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.blobs.local import LocalStore
from app.lib.times import utc_now
from tests.core.conftest import Deliver, MakeOwner, Owner, Slow, until_waiting
from tests.core.messages.test_receive import ADA, BOB, LETTER, with_attachment

FILE = os.urandom(300_000)
RAW = with_attachment(FILE)


async def names(platform: Platform) -> set[str]:
    return {info.name async for info in platform.blobs.list()}


async def counted(platform: Platform) -> tuple[int, int, int]:
    """Messages, blobs, and messages' names for blobs."""
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM blobs),
                      (SELECT count(*) FROM message_blobs)"""
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


async def held_bytes(owner: Owner) -> tuple[int, int]:
    """By the counter, and by what lies there: sources and objects."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT (SELECT sum(stored_bytes) FROM account_usage WHERE account_id = %(id)s)::bigint,
                      (SELECT coalesce(sum(octet_length(source)), 0) FROM message_sources
                       WHERE account_id = %(id)s)::bigint""",
            {"id": owner.account.account_id},
        )
        row = await cursor.fetchone()
    assert row is not None
    objects = [info.size async for info in owner.platform.blobs.list(f"{owner.account.account_id}/")]
    return row[0], row[1] + sum(objects)


async def refs(owner: Owner) -> list[tuple[BlobRef, ...]]:
    return [line.summary.layout.blobs for line in await owner.lines()]


async def assert_all_whole(owner: Owner, raws: Sequence[bytes], file: bytes = FILE) -> None:
    """Every message of the account gives back what was sent, the newest first, and its file."""
    lines = await owner.lines()
    assert [await owner.original(line) for line in lines] == list(raws)
    for line in lines:
        for listed in line.summary.attachments:
            assert await owner.attachment(line, listed.ordinal) == file


async def delete_all(owner: Owner) -> None:
    ids = [line.message_id for line in await owner.lines()]
    for action in ("trash", "delete"):
        await filing.apply(owner.platform, owner.actor, action, ids, now=utc_now())


async def test_the_same_file_again_is_stored_once(ada: Owner, deliver: Deliver) -> None:
    second = with_attachment(FILE, filename="again.png", content_type="application/pdf")
    await deliver(RAW, ADA)
    before = await names(ada.platform)
    await deliver(second, ADA)
    assert await names(ada.platform) == before
    assert await counted(ada.platform) == (2, 1, 2)
    (first_ref,), (second_ref,) = await refs(ada)
    assert first_ref == second_ref
    assert {object_name(ada.account.account_id, first_ref.blob_id)} == before
    await assert_all_whole(ada, [second, RAW])
    assert len(set(await held_bytes(ada))) == 1


async def test_lines_of_another_width_hold_the_same_file(ada: Owner, deliver: Deliver) -> None:
    text = base64.b64encode(FILE)
    narrow = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"".join(
        text[start : start + 60] + b"\r\n" for start in range(0, len(text), 60)
    )
    await deliver(RAW, ADA)
    await deliver(narrow, ADA)
    assert await counted(ada.platform) == (2, 1, 2)
    await assert_all_whole(ada, [narrow, RAW])


async def test_two_equal_files_of_one_message_are_one_object(ada: Owner, deliver: Deliver) -> None:
    part = RAW[RAW.index(b"Content-Type: image/png") : RAW.index(b"--b--")]
    raw = RAW.replace(b"--b--", b"--b\r\n" + part + b"--b--")
    await deliver(raw, ADA)
    assert await counted(ada.platform) == (1, 1, 1)
    assert len(await names(ada.platform)) == 1
    (line,) = await ada.lines()
    assert len(line.summary.attachments) == 2
    await assert_all_whole(ada, [raw])
    assert len(set(await held_bytes(ada))) == 1


async def test_other_files_and_other_accounts_have_objects_of_their_own(
    ada: Owner, bob: Owner, deliver: Deliver
) -> None:
    other = with_attachment(FILE[:-1])
    await deliver(RAW, ADA)
    await deliver(other, ADA)
    await deliver(RAW, BOB)
    assert await counted(ada.platform) == (3, 3, 3)
    assert len(set(await held_bytes(bob))) == 1
    async with ada.platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT DISTINCT content_digest, locked_key FROM blobs")).fetchall()
    assert len(rows) == 3
    assert len({digest for digest, _ in rows}) == 3
    await assert_all_whole(bob, [RAW])


async def test_what_an_account_has_is_not_copied_for_it(
    ada: Owner, bob: Owner, make_owner: MakeOwner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object is written for the first recipient, whoever has the file already."""
    cyd = await make_owner("cyd")
    copied: list[str] = []
    copy = LocalStore.copy

    async def noted(store: LocalStore, source: str, target: str) -> None:
        copied.append(target.partition("/")[0])
        await copy(store, source, target)

    monkeypatch.setattr(LocalStore, "copy", noted)
    await deliver(RAW, ADA)
    await deliver(RAW, ADA, BOB)
    assert copied == [str(bob.account.account_id)]
    await deliver(RAW, BOB, ADA, "cyd-alias@restante.test")
    assert copied == [str(bob.account.account_id), str(cyd.account.account_id)]
    assert await counted(ada.platform) == (6, 3, 6)
    assert len(await names(ada.platform)) == 3
    for owner, count in ((ada, 3), (bob, 2), (cyd, 1)):
        await assert_all_whole(owner, [RAW] * count)
        assert len(set(await held_bytes(owner))) == 1


async def test_two_aliases_of_one_account_share_what_is_new(ada: Owner, deliver: Deliver) -> None:
    await deliver(RAW, ADA, "ada-alias+two@restante.test")
    assert await counted(ada.platform) == (2, 1, 2)
    assert len(set(await held_bytes(ada))) == 1
    await assert_all_whole(ada, [RAW, RAW])
    await delete_all(ada)
    assert await held_bytes(ada) == (0, 0)
    assert await names(ada.platform) == set()


async def test_mail_without_large_bodies_asks_nothing(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(queries, "blobs_by_content")
    await deliver(LETTER, ADA)
    assert len(await ada.lines()) == 1


async def change_object(owner: Owner, ref: BlobRef, content: bytes | None) -> None:
    name = object_name(owner.account.account_id, ref.blob_id)
    await owner.platform.blobs.delete([name])
    if content is not None:
        writer = await owner.platform.blobs.open_writer(name)
        await writer.write(content)
        await writer.commit()


@pytest.mark.parametrize("content", [None, b"cut short"])
async def test_an_object_that_was_lost_does_not_stand_for_what_comes(
    ada: Owner, deliver: Deliver, content: bytes | None
) -> None:
    await deliver(RAW, ADA)
    ((lost,),) = await refs(ada)
    await change_object(ada, lost, content)
    for count in (2, 3):
        await deliver(RAW, ADA)
        newest = await ada.newest()
        assert newest.summary.layout.blobs[0].blob_id != lost.blob_id
        assert await ada.original(newest) == RAW
        assert await counted(ada.platform) == (count, count, count)
    await delete_all(ada)
    assert await names(ada.platform) == set()


async def test_a_row_whose_key_does_not_open_does_not_stand_for_what_comes(ada: Owner, deliver: Deliver) -> None:
    await deliver(RAW, ADA)
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE blobs SET locked_key = set_byte(locked_key, 20, get_byte(locked_key, 20) # 1)")
    await deliver(RAW, ADA)
    assert await counted(ada.platform) == (2, 2, 2)
    await assert_all_whole(ada, [RAW, RAW])


class Meeting(Committer):
    """Lets nobody store before `parties` messages wait; retries do as they like."""

    def __init__(self, platform: Platform, parties: int) -> None:
        super().__init__(platform.db, shard=1)
        self._barrier = asyncio.Barrier(parties)
        self._left = parties

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        if self._left:
            self._left -= 1
            await self._barrier.wait()
        await super().store(deliveries)


async def test_the_same_file_in_several_messages_of_one_transaction(ada: Owner, deliver: Deliver) -> None:
    """With a letter among them, which nobody else's file may hurt."""
    committer = Meeting(ada.platform, 4)
    await asyncio.gather(*(deliver(raw, ADA, via=committer) for raw in (RAW, LETTER, RAW, RAW)))
    assert await counted(ada.platform) == (4, 1, 3)
    assert len(await names(ada.platform)) == 1
    assert sorted([await ada.original(line) for line in await ada.lines()]) == sorted([RAW, LETTER, RAW, RAW])
    assert len(set(await held_bytes(ada))) == 1


async def test_the_same_file_in_two_processes_at_the_same_moment(ada: Owner, deliver: Deliver) -> None:
    slow = Slow(ada.platform)
    first = asyncio.ensure_future(deliver(RAW, ADA, via=slow))
    await slow.inserted.wait()
    second = asyncio.ensure_future(deliver(RAW, ADA))
    await until_waiting(ada.platform)
    slow.go.set()
    await asyncio.gather(first, second)
    assert await counted(ada.platform) == (2, 1, 2)
    assert len(await names(ada.platform)) == 1
    await assert_all_whole(ada, [RAW, RAW])
    assert len(set(await held_bytes(ada))) == 1


async def test_many_of_the_same_files_in_two_processes_in_any_order(ada: Owner, deliver: Deliver) -> None:
    processes = [Committer(ada.platform.db, shard=shard) for shard in (3, 4)]
    for _ in range(5):
        files = [os.urandom(100_000) for _ in range(3)]
        parts = [
            with_attachment(file).partition(b"--b\r\n\r\nSee below.\r\n")[2].removesuffix(b"--b--\r\n")
            for file in files
        ]
        head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        sent = [head + b"".join(order) + b"--b--\r\n" for order in (parts, parts[::-1])]
        await asyncio.gather(*(deliver(raw, ADA, via=process) for process in processes for raw in sent * 2))
    assert await counted(ada.platform) == (40, 15, 120)
    assert len(await names(ada.platform)) == 15
    assert len(set(await held_bytes(ada))) == 1


async def test_a_message_that_names_what_is_being_deleted_keeps_its_own(ada: Owner, deliver: Deliver) -> None:
    """It has found the object, and the deletion commits before it does."""
    await deliver(RAW, ADA)
    ((gone,),) = await refs(ada)

    class Late(Committer):
        async def store(self, deliveries: Sequence[Delivery]) -> None:
            if any(gone.blob_id in delivery.blobs for delivery in deliveries):
                await delete_all(ada)
            await super().store(deliveries)

    await deliver(RAW, ADA, via=Late(ada.platform.db, shard=0))
    assert await counted(ada.platform) == (1, 1, 1)
    ((kept,),) = await refs(ada)
    assert await names(ada.platform) == {object_name(ada.account.account_id, kept.blob_id)}
    assert kept.blob_id != gone.blob_id
    await assert_all_whole(ada, [RAW])
    assert len(set(await held_bytes(ada))) == 1


class Rival(Committer):
    """Before each of the first `times` tries, what the message counts on is made untrue."""

    def __init__(self, platform: Platform, times: int, steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
        super().__init__(platform.db, shard=5)
        self._times = times
        self._steps = steps
        self.tries = 0

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        if self.tries < self._times:
            await self._steps[self.tries % len(self._steps)]()
        self.tries += 1
        await super().store(deliveries)


@pytest.mark.parametrize("times", [receive._TRIES - 1, receive._TRIES])
async def test_tries_end(ada: Owner, deliver: Deliver, times: int) -> None:
    """Another message stores the content, that is deleted, another stores it …"""
    rival = Rival(ada.platform, times, [lambda: deliver(RAW, ADA), lambda: delete_all(ada)])
    mine = with_attachment(FILE, filename="mine.png")
    if times < receive._TRIES:
        await deliver(mine, ADA, via=rival)
        assert await ada.original(await ada.newest()) == mine
    else:
        with pytest.raises(Unavailable):
            await deliver(mine, ADA, via=rival)
        await assert_all_whole(ada, [RAW])
    assert rival.tries == receive._TRIES
    assert len(await names(ada.platform)) == 1


async def test_a_failure_of_another_kind_leaves_what_might_be_named(ada: Owner, deliver: Deliver) -> None:
    """Only the database knows whether a commit took place whose answer was lost."""

    class Lost(Committer):
        async def store(self, deliveries: Sequence[Delivery]) -> None:
            await super().store(deliveries)
            raise Unavailable("The answer was lost.")

    lost = Lost(ada.platform.db, shard=0)
    with pytest.raises(Unavailable):
        await deliver(RAW, ADA, via=lost)
    with pytest.raises(Unavailable):
        await deliver(RAW, ADA, via=lost)
    assert len(await names(ada.platform)) == 1
    await assert_all_whole(ada, [RAW, RAW])


async def test_links_lead_to_the_shared_object(ada: Owner, deliver: Deliver) -> None:
    await deliver(RAW, ADA)
    await deliver(RAW, ADA)
    for line in await ada.lines():
        (link,) = service.attachment_links(ada.platform, ada.actor, line, now=utc_now())
        content = await service.linked_attachment(ada.platform, link.url.rpartition("/")[2], now=utc_now())
        assert b"".join([chunk async for chunk in content.stream]) == FILE


async def test_deleting_the_account_deletes_shared_rows_too(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(RAW, ADA, BOB)
    await deliver(RAW, ADA)
    async with ada.platform.db.connection() as conn:
        await conn.execute("DELETE FROM accounts WHERE account_id = %s", (ada.account.account_id,))
    assert await counted(ada.platform) == (1, 1, 1)
    await assert_all_whole(bob, [RAW])
