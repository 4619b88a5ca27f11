import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.messages.base64_lines import MIN_RUN, encode_lines
from app.core.messages.cut import (
    GRACE,
    MAX_CUTS,
    SKELETON_EASY,
    SKELETON_MOST,
    Cut,
    CutMessage,
    Cutter,
    rebuild,
    restore,
    split_payload,
)
from app.errors import CannotOpen, Unavailable

SKELETON_BOUND = SKELETON_MOST + 256 * 1024
HEAD = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
PART = b"--=_b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
TEXT = b"\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n"
END = b"\r\n--=_b--\r\n"


class Blob:
    def __init__(self) -> None:
        self.data = bytearray()
        self.state = "open"

    async def write(self, data: bytes) -> None:
        assert self.state == "open"
        self.data += data

    async def commit(self) -> None:
        assert self.state == "open"
        self.state = "committed"

    async def abort(self) -> None:
        assert self.state == "open"
        self.state = "aborted"


class Blobs:
    def __init__(self) -> None:
        self.all: list[Blob] = []

    async def open(self) -> Blob:
        self.all.append(Blob())
        return self.all[-1]

    async def read(self, ordinal: int, size: int = 50_000) -> AsyncIterator[bytes]:
        data = bytes(self.all[ordinal].data)
        for start in range(0, len(data), size):
            yield data[start : start + size]


