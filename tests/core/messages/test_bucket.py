"""Attachments in a bucket, on a real S3 wire server: in clear under the bucket's encryption, or sealed by us."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import msgspec
import pytest
from moto.server import ThreadedMotoServer

from app.core.messages import service
from app.core.messages.objects import object_name
from app.core.platform import Platform
from app.lib.blobs import BlobStore
from app.lib.blobs.s3 import S3Store
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, BOB, with_attachment

PHOTO = bytes(range(256)) * 2000


@pytest.fixture
def bucket() -> Iterator[S3Store]:
    """A bucket on a real S3 wire server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    name = f"test-{uuid4().hex}"
    credential = "AKIDTEST/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
    assert httpx.put(f"{url}/{name}", headers=headers).is_success
    yield S3Store(bucket=name, access_key="AKIDTEST", secret_key="hush-hush", endpoint=url, region="auto")
    server.stop()


@pytest.fixture
async def platform(platform: Platform, bucket: S3Store) -> AsyncIterator[Platform]:
    yield msgspec.structs.replace(platform, blobs=bucket)
    await bucket.close()


async def whole(store: BlobStore, name: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(name)])


async def test_the_link_to_an_object_in_clear_is_presigned_and_downloads_it(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO, filename="grün.html", content_type="text/html"), ADA, is_sealed=False)
    now, line = utc_now(), await ada.newest()
    (info,) = [info async for info in ada.platform.blobs.list()]
    assert await whole(ada.platform.blobs, info.name) == PHOTO
    (link,) = service.attachment_links(ada.platform, ada.actor, line, now=now)
    assert link.expires_at == now + timedelta(minutes=5)
    assert not link.url.startswith(ada.platform.public_url)
    assert httpx.URL(link.url).params["X-Amz-Expires"] == "300"
    async with httpx.AsyncClient() as client:
        answer = await client.get(link.url)
    assert answer.content == PHOTO
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_each_account_is_linked_to_its_own_object(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, BOB, is_sealed=False)
    for owner in (ada, bob):
        (link,) = service.attachment_links(owner.platform, owner.actor, await owner.newest(), now=utc_now())
        assert f"/{owner.account.account_id}/" in link.url


async def test_a_sealed_object_is_linked_through_us(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=True)
    (info,) = [info async for info in ada.platform.blobs.list()]
    assert PHOTO[:100] not in await whole(ada.platform.blobs, info.name)
    line = await ada.newest()
    (link,) = service.attachment_links(ada.platform, ada.actor, line, now=utc_now())
    assert link.url.startswith(ada.platform.public_url)
    content = await service.linked_attachment(ada.platform, link.url.rpartition("/")[2], now=utc_now())
    assert b"".join([chunk async for chunk in content.stream]) == PHOTO


async def test_an_attachment_that_was_not_cut_out_is_linked_through_us(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(b"small"), ADA, is_sealed=False)
    (link,) = service.attachment_links(ada.platform, ada.actor, await ada.newest(), now=utc_now())
    assert link.url.startswith(ada.platform.public_url)


async def blob_rows(platform: Platform) -> list[tuple[bool, bool]]:
    """Whether each has a digest, and a key."""
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT content_digest IS NOT NULL, locked_key IS NOT NULL FROM blobs ORDER BY blob_id"
        )
        return await cursor.fetchall()


async def test_the_same_file_in_clear_is_stored_once_and_each_link_is_presigned(ada: Owner, deliver: Deliver) -> None:
    for _ in range(2):
        await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    (info,) = [info async for info in ada.platform.blobs.list()]
    assert await blob_rows(ada.platform) == [(True, False)]
    for line in await ada.lines():
        (link,) = service.attachment_links(ada.platform, ada.actor, line, now=utc_now())
        assert f"/{info.name}?" in link.url
        async with httpx.AsyncClient() as client:
            assert (await client.get(link.url)).content == PHOTO


@pytest.mark.parametrize("first_is_sealed", [True, False])
async def test_a_standard_account_shares_whatever_it_has(ada: Owner, deliver: Deliver, first_is_sealed: bool) -> None:
    for is_sealed in (first_is_sealed, not first_is_sealed):
        await deliver(with_attachment(PHOTO), ADA, is_sealed=is_sealed)
    assert await blob_rows(ada.platform) == [(True, first_is_sealed)]
    assert len([info async for info in ada.platform.blobs.list()]) == 1
    for line in await ada.lines():
        (link,) = service.attachment_links(ada.platform, ada.actor, line, now=utc_now())
        assert link.url.startswith(ada.platform.public_url) == first_is_sealed
        assert await ada.attachment(line, line.summary.attachments[0].ordinal) == PHOTO


async def test_a_sealed_account_never_names_an_object_in_clear(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET kind = 'sealed'")
    await deliver(with_attachment(PHOTO), ADA, is_sealed=True)
    (ref,) = (await ada.newest()).summary.layout.blobs
    assert ref.key is not None
    assert PHOTO[:100] not in await whole(ada.platform.blobs, object_name(ada.account.account_id, ref.blob_id))
    assert await blob_rows(ada.platform) == [(True, False), (False, True)]


async def test_an_object_that_the_bucket_lost_does_not_stand_for_what_comes(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    await ada.platform.blobs.delete([info.name async for info in ada.platform.blobs.list()])
    await deliver(with_attachment(PHOTO), ADA, is_sealed=False)
    line = await ada.newest()
    assert await ada.attachment(line, line.summary.attachments[0].ordinal) == PHOTO
