from datetime import timedelta

import pytest

from app.core.filing import service as filing
from app.core.messages.objects import object_name
from app.core.messages.sweep import MIN_AGE, sweep
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.blobs import BlobStore
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, BOB, with_attachment

PHOTO = bytes(200_000)
LATER = MIN_AGE + timedelta(minutes=1)


async def put(store: BlobStore, name: str) -> str:
    writer = await store.open_writer(name)
    await writer.write(b"x")
    await writer.commit()
    return name


async def names(platform: Platform) -> set[str]:
    return {info.name async for info in platform.blobs.list()}


async def test_old_objects_that_no_message_names_are_deleted(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    platform = ada.platform
    await deliver(with_attachment(PHOTO), ADA, BOB)
    kept = await names(platform)
    assert {name.partition("/")[0] for name in kept} == {str(ada.account.account_id), str(bob.account.account_id)}
    foreign = {
        await put(platform.blobs, "backup/nightly.tar"),
        await put(platform.blobs, f"{new_id()}/notes"),
        await put(platform.blobs, f"other/{new_id()}"),
        await put(platform.blobs, f"{new_id().hex}/{new_id()}"),
    }
    blob = next(iter(kept)).partition("/")[2]
    orphans = {
        await put(platform.blobs, object_name(ada.account.account_id, new_id())),
        await put(platform.blobs, object_name(new_id(), new_id())),
        # Named by a message, but of another account.
        await put(platform.blobs, f"{new_id()}/{blob}"),
    }
    assert await sweep(platform, now=utc_now()) == 0
    assert await sweep(platform, now=utc_now() + MIN_AGE - timedelta(minutes=1)) == 0
    assert await names(platform) == kept | foreign | orphans
    assert await sweep(platform, now=utc_now() + LATER) == len(orphans)
    assert await names(platform) == kept | foreign
    assert await sweep(platform, now=utc_now() + LATER) == 0


async def test_the_objects_of_a_deleted_account_are_swept(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    platform = ada.platform
    await deliver(with_attachment(PHOTO), ADA, BOB)
    async with platform.db.connection() as conn:
        await conn.execute("DELETE FROM accounts WHERE account_id = %s", (ada.account.account_id,))
    assert await sweep(platform, now=utc_now() + LATER) == 1
    assert {name.partition("/")[0] for name in await names(platform)} == {str(bob.account.account_id)}


async def test_what_dead_writers_left_is_removed(platform: Platform) -> None:
    writer = await platform.blobs.open_writer(object_name(new_id(), new_id()))
    await writer.write(PHOTO * 10)
    assert await sweep(platform, now=utc_now()) == 0
    assert await sweep(platform, now=utc_now() + LATER) == 1
    await writer.abort()


async def test_more_than_one_batch_is_gone_through(platform: Platform) -> None:
    owner = new_id()
    for _ in range(501):
        await put(platform.blobs, object_name(owner, new_id()))
    assert await sweep(platform, now=utc_now() + LATER) == 501
    assert await names(platform) == set()


async def test_what_a_repeated_file_left_is_swept_and_what_messages_share_stays(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second message's own object could not be discarded; the shared one goes with the last message."""
    platform = ada.platform
    await deliver(with_attachment(PHOTO), ADA)
    shared = await names(platform)

    async def away(_self: object, _names: object) -> None:
        raise Unavailable("The store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(platform.blobs), "delete", away)
        with pytest.raises(Unavailable):
            await deliver(with_attachment(PHOTO), ADA)
    assert len(await names(platform)) == 2
    assert await sweep(platform, now=utc_now() + LATER) == 1
    assert await names(platform) == shared
    newest, oldest = [line.message_id for line in await ada.lines()]
    for message_id, kept in ((oldest, shared), (newest, set[str]())):
        await filing.apply(platform, ada.actor, "trash", [message_id], now=utc_now())
        await filing.apply(platform, ada.actor, "delete", [message_id], now=utc_now())
        assert await sweep(platform, now=utc_now() + LATER) == 0
        assert await names(platform) == kept