def payload(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(bytes([seed])).digest(size)


def base64_body(size: int, width: int = 76) -> bytes:
    return encode_lines(payload(size), width)


def text_lines(size: int, line: bytes = b"quoted =3D printable and other words=\r\n") -> bytes:
    return line * (size // len(line) + 1)


async def _cut(message: bytes, sizes: list[int]) -> tuple[CutMessage, Blobs]:
    blobs = Blobs()
    cutter = Cutter(blobs.open)
    position = 0
    for size in itertools.cycle(sizes):
        if position >= len(message):
            break
        await cutter.write(message[position : position + size])
        position += size
    return await cutter.finish(), blobs


async def _rebuilt(cut: CutMessage, blobs: Blobs) -> bytes:
    return b"".join([piece async for piece in rebuild(cut.skeleton, cut.marker, cut.cuts, blobs.read)])


def cut_and_check(message: bytes, sizes: list[int] | None = None) -> tuple[CutMessage, Blobs]:
    """Cut, and check what must hold for every message."""
    cut, blobs = asyncio.run(_cut(message, sizes or [200_000]))
    assert asyncio.run(_rebuilt(cut, blobs)) == message
    assert cut.size == len(message)
    assert len(cut.skeleton) <= SKELETON_BOUND
    assert cut.size - len(cut.skeleton) == sum(
        each.encoded_size - len(f"{cut.marker}-{each.ordinal}\r\n") for each in cut.cuts
    )
    assert [each.ordinal for each in cut.cuts] == list(range(len(blobs.all)))
    assert [each.offset for each in cut.cuts] == sorted({each.offset for each in cut.cuts})
    for each, blob in zip(cut.cuts, blobs.all, strict=True):
        assert blob.state == "committed"
        assert each.decoded_size == len(blob.data)
        assert each.digest == hashlib.sha256(blob.data).digest()
        assert each.encoded_size >= MIN_RUN
        assert (each.width > 0) == (each.encoding == "base64")
    return cut, blobs


@pytest.mark.parametrize("width", [4, 60, 64, 72, 76, 996])
@pytest.mark.parametrize("tail", [0, 1, 2, 3, 45])
def test_an_attachment_is_cut_out_decoded(width: int, tail: int) -> None:
    size = 70_000 // 747 * 747 + tail
    body = base64_body(size, width)
    cut, blobs = cut_and_check(HEAD + PART + body + END)
    assert [(each.encoding, each.width, each.encoded_size) for each in cut.cuts] == [("base64", width, len(body))]
    assert blobs.all[0].data == payload(size)
    assert cut.skeleton == HEAD + PART + f"{cut.marker}-0\r\n".encode() + END


@pytest.mark.parametrize("size", [0, 1, 100, 40_000])
def test_a_small_message_is_left_as_it_is(size: int) -> None:
    message = b"Subject: x\r\n\r\n" + base64_body(size)
    assert cut_and_check(message)[0] == CutMessage(skeleton=message, marker="", cuts=(), size=len(message))


def test_a_run_is_cut_from_64_kib_on() -> None:
    line = b"A" * 62 + b"AA\r\n"
    head, few = b"S: x\r\n\r\n", MIN_RUN // len(line)
    assert not cut_and_check(head + line * few + b"x\r\n" * 9)[0].cuts
    assert [each.encoded_size for each in cut_and_check(head + line * (few + 1))[0].cuts] == [(few + 1) * len(line)]


@pytest.mark.parametrize("chunk", [1, 7, 1_000, 262_143, 262_144, 300_000, 10**7])
def test_the_chunks_do_not_matter(chunk: int) -> None:
    message = HEAD + PART + base64_body(150_001) + b"\r\n" + PART + base64_body(80_000, 60) + END
    cut, _ = cut_and_check(message, [chunk])
    assert [each.width for each in cut.cuts] == [76, 60]
    assert (
        cut.skeleton == HEAD + PART + f"{cut.marker}-0\r\n\r\n".encode() + PART + f"{cut.marker}-1\r\n".encode() + END
    )


def test_a_broken_line_divides_a_run() -> None:
    good = base64_body(57 * 2_000)
    cut, _ = cut_and_check(good + b"not base64!\r\n" + good)
    assert [each.encoded_size for each in cut.cuts] == [len(good)] * 2
    assert cut.skeleton == f"{cut.marker}-0\r\nnot base64!\r\n{cut.marker}-1\r\n".encode()


@pytest.mark.parametrize(
    "last", [b"AAB=\r\n", b"AB==\r\n", b"AAA\r\n", b"AAAA", b"AAAA\n", b"A" * 80 + b"\r\n", b"\r\n"]
)
def test_a_last_line_that_would_not_come_back_stays(last: bytes) -> None:
    good = base64_body(57 * 2_000)
    cut, _ = cut_and_check(good + last)
    assert [each.encoded_size for each in cut.cuts] == [len(good)]
    assert cut.skeleton == f"{cut.marker}-0\r\n".encode() + last


def test_padding_ends_a_run() -> None:
    one = base64_body(57 * 2_000 + 55)
    assert [each.decoded_size for each in cut_and_check(one * 2)[0].cuts] == [57 * 2_000 + 55] * 2


def test_big_text_is_cut_raw_after_the_first_mebibyte() -> None:
    cut, _ = cut_and_check(b"Subject: x\r\n\r\n" + text_lines(6_000_000))
    assert [each.encoding for each in cut.cuts] == ["raw"]
    assert SKELETON_EASY <= len(cut.skeleton) < SKELETON_EASY + 1_000


def test_boundaries_and_later_attachments_survive_big_text() -> None:
    message = HEAD + TEXT + text_lines(2_000_000) + PART + base64_body(3_000_000) + TEXT + text_lines(9) + END
    cut, _ = cut_and_check(message)
    assert [each.encoding for each in cut.cuts] == ["raw", "base64"]
    after = cut.skeleton.split(f"{cut.marker}-0\r\n".encode())[1]
    assert after == PART + f"{cut.marker}-1\r\n".encode() + TEXT + text_lines(9) + END


def test_after_a_raw_cut_some_text_is_kept() -> None:
    part = b"--=_b\r\n" + text_lines(1_500_000)
    cut, _ = cut_and_check(part * 2)
    first, second = cut.cuts
    assert GRACE <= second.offset - first.offset < GRACE + 200


def test_a_short_run_of_text_is_not_cut_raw() -> None:
    part = b"--=_b\r\n" + text_lines(100_000)  # less than GRACE and MIN_RUN together
    assert not cut_and_check(part * 30)[0].cuts


def test_past_the_most_everything_is_one_raw_cut() -> None:
    cut, _ = cut_and_check((b"--=_b\r\n" + text_lines(60_000)) * 200)
    assert [each.encoding for each in cut.cuts] == ["raw"]
    assert SKELETON_MOST <= len(cut.skeleton) < SKELETON_MOST + 1_000


@pytest.mark.parametrize(
    "line",
    [b"\r\n", b"--\r\n", b"-\r\n", b"A" * 60_000, b"\n--", b"AAAA\n", b"A" * 400_000 + b"\r\n--", b"A" * 5_000_000],
    ids=["empty", "dashes", "dash", "endless", "bare LF dashes", "bare LF", "long", "longest"],
)
def test_no_message_makes_the_skeleton_large(line: bytes) -> None:
    cut, _ = cut_and_check(line * (7_000_000 // len(line)))
    assert {each.encoding for each in cut.cuts} == {"raw"}


def test_the_number_of_cuts_is_bounded() -> None:
    piece = base64_body(57 * 900, 996) + b"!\r\n"
    cut, _ = cut_and_check(piece * (MAX_CUTS + 50))
    assert len(cut.cuts) == MAX_CUTS
    assert [each.encoding for each in cut.cuts[-2:]] == ["base64", "raw"]
    assert cut.cuts[-1].encoded_size > 50 * MIN_RUN


def test_a_marker_in_the_message_means_nothing() -> None:
    message = b"restante-cut-00000000000000000000000000000000-0\r\n" * 5 + base64_body(90_000) + b"restante-cut-0\r\n"
    cut, blobs = cut_and_check(message)
    assert len(blobs.all) == 1
    assert cut.marker.removeprefix("restante-cut-").strip("0")
    assert cut.marker != cut_and_check(message)[0].marker


RUNS = st.one_of(
    st.builds(base64_body, st.integers(45_000, 130_000), st.sampled_from([4, 8, 60, 64, 76, 76, 76, 996])),
    st.builds(base64_body, st.integers(1, 500), st.sampled_from([4, 60, 76])),
    st.builds(text_lines, st.sampled_from([10, 20_000, 100_000, 1_200_000])),
    st.builds(text_lines, st.sampled_from([70_000, 1_100_000]), st.sampled_from([b"\r\n", b"QUJD", b"x\n", b"-\r\n"])),
    st.sampled_from(
        [
            b"--=_b\r\n",
            b"--",
            b"-",
            b"\r",
            b"\n",
            b"\r\n",
            b".\r\n",
            b"\x00\xff\r\n",
            b"AAB=\r\n",
            b"QUJD",
            b"=\r\n",
            b"restante-cut-0123456789abcdef0123456789abcdef-0\r\n",
        ]
    ),
)
CHUNKS = st.lists(st.one_of(st.integers(1, 400_000), st.integers(100, 2_000)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(RUNS, max_size=14), sizes=CHUNKS)
def test_whatever_comes_is_rebuilt_byte_for_byte(pieces: list[bytes], sizes: list[int]) -> None:
    message = b"".join(pieces)
    sizes.append(50_000)  # a few thousand writes a message are enough
    cut, _ = cut_and_check(message, sizes)
    if len(message) < MIN_RUN:
        assert not cut.cuts


@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.tuples(st.integers(60_000, 200_000), st.sampled_from([4, 60, 76, 996])), min_size=1, max_size=6),
    sizes=CHUNKS,
)
def test_every_large_attachment_is_cut_in_order(parts: list[tuple[int, int]], sizes: list[int]) -> None:
    message = HEAD + b"".join(PART + base64_body(size, width) + b"\r\n" for size, width in parts) + END
    cut, _ = cut_and_check(message, [*sizes, 50_000])
    assert [(each.decoded_size, each.width) for each in cut.cuts] == parts


def test_the_values_survive_storage() -> None:
    cut, _ = cut_and_check(HEAD + PART + base64_body(90_000) + END)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(cut), type=CutMessage) == cut


async def _fail(blobs: Blobs, message: bytes) -> tuple[int, ...]:
    cutter = Cutter(blobs.open)
    await cutter.write(message)
    return await cutter.abort()


def test_abort_forgets_the_open_blob_and_names_the_others() -> None:
    blobs = Blobs()
    assert asyncio.run(_fail(blobs, (base64_body(400_000) + b"!\r\n") * 3)) == (0, 1)
    assert [blob.state for blob in blobs.all] == ["committed", "committed", "aborted"]


def test_abort_without_cuts_has_nothing_to_do() -> None:
    assert asyncio.run(_fail(Blobs(), b"Subject: x\r\n")) == ()


def test_a_blob_that_cannot_be_committed_is_aborted() -> None:
    class Full(Blob):
        async def commit(self) -> None:
            raise Unavailable("the disk is full")

    async def fail() -> tuple[Full, tuple[int, ...]]:
        blob = Full()

        async def open_blob() -> Full:
            return blob

        cutter = Cutter(open_blob)
        await cutter.write(base64_body(90_000))
        with pytest.raises(Unavailable):
            await cutter.finish()
        return blob, await cutter.abort()

    blob, committed = asyncio.run(fail())
    assert (blob.state, committed) == ("aborted", ())


@pytest.mark.parametrize("harm", ["shorter", "longer", "changed", "moved", "other marker", "swapped"])
def test_damage_is_noticed(harm: str) -> None:
    cut, blobs = cut_and_check(HEAD + PART + base64_body(90_000) + TEXT + base64_body(100_000) + END)
    skeleton, cuts = cut.skeleton, list(cut.cuts)
    match harm:
        case "shorter":
            del blobs.all[1].data[-1]
        case "longer":
            blobs.all[1].data += b"x"
        case "changed":
            blobs.all[0].data[50] ^= 1
        case "moved":
            skeleton = b"x" + skeleton
        case "other marker":
            skeleton = skeleton.replace(cut.marker.encode(), b"x" * len(cut.marker))
        case _:
            cuts.reverse()
    with pytest.raises(CannotOpen):
        asyncio.run(_rebuilt(msgspec.structs.replace(cut, skeleton=skeleton, cuts=tuple(cuts)), blobs))


@pytest.mark.parametrize("size", [1, 56, 57, 58, 10**6])
def test_a_cut_is_restored_from_chunks_of_any_size(size: int) -> None:
    body = base64_body(60_001)
    cut, blobs = cut_and_check(body)

    async def restored() -> bytes:
        return b"".join([piece async for piece in restore(cut.cuts[0], blobs.read(0, size))])

    assert asyncio.run(restored()) == body


def _leaf(skeleton: bytes, index: int) -> bytes:
    part = message_from_bytes(skeleton).get_payload(index)
    assert isinstance(part, Message)
    text = part.get_payload()
    assert isinstance(text, str)
    return text.encode("ascii", "surrogateescape")


def test_a_payload_is_split_into_what_it_consists_of() -> None:
    odd = b"QUJD\r\n"  # a first line of another width
    message = HEAD + PART + odd + base64_body(90_000) + b"\r\n" + PART + base64_body(60_000, 60) + b"AAAA!\r\n" + END
    cut, _ = cut_and_check(message)
    assert split_payload(_leaf(cut.skeleton, 0), cut.marker, cut.cuts) == [odd, cut.cuts[0]]
    assert split_payload(_leaf(cut.skeleton, 1), cut.marker, cut.cuts) == [cut.cuts[1], b"AAAA!\r\n"]


def test_a_line_end_that_belongs_to_the_boundary_is_not_the_payloads() -> None:
    text = text_lines(1_500_000)
    body = base64_body(90_000)
    cut, blobs = cut_and_check(HEAD + PART + body + TEXT[2:] + text + END[2:])
    (base64_cut,) = split_payload(_leaf(cut.skeleton, 0), cut.marker, cut.cuts)
    kept, raw_cut = split_payload(_leaf(cut.skeleton, 1), cut.marker, cut.cuts)
    assert isinstance(base64_cut, Cut)
    assert isinstance(raw_cut, Cut)
    assert isinstance(kept, bytes)
    assert (base64_cut.decoded_size, base64_cut.encoded_size) == (90_000, len(body) - 2)
    assert kept + blobs.all[1].data[: raw_cut.decoded_size] == text[:-2]


@pytest.mark.parametrize("text", [b"", b"text\r\n", b"restante-cut-x-0\r\n"])
def test_a_payload_without_cuts_is_one_piece(text: bytes) -> None:
    assert split_payload(text, "", ()) == ([text] if text else [])
    assert split_payload(text, "restante-cut-y", ()) == ([text] if text else [])
