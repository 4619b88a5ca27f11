"""Originals and attachments from any byte on: the right bytes, only what is needed read, and never a short file."""

import asyncio
import base64
import quopri
import random
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import downloads, service
from app.core.messages.model import Content
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound, RestanteError
from app.lib.blobs import BlobStore
from app.lib.ranges import RangeNotSatisfiable
from app.vault.chunks import CHUNK_SIZE, HEADER_SIZE
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, with_attachment

PHOTO = random.Random(7).randbytes(1_000_003)
PAGES = ("An accented é = here.\r\n" * 150_000).encode()


class Counting:
    """A store that counts the bytes read."""

    def __init__(self, inner: BlobStore) -> None:
        self.inner = inner
        self.count = 0

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        async for chunk in self.inner.read(name, offset=offset, length=length):
            self.count += len(chunk)
            yield chunk


async def taken(content: Content, text: str = "", **asked: str) -> bytes:
    if text:
        asked["range"] = f"bytes={text}"
    download = await downloads.begin(content, asked, method="GET")
    data = b"".join([chunk async for chunk in download.chunks])
    assert download.selection.headers["Content-Length"] == str(len(data))
    return data


async def counted(download: downloads.Download, sizes: list[int]) -> None:
    async for chunk in download.chunks:
        sizes += [len(chunk)]


async def attached(owner: Owner, store: BlobStore | None = None) -> Content:
    platform = msgspec.structs.replace(owner.platform, blobs=store) if store else owner.platform
    line = await owner.newest()
    (attachment,) = line.summary.attachments
    return await service.attachment(platform, owner.actor, line.message_id, attachment.ordinal)


async def original(owner: Owner, store: BlobStore | None = None) -> Content:
    platform = msgspec.structs.replace(owner.platform, blobs=store) if store else owner.platform
    return await service.source(platform, owner.actor, (await owner.newest()).message_id)


def spans(size: int, chooser: random.Random) -> list[tuple[int, int]]:
    """Beginnings, ends, borders of chunks, and some at random."""
    edges = [0, 1, 77, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, size // 2, size - 1]
    pairs = [(first, last) for first in edges for last in edges if first <= last < size]
    return pairs + [(first := chooser.randrange(size), chooser.randrange(first, size)) for _ in range(20)]


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_any_range_of_an_attachment_and_of_its_original(ada: Owner, deliver: Deliver, is_sealed: bool) -> None:
    raw = with_attachment(PHOTO)
    await deliver(raw, ADA, is_sealed=is_sealed)
    for first, last in spans(len(PHOTO), random.Random(1)):
        assert await taken(await attached(ada), f"{first}-{last}") == PHOTO[first : last + 1]
    for first, last in spans(len(raw), random.Random(2)):
        assert await taken(await original(ada), f"{first}-{last}") == raw[first : last + 1]
    assert await taken(await original(ada), "-1000") == raw[-1000:]
    assert await taken(await attached(ada)) == PHOTO
    assert await taken(await original(ada)) == raw


def mixed() -> bytes:
    """Text that is cut raw, two attachments of different widths, and text between them."""
    lines = b"".join(b"%d: a line of its own that is no base64\r\n" % number for number in range(60_000))
    wide = base64.b64encode(PHOTO[:200_000])
    rows = b"".join(wide[start : start + 100] + b"\r\n" for start in range(0, len(wide), 100))
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + lines
    second = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + rows + b"\r\nbetween the two\r\n"
    third = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PHOTO).replace(b"\n", b"\r\n")
    return head + second + third + b"--b--\r\nafter it\r\n"


