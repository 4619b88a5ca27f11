"""Attachments that lay in a bucket in clear when their account was sealed: sealed one by one, and nothing is lost."""

import asyncio

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.messages import service
from app.core.messages.clear import service as clear
from app.core.messages.clear.service import Progress
from app.core.platform import Platform
from app.errors import Conflict
from app.lib.blobs import BlobStore
from app.lib.times import utc_now
from tests.core.conftest import Deliver, MakeOwner, Owner
from tests.core.messages.test_receive import ADA, with_attachment

PHOTO = bytes(range(256)) * 2000
OTHER = bytes(range(255, -1, -1)) * 2000
A_WHILE = 60.0


async def sealed(owner: Owner) -> Owner:
    """As if its owner had sealed it: who holds the keyring makes no difference here."""
    async with owner.platform.db.connection() as conn:
        await accounts.set_kind(conn, owner.account.account_id, "sealed")
    return msgspec.structs.replace(owner, actor=msgspec.structs.replace(owner.actor, kind="sealed"))


async def objects(store: BlobStore) -> dict[str, bytes]:
    names = [info.name async for info in store.list()]
    return {name: b"".join([chunk async for chunk in store.read(name)]) for name in names}


async def stored_bytes(platform: Platform, actor: Actor) -> tuple[int, int]:
    """As it was counted, and as it is."""
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT (SELECT sum(stored_size)::bigint FROM blobs WHERE account_id = %(id)s)
                    + (SELECT sum(octet_length(source)) FROM message_sources WHERE account_id = %(id)s)""",
            {"id": actor.account_id},
        )
        (there,) = await cursor.fetchone() or (0,)
        return (await accounts.usage(conn, actor.account_id)).stored_bytes, there


async def attachments(owner: Owner) -> list[bytes]:
    """Of the newest message first."""
    return [
        await owner.attachment(line, line.summary.attachments[0].ordinal)
        for line in await owner.lines()
        if line.is_readable
    ]


async def left(owner: Owner) -> int:
    async with owner.platform.db.connection() as conn:
        return await clear.left(conn, owner.account.account_id)


async def test_what_lay_in_clear_is_sealed_and_read_as_before(ada: Owner, deliver: Deliver) -> None:
    for content in (PHOTO, OTHER, PHOTO):
        await deliver(with_attachment(content), ADA, is_sealed=False)
    letters = [(line.message_id, await ada.original(line)) for line in await ada.lines()]
    assert set((await objects(ada.platform.blobs)).values()) == {PHOTO, OTHER}
    ada = await sealed(ada)
    assert await left(ada) == 2
    assert await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) == Progress(done=2, left=0)
    stored = await objects(ada.platform.blobs)
    assert len(stored) == 2
    assert not any(content in (PHOTO, OTHER) or PHOTO[:256] in content for content in stored.values())
    lines = await ada.lines()
    assert [(line.message_id, await ada.original(line)) for line in lines] == letters
    assert await attachments(ada) == [PHOTO, OTHER, PHOTO]
    (link,) = service.attachment_links(ada.platform, ada.actor, lines[0], now=utc_now())
    assert link.url.startswith(ada.platform.public_url)
    counted, there = await stored_bytes(ada.platform, ada.actor)
    assert counted == there
    assert await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) == Progress(done=0, left=0)


async def test_what_comes_again_shares_the_sealed_object(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    ada = await sealed(ada)
    await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE)
    await deliver(with_attachment(PHOTO), ADA)
    assert len(await objects(ada.platform.blobs)) == 1
    assert await attachments(ada) == [PHOTO, PHOTO]


async def test_what_came_sealed_beside_one_in_clear_takes_its_place(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    ada = await sealed(ada)
    await deliver(with_attachment(PHOTO), ADA)
    assert (await left(ada), len(await objects(ada.platform.blobs))) == (1, 2)
    assert await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) == Progress(done=1, left=0)
    assert PHOTO not in (await objects(ada.platform.blobs)).values()
    assert await attachments(ada) == [PHOTO, PHOTO]


async def test_it_stops_when_the_time_is_over_and_goes_on_next_time(ada: Owner, deliver: Deliver) -> None:
    for content in (PHOTO, OTHER):
        await deliver(with_attachment(content), ADA, is_sealed=False)
    ada = await sealed(ada)
    assert await clear.seal_some(ada.platform, ada.actor, seconds=0) == Progress(done=1, left=1)
    assert await clear.seal_some(ada.platform, ada.actor, seconds=0) == Progress(done=1, left=0)
    assert await attachments(ada) == [OTHER, PHOTO]


async def test_of_two_at_once_each_object_is_sealed_by_one(ada: Owner, deliver: Deliver) -> None:
    for content in (PHOTO, OTHER):
        await deliver(with_attachment(content), ADA, is_sealed=False)
    ada = await sealed(ada)
    both = [clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) for _ in range(2)]
    progress = await asyncio.gather(*both)
    assert sum(one.done for one in progress) == 2
    assert (await left(ada), len(await objects(ada.platform.blobs))) == (0, 2)
    assert await attachments(ada) == [OTHER, PHOTO]
    counted, there = await stored_bytes(ada.platform, ada.actor)
    assert counted == there


async def test_what_cannot_be_read_is_passed_over_and_stays(ada: Owner, deliver: Deliver) -> None:
    for content in (PHOTO, OTHER):
        await deliver(with_attachment(content), ADA, is_sealed=False)
    newest = await ada.newest()
    ada = await sealed(ada)
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE message_summaries SET summary = 'x' WHERE message_id = %s", (newest.message_id,))
    assert await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) == Progress(done=1, left=1)
    assert OTHER in (await objects(ada.platform.blobs)).values()


async def test_an_object_that_the_store_has_lost_is_passed_over(ada: Owner, deliver: Deliver) -> None:
    for content in (PHOTO, OTHER):
        await deliver(with_attachment(content), ADA, is_sealed=False)
    stored = await objects(ada.platform.blobs)
    await ada.platform.blobs.delete([name for name, content in stored.items() if content == PHOTO])
    ada = await sealed(ada)
    assert await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE) == Progress(done=1, left=1)
    assert len(await objects(ada.platform.blobs)) == 1


async def test_a_standard_accounts_objects_stay_as_they_are(
    ada: Owner, deliver: Deliver, make_owner: MakeOwner
) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    with pytest.raises(Conflict) as caught:
        await clear.seal_some(ada.platform, ada.actor, seconds=A_WHILE)
    assert caught.value.code == "not_sealed"
    bob = await make_owner("bob", "sealed")
    assert await clear.seal_some(bob.platform, bob.actor, seconds=A_WHILE) == Progress(done=0, left=0)
    assert PHOTO in (await objects(ada.platform.blobs)).values()
