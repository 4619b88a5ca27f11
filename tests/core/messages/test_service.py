from datetime import timedelta
from typing import LiteralString

import pytest

from app.core.messages import read, service
from app.errors import CannotOpen, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_now
from app.vault import links
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, BOB, LETTER, with_attachment

PHOTO = bytes(range(256)) * 2000


async def test_pages_follow_each_other_newest_first(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    for number in range(5):
        await deliver(b"Subject: %d\r\n\r\nx" % number, ADA)
    await deliver(b"Subject: not hers\r\n\r\nx", BOB)
    async with ada.platform.db.connection() as conn:
        first = await service.page(conn, ada.actor, folder="inbox", before=None, limit=3)
        rest = await service.page(conn, ada.actor, folder="inbox", before=first[-1].message_id, limit=3)
        other = await service.page(conn, ada.actor, folder="archive", before=None, limit=3)
    assert [line.summary.subject for line in first + rest] == ["4", "3", "2", "1", "0"]
    assert other == []
    assert [line.summary.subject for line in await bob.lines()] == ["not hers"]


async def test_messages_of_others_are_not_found(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    line = await ada.newest()
    ordinal = line.summary.attachments[0].ordinal
    for owner, message_id in [(bob, line.message_id), (ada, new_id())]:
        with pytest.raises(NotFound):
            await service.open_message(owner.platform, owner.actor, message_id)
        with pytest.raises(NotFound):
            await service.source(owner.platform, owner.actor, message_id)
        with pytest.raises(NotFound):
            await service.attachment(owner.platform, owner.actor, message_id, ordinal)
        with pytest.raises(NotFound):
            await service.attachment_link(owner.platform, owner.actor, message_id, ordinal, now=utc_now())
    for wrong in (ordinal - 1, ordinal + 1, -1):
        with pytest.raises(NotFound):
            await ada.attachment(line, wrong)
        with pytest.raises(NotFound):
            await service.attachment_link(ada.platform, ada.actor, line.message_id, wrong, now=utc_now())


async def test_message_keys_are_wrapped_anew_at_the_first_look(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, ADA)
    await deliver(LETTER, ADA)

    async def key_sizes() -> list[int]:
        async with ada.platform.db.connection() as conn:
            rows = await (await conn.execute("SELECT length(message_key) FROM message_summaries")).fetchall()
        return [row[0] for row in rows]

    before = await key_sizes()
    lines = await ada.lines()
    after = await key_sizes()
    assert before == [1169, 1169]
    assert after == [61, 61]
    assert [line.message_key for line in await ada.lines()] == [line.message_key for line in lines]
    for line in lines:
        assert await ada.original(line) == LETTER


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE message_summaries SET summary = set_byte(summary, 20, get_byte(summary, 20) # 1)",
        "UPDATE message_summaries SET message_key = set_byte(message_key, 20, get_byte(message_key, 20) # 1)",
        "UPDATE message_sources SET source = set_byte(source, 20, get_byte(source, 20) # 1)",
        "UPDATE message_sources SET source = substring(source FOR length(source) - 1)",
        "UPDATE message_sources SET source = ''",
        "UPDATE message_summaries SET message_key = ''",
    ],
)
@pytest.mark.parametrize("is_rewrapped", [False, True])
async def test_a_changed_byte_is_noticed(ada: Owner, deliver: Deliver, change: str, is_rewrapped: bool) -> None:
    await deliver(LETTER, ADA)
    async with ada.platform.db.connection() as conn:
        row = await (await conn.execute("SELECT message_id FROM messages")).fetchone()
        assert row is not None
        if is_rewrapped:
            await ada.lines()
        await conn.execute(change.encode())
    with pytest.raises(CannotOpen):
        await service.open_message(ada.platform, ada.actor, row[0])


@pytest.mark.parametrize("is_of_other_account", [False, True])
@pytest.mark.parametrize(
    "move",
    [
        "UPDATE message_sources t SET source = s.source FROM message_sources s",
        "UPDATE message_summaries t SET summary = s.summary FROM message_summaries s",
        "UPDATE message_summaries t SET message_key = s.message_key FROM message_summaries s",
        "UPDATE message_summaries t SET message_key = s.message_key, summary = s.summary FROM message_summaries s",
    ],
)
async def test_rows_do_not_open_in_another_place(
    ada: Owner, bob: Owner, deliver: Deliver, move: str, is_of_other_account: bool
) -> None:
    await deliver(LETTER, ADA)
    await deliver(b"Subject: second\r\n\r\nx", BOB if is_of_other_account else ADA)
    target = (await ada.lines())[-1]
    source = await (bob if is_of_other_account else ada).newest()
    assert (await service.open_message(ada.platform, ada.actor, target.message_id)).text
    async with ada.platform.db.connection() as conn:
        where = " WHERE s.message_id = %(source)s AND t.message_id = %(target)s"
        cursor = await conn.execute((move + where).encode(), {"source": source.message_id, "target": target.message_id})
    assert cursor.rowcount == 1
    with pytest.raises(CannotOpen):
        await service.open_message(ada.platform, ada.actor, target.message_id)


@pytest.mark.parametrize(
    "damage", ["UPDATE message_summaries SET summary = 'x'", "UPDATE message_summaries SET message_key = 'x'"]
)
async def test_a_damaged_message_hides_no_other(ada: Owner, deliver: Deliver, damage: LiteralString) -> None:
    for subject in (b"first", b"second", b"third"):
        await deliver(b"Subject: " + subject + b"\r\n\r\nx", ADA)
    damaged = (await ada.lines())[1].message_id
    async with ada.platform.db.transaction() as conn:
        await conn.execute(damage + " WHERE message_id = %s", (damaged,))
    lines = await ada.lines()
    async with ada.platform.db.connection() as conn:
        one = await service.line(conn, ada.actor, damaged)
    assert [line.summary.subject for line in lines] == ["third", "", "first"]
    assert [line.is_readable for line in lines] == [True, False, True]
    assert one == lines[1]
    assert service.attachment_links(ada.platform, ada.actor, one, now=utc_now()) == []
    opened = await service.open_messages(ada.platform, ada.actor, lines)
    assert [message.line.summary.subject for message in opened] == ["third", "first"]
    with pytest.raises(CannotOpen):
        await service.open_message(ada.platform, ada.actor, damaged)


async def test_a_damaged_object_is_noticed(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    line = await ada.newest()
    (info,) = [info async for info in ada.platform.blobs.list()]
    stored = b"".join([chunk async for chunk in ada.platform.blobs.read(info.name)])
    for damaged in (stored[:-1], stored[:5000] + bytes([stored[5000] ^ 1]) + stored[5001:], b""):
        writer = await ada.platform.blobs.open_writer(info.name)
        await writer.write(damaged)
        await writer.commit()
        with pytest.raises(CannotOpen):
            await ada.attachment(line, line.summary.attachments[0].ordinal)
        with pytest.raises(CannotOpen):
            await ada.original(line)
    await ada.platform.blobs.delete([info.name])
    with pytest.raises(NotFound):
        await ada.original(line)


async def test_our_own_links_hand_out_one_attachment_for_five_minutes(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO, filename="page.html", content_type="text/html"), ADA)
    platform, now, line = ada.platform, utc_now(), await ada.newest()
    link = await service.attachment_link(
        platform, ada.actor, line.message_id, line.summary.attachments[0].ordinal, now=now
    )
    assert link.expires_at == now + timedelta(minutes=5)
    prefix = "http://restante.test/attachments/"
    assert link.url.startswith(prefix)
    assert link.url not in repr(link)
    token = link.url.removeprefix(prefix)
    content = await service.linked_attachment(platform, token, now=now + timedelta(minutes=4, seconds=58))
    assert b"".join([chunk async for chunk in content.stream]) == PHOTO
    assert (content.filename, content.content_type, content.size) == (
        "page.html",
        "application/octet-stream",
        len(PHOTO),
    )
    with pytest.raises(NotFound):
        await service.linked_attachment(platform, token, now=now + timedelta(minutes=5, seconds=1))


async def test_links_that_are_forged_or_outlive_their_message_lead_nowhere(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    platform, now = ada.platform, utc_now()
    (link,) = service.attachment_links(platform, ada.actor, await ada.newest(), now=now)
    token = link.url.rpartition("/")[2]
    forged = links.seal_link(bytes(32), b"x" * 60, expires_at=int(now.timestamp()) + 300)
    flipped = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    for wrong in (forged, flipped, token[:-1], token + "A", "", "ü", "\udcff"):
        with pytest.raises(NotFound):
            await service.linked_attachment(platform, wrong, now=now)
    async with platform.db.connection() as conn:
        await conn.execute("DELETE FROM messages")
    with pytest.raises(NotFound):
        await service.linked_attachment(platform, token, now=now)


@pytest.mark.parametrize(
    ("content_type", "safe"),
    [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_no_type_that_browsers_run_is_handed_out(content_type: str, safe: str) -> None:
    assert service.safe_type(content_type) == safe


async def test_a_part_that_todays_reader_does_not_find_is_told(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of attachments was made when the message came, by the reader of that time."""
    await deliver(with_attachment(PHOTO), ADA)
    line = await ada.newest()
    (link,) = service.attachment_links(ada.platform, ada.actor, line, now=utc_now())
    first_part_alone = read.read(LETTER, line.summary.layout)
    monkeypatch.setattr(read, "read", lambda *_: first_part_alone)
    with pytest.raises(NotFound, match="The original has it"):
        await ada.attachment(line, line.summary.attachments[0].ordinal)
    with pytest.raises(NotFound):
        await service.linked_attachment(ada.platform, link.url.rpartition("/")[2], now=utc_now())
    assert await ada.original(line) == with_attachment(PHOTO)
