"""What is brought from elsewhere is there as if it had come by mail, once, and nobody is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.core.filing import deletion
from app.core.importing import service as importing
from app.core.importing.model import Imported, NewMessage
from app.core.messages import service as messages
from app.core.messages.model import Folder, MessageLine
from app.core.platform import Platform
from app.errors import Invalid, LimitReached, NotFound
from app.lib.ids import made_at, new_id
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.exports.corpus import CORPUS, with_large_file

MOMENT = datetime(2019, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)
RAW = b"From: a@b.example\r\nSubject: old\r\nMessage-ID: <1@b.example>\r\n\r\nlong ago\r\n"


async def in_pieces(raw: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


async def brought(owner: Owner, raw: bytes, new: NewMessage | None = None) -> Imported:
    new = new or NewMessage(alias_id=owner.alias.alias_id, received_at=MOMENT)
    return await importing.store(owner.platform, owner.actor, new, in_pieces(raw), now=utc_now())


async def line(owner: Owner, imported: Imported) -> MessageLine:
    async with owner.platform.db.connection() as conn:
        return await messages.line(conn, owner.actor, imported.message_id)


@pytest.mark.parametrize("raw", CORPUS)
async def test_bytes_stay_as_they_are(ada: Owner, raw: bytes) -> None:
    made = await brought(ada, raw)
    assert made.is_new
    found = await line(ada, made)
    assert await ada.original(found) == raw
    assert found.summary.is_imported
    assert found.received_at == MOMENT
    assert made_at(found.message_id) == MOMENT


@pytest.mark.parametrize("folder", ["inbox", "archive", "spam", "trash", "held"])
async def test_it_lies_where_it_lay(ada: Owner, folder: Folder) -> None:
    new = NewMessage(
        alias_id=ada.alias.alias_id,
        received_at=MOMENT,
        folder=folder,
        is_read=False,
        is_starred=True,
        delivered_to="ada-alias+tag@restante.test",
        envelope_from="bounce@b.example",
    )
    found = await line(ada, await brought(ada, RAW, new))
    assert (found.folder, found.is_read, found.is_starred) == (folder, False, True)
    assert found.summary.delivered_to == new.delivered_to
    assert found.summary.envelope_from == new.envelope_from
    # What lies in the trash stays there for as long as if it had been put there now.
    assert await deletion.empty_trash(ada.platform, now=utc_now()) == 0
    gone = await deletion.empty_trash(ada.platform, now=utc_now() + timedelta(days=31))
    assert gone == (folder == "trash")


async def test_the_same_is_stored_once(ada: Owner) -> None:
    first = await brought(ada, RAW)
    again = await brought(ada, RAW)
    assert again == msgspec.structs.replace(first, is_new=False)
    assert (await brought(ada, RAW + b"more\r\n")).is_new
    later = NewMessage(alias_id=ada.alias.alias_id, received_at=MOMENT + timedelta(hours=1))
    assert (await brought(ada, RAW, later)).is_new
    assert len(await ada.lines()) == 3


async def test_the_same_brought_by_many_at_once_is_stored_once(ada: Owner) -> None:
    raw = with_large_file(bytes(range(256)) * 1024)
    made = await asyncio.gather(*(brought(ada, raw) for _ in range(6)))
    assert [one.is_new for one in made].count(True) == 1
    assert len({one.message_id for one in made}) == 1
    (found,) = await ada.lines()
    assert await ada.original(found) == raw


async def test_what_came_by_mail_is_not_stored_again(ada: Owner, deliver: Deliver) -> None:
    for raw in CORPUS:
        await deliver(raw, ada.alias.address)
    lines = await ada.lines()
    for there in lines:
        # To the second, as mbox files tell it.
        second = there.received_at.replace(microsecond=0)
        new = NewMessage(alias_id=ada.alias.alias_id, received_at=second)
        made = await brought(ada, await ada.original(there), new)
        assert made == Imported(message_id=there.message_id, is_new=False)
    assert len(await ada.lines()) == len(lines)


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        (b"Received: from a by b; Tue, 5 May 2020 10:00:00 +0200\r\nDate: Mon, 4 May 2020 10:00:00 +0200", (5, 8)),
        (b"Date: Mon, 4 May 2020 10:00:00 +0200", (4, 8)),
        (b"Received: from nowhere\r\nDate: Mon, 4 May 2020 10:00:00 +0000", (4, 10)),
    ],
)
async def test_the_header_tells_when_it_came(ada: Owner, header: bytes, moment: tuple[int, int]) -> None:
    new = NewMessage(alias_id=ada.alias.alias_id)
    found = await line(ada, await brought(ada, header + b"\r\n\r\nhello\r\n", new))
    assert found.received_at == datetime(2020, 5, *moment, tzinfo=UTC)


@pytest.mark.parametrize("header", [b"Date: Mon, 4 May 2999 10:00:00 +0000", b"Date: nonsense", b"Subject: no date"])
async def test_what_has_no_date_came_now(ada: Owner, header: bytes) -> None:
    before = utc_now()
    found = await line(ada, await brought(ada, header + b"\r\n\r\nx\r\n", NewMessage(alias_id=ada.alias.alias_id)))
    assert before - timedelta(milliseconds=1) <= found.received_at <= utc_now()


async def test_it_counts_for_nothing_that_the_alias_received(ada: Owner, platform: Platform) -> None:
    await brought(ada, RAW)
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT sum(message_count), sum(received_count), max(last_received_on) FROM alias_usage"
        )
        assert await cursor.fetchone() == (1, 0, MOMENT.date())
        cursor = await conn.execute("SELECT count(*) FROM events WHERE type LIKE 'message%'")
        assert await cursor.fetchone() == (0,)


async def test_a_conversation_is_joined(ada: Owner) -> None:
    first = await line(ada, await brought(ada, RAW))
    answer = b"From: c@d.example\r\nSubject: Re: old\r\nIn-Reply-To: <1@b.example>\r\n\r\nyes\r\n"
    assert (await line(ada, await brought(ada, answer))).thread_id == first.thread_id


async def test_what_cannot_be_stored_leaves_nothing(ada: Owner, bob: Owner, platform: Platform) -> None:
    large = with_large_file(bytes(range(256)) * 1024)
    for alias_id in (new_id(), bob.alias.alias_id):
        with pytest.raises(NotFound):
            await brought(ada, large, NewMessage(alias_id=alias_id))
    for moment in (utc_now() + timedelta(hours=1), datetime(1969, 1, 1, tzinfo=UTC)):
        with pytest.raises(Invalid):
            await brought(ada, large, NewMessage(alias_id=ada.alias.alias_id, received_at=moment))
    with pytest.raises(Invalid):
        await brought(ada, b"")

    async def broken() -> AsyncIterator[bytes]:
        yield large
        raise ConnectionResetError

    new = NewMessage(alias_id=ada.alias.alias_id)
    with pytest.raises(ConnectionResetError):
        await importing.store(platform, ada.actor, new, broken(), now=utc_now())
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 1000")
    with pytest.raises(LimitReached):
        await brought(ada, large)
    assert await ada.lines() == []
    assert [one async for one in platform.blobs.list("")] == []
