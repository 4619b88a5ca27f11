import asyncio
import base64
import binascii
import quopri
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import content
from app.core.messages.base64_lines import encode_lines
from app.core.messages.cut import Cut
from app.core.messages.model import BlobRef, Layout
from app.core.messages.objects import StoredCuts
from app.core.messages.read import Leaf
from app.core.platform import Platform
from app.errors import NotFound
from app.lib.blobs import BlobStore

OWNER = UUID(int=1)
WIDTH = 76


class Shelf:
    """The one method of a store that reading takes, over bytes at hand."""

    def __init__(self, blobs: Sequence[bytes]) -> None:
        self._blobs = blobs

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        assert (offset, length) == (0, None)
        blob = self._blobs[UUID(name.partition("/")[2]).int]
        for start in range(0, len(blob), 100):
            yield blob[start : start + 100]


def leaf(encoding: str, pieces: Sequence[bytes | Cut], charset: str | None = None) -> Leaf:
    return Leaf(
        ordinal=0,
        content_type="text/plain",
        charset=charset,
        transfer_encoding=encoding,
        filename="x",
        content_id="",
        is_attachment=False,
        is_named=False,
        is_nested=False,
        pieces=tuple(pieces),
    )


def cut_of(ordinal: int, original: bytes, *, is_base64: bool) -> tuple[Cut, bytes]:
    """What the cutter makes of these lines: the cut and its blob."""
    blob = base64.b64decode(original) if is_base64 else original
    cut = Cut(
        ordinal=ordinal,
        offset=0,
        encoding="base64" if is_base64 else "raw",
        width=WIDTH if is_base64 else 0,
        encoded_size=len(original),
        decoded_size=len(blob),
        digest=sha256(blob).digest(),
    )
    return cut, blob


def assembled(encoding: str, parts: Sequence[tuple[str, bytes]]) -> tuple[Leaf, StoredCuts]:
    """A leaf of text (`text`) and cuts (`base64`, `raw`), from what each stood for in the message."""
    pieces: list[bytes | Cut] = []
    cuts: list[Cut] = []
    blobs: list[bytes] = []
    for kind, original in parts:
        if kind == "text":
            pieces.append(original)
            continue
        cut, blob = cut_of(len(cuts), original, is_base64=kind == "base64")
        pieces.append(cut)
        cuts.append(cut)
        blobs.append(blob)
    refs = tuple(BlobRef(UUID(int=number), None, len(blob)) for number, blob in enumerate(blobs))
    shelf: BlobStore = Shelf(blobs)  # type: ignore[assignment]
    return leaf(encoding, pieces), StoredCuts(shelf, OWNER, Layout("m", tuple(cuts), refs))


def streamed(one: Leaf, cuts: StoredCuts) -> bytes:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in content.stream(one, cuts)])

    return asyncio.run(collect())


def check(encoding: str, parts: Sequence[tuple[str, bytes]], expected: bytes) -> None:
    one, cuts = assembled(encoding, parts)
    assert streamed(one, cuts) == expected
    assert content.size(one) in {None, len(expected)}


LINES = st.lists(st.binary(max_size=60), max_size=12)


@given(LINES, st.data())
def test_base64_over_mixed_pieces_is_that_of_the_whole(lines: list[bytes], data: st.DataObject) -> None:
    plain = b"".join(lines)
    encoded = encode_lines(plain, WIDTH)
    rows = encoded.splitlines(keepends=True)
    middle = data.draw(st.integers(0, len(rows)))
    first, last = b"".join(rows[:middle]), b"".join(rows[middle:])
    for kinds in (("text", "text"), ("base64", "text"), ("text", "base64"), ("raw", "base64"), ("base64", "raw")):
        check("base64", [pair for pair in zip(kinds, (first, last), strict=True) if pair[1]], plain)