async def test_any_range_of_an_original_with_many_cuts(ada: Owner, deliver: Deliver) -> None:
    raw = mixed()
    await deliver(raw, ADA)
    layout = (await ada.newest()).summary.layout
    assert {cut.width for cut in layout.cuts} == {0, 76, 100}
    chooser = random.Random(3)
    for first, last in spans(len(raw), chooser):
        assert await taken(await original(ada), f"{first}-{last}") == raw[first : last + 1]


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("quoted-printable", quopri.encodestring(PAGES).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")),
        ("8bit", PAGES),
    ],
)
async def test_what_is_decoded_on_the_way_is_skipped_into(
    ada: Owner, deliver: Deliver, encoding: str, encoded: bytes
) -> None:
    head = b"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\nContent-Transfer-Encoding: "
    await deliver(head + encoding.encode() + b"\r\n\r\n" + encoded, ADA)
    assert (await ada.newest()).summary.layout.cuts
    whole = await taken(await attached(ada))
    assert len(whole) > 2_000_000
    for first, last in [(0, 9), (len(whole) // 2, len(whole) // 2 + 300_000), (len(whole) - 5, len(whole) - 1)]:
        assert await taken(await attached(ada), f"{first}-{last}") == whole[first : last + 1]


async def test_a_resumed_download_reads_only_what_it_needs(ada: Owner, deliver: Deliver) -> None:
    raw = with_attachment(PHOTO)
    await deliver(raw, ADA)
    store = Counting(ada.platform.blobs)
    await taken(await attached(ada, store), "900000-900009")  # type: ignore[arg-type]
    assert store.count == HEADER_SIZE + CHUNK_SIZE + 16
    store.count = 0
    await taken(await original(ada, store), f"{len(raw) - 1000}-")  # type: ignore[arg-type]
    assert store.count < 2 * (CHUNK_SIZE + 16) + HEADER_SIZE
    store.count = 0
    await taken(await original(ada, store), "0-50")  # type: ignore[arg-type]
    assert store.count == 0


async def test_contents_have_tags_of_their_own_that_stay(ada: Owner, deliver: Deliver) -> None:
    for _ in range(2):
        await deliver(with_attachment(PHOTO), ADA)
    lines = await ada.lines()
    tags = [
        content.etag
        for _ in range(2)
        for line in lines
        for content in (
            await service.source(ada.platform, ada.actor, line.message_id),
            await service.attachment(ada.platform, ada.actor, line.message_id, line.summary.attachments[0].ordinal),
        )
    ]
    assert len(set(tags)) == 4
    assert tags[:4] == tags[4:]


async def test_a_link_made_anew_goes_on_with_the_same_file(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    line = await ada.newest()
    got = b""
    tag = ""
    for now in (line.received_at, service.LINK_LIFETIME * 2 + line.received_at):
        (link,) = service.attachment_links(ada.platform, ada.actor, line, now=now)
        content = await service.linked_attachment(ada.platform, link.url.rpartition("/")[2], now=now)
        asked = {"range": f"bytes={len(got)}-", "if-range": tag} if got else {}
        download = await downloads.begin(content, asked, method="GET")
        tag = download.selection.headers["ETag"]
        got += await anext(download.chunks) if not got else b"".join([chunk async for chunk in download.chunks])
    assert got == PHOTO


async def test_a_range_beyond_the_end_is_told(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    with pytest.raises(RangeNotSatisfiable):
        await taken(await attached(ada), f"{len(PHOTO)}-")


async def test_what_the_client_has_is_not_read(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    store = Counting(ada.platform.blobs)
    content = await attached(ada, store)  # type: ignore[arg-type]
    download = await downloads.begin(content, {"if-none-match": f'"{content.etag}"'}, method="GET")
    assert download.selection.is_unchanged
    assert b"".join([chunk async for chunk in download.chunks]) == b""
    assert store.count == 0


@pytest.mark.parametrize("text", ["", "5-9", "900000-", "-1"])
async def test_damage_and_loss_are_told_before_the_first_byte(ada: Owner, deliver: Deliver, text: str) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    store = ada.platform.blobs
    (info,) = [info async for info in store.list()]
    sealed = b"".join([chunk async for chunk in store.read(info.name)])

    async def refused(error: type[RestanteError], data: bytes | None) -> None:
        await store.delete([info.name])
        if data is not None:
            writer = await store.open_writer(info.name)
            await writer.write(data)
            await writer.commit()
        with pytest.raises(error):
            await downloads.begin(await attached(ada), {"range": f"bytes={text}"} if text else {}, method="GET")

    await refused(NotFound, None)
    await refused(CannotOpen, b"")
    await refused(CannotOpen, b"\x00" + sealed[1:])
    await refused(CannotOpen, sealed[:HEADER_SIZE] + bytes(len(sealed) - HEADER_SIZE))


async def test_damage_further_on_ends_the_stream_by_an_error(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_attachment(PHOTO), ADA)
    store = ada.platform.blobs
    (info,) = [info async for info in store.list()]
    sealed = b"".join([chunk async for chunk in store.read(info.name)])
    for damaged in (sealed[:-1], sealed[:-CHUNK_SIZE], sealed + b"x", sealed[:900_000] + b"xx" + sealed[900_002:]):
        writer = await store.open_writer(info.name)
        await writer.write(damaged)
        await writer.commit()
        download = await downloads.begin(await attached(ada), {}, method="GET")
        got: list[int] = []
        with pytest.raises(CannotOpen):
            await counted(download, got)
        assert 0 < sum(got) < len(PHOTO)


async def chunks_of(sizes: list[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


@given(st.lists(st.integers(0, 4), max_size=6), st.integers(0, 12))
def test_a_stream_of_another_length_than_was_said_never_looks_whole(sizes: list[int], said: int) -> None:
    async def flow() -> None:
        content = Content(filename="", content_type="text/plain", size=said, stream=chunks_of(sizes))
        got = 0
        try:
            download = await downloads.begin(content, {}, method="GET")
            async for chunk in download.chunks:
                got += len(chunk)
        except CannotOpen:
            assert sum(sizes) != said
            assert got < said or said == 0
        else:
            assert got == said == sum(sizes)

    asyncio.run(flow())


async def test_a_small_attachment_has_its_true_length(ada: Owner, deliver: Deliver, platform: Platform) -> None:
    del platform
    await deliver(with_attachment(b""), ADA)
    assert await taken(await attached(ada)) == b""
    await deliver(with_attachment(b"small"), ADA)
    content = await attached(ada)
    assert (content.size, await taken(content, "1-2")) == (5, b"ma")
    head = await downloads.begin(await attached(ada), {"range": "bytes=1-2"}, method="HEAD")
    assert head.selection.headers["Content-Length"] == "5"
    assert b"".join([chunk async for chunk in head.chunks]) == b""