@given(LINES, st.data())
def test_quoted_printable_over_mixed_pieces_is_that_of_the_whole(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"\r\n".join(quopri.encodestring(line).replace(b"\n", b"\r\n") for line in lines)
    rows = whole.splitlines(keepends=True)
    middle = data.draw(st.integers(0, len(rows)))
    first, last = b"".join(rows[:middle]), b"".join(rows[middle:])
    expected = quopri.decodestring(whole)
    for kinds in (("text", "text"), ("raw", "text"), ("text", "raw"), ("raw", "raw")):
        check("quoted-printable", [pair for pair in zip(kinds, (first, last), strict=True) if pair[1]], expected)


@given(st.binary(max_size=500), st.data())
def test_uuencoding_over_mixed_pieces_is_that_of_the_whole(plain: bytes, data: st.DataObject) -> None:
    rows = [binascii.b2a_uu(plain[start : start + 45]) for start in range(0, len(plain), 45)]
    rows = [b"begin 644 x\n", *rows, b"`\n", b"end\n"]
    middle = data.draw(st.integers(0, len(rows)))
    first, last = b"".join(rows[:middle]), b"".join(rows[middle:])
    for encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        check(encoding, [("raw", first), ("text", last)], plain)


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary", "nonsense"])
def test_what_is_not_encoded_comes_as_it_is(encoding: str) -> None:
    encoded = encode_lines(b"x" * 200, WIDTH)
    check(encoding, [("text", b"a\r\n"), ("raw", b"b\xff\r\n"), ("base64", encoded)], b"a\r\nb\xff\r\n" + encoded)


@pytest.mark.parametrize("is_base64", [False, True])
def test_the_line_end_before_a_boundary_is_not_part_of_a_cut(is_base64: bool) -> None:
    original = encode_lines(b"x" * 57, WIDTH)
    cut, blob = cut_of(0, original, is_base64=is_base64)
    kept = len(original) - 2
    decoded = cut.decoded_size if is_base64 else kept
    short = msgspec.structs.replace(cut, encoded_size=kept, decoded_size=decoded)
    shelf: BlobStore = Shelf([blob])  # type: ignore[assignment]
    cuts = StoredCuts(shelf, OWNER, Layout("m", (cut,), (BlobRef(UUID(int=0), None, len(blob)),)))
    assert streamed(leaf("", [short]), cuts) == original[:-2]


def test_the_size_is_told_without_decoding_where_it_can_be() -> None:
    encoded = encode_lines(b"x" * 100, WIDTH)
    assert content.size(assembled("base64", [("text", encoded)])[0]) == 100
    assert content.size(assembled("base64", [("base64", encoded)])[0]) == 100
    assert content.size(assembled("8bit", [("text", b"four"), ("raw", b"five!")])[0]) == 9
    for other in ("8bit", "quoted-printable", "x-uuencode", "base32"):
        assert content.size(assembled(other, [("base64", encoded)])[0]) is None
    assert content.size(assembled("base64", [("text", encoded), ("text", encoded)])[0]) is None
    assert content.size(assembled("quoted-printable", [("text", b"=41")])[0]) is None
    assert content.size(assembled("", [])[0]) == 0


def test_a_cut_that_is_the_whole_content_is_known() -> None:
    encoded = encode_lines(b"x" * 100, WIDTH)
    whole, _ = assembled("base64", [("base64", encoded)])
    assert content.only_cut(whole) == whole.pieces[0]
    for encoding, parts in [
        ("8bit", [("base64", encoded)]),
        ("base64", [("raw", encoded)]),
        ("base64", [("text", encoded)]),
        ("base64", [("base64", encoded), ("text", b"\r\n")]),
    ]:
        assert content.only_cut(assembled(encoding, parts)[0]) is None


async def test_text_is_decoded_up_to_a_limit() -> None:
    one, cuts = assembled("quoted-printable", [("text", b"Gr=C3=BC=C3=9Fe\r\n"), ("text", b"more\r\n")])
    assert await content.text(one, cuts, limit=100) == ("Grüße\r\nmore\r\n", False)
    assert await content.text(one, cuts, limit=15) == ("Grüße\r\nmore\r\n", False)
    assert await content.text(one, cuts, limit=9) == ("Grüße\r\n", True)


async def test_a_missing_object_is_not_found(platform: Platform) -> None:
    cuts = StoredCuts(platform.blobs, OWNER, Layout("m", (), (BlobRef(UUID(int=7), None, 5),)))
    with pytest.raises(NotFound):
        [chunk async for chunk in cuts.open(0)]
