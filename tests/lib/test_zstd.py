"""Packing, again and again and in several threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from app.lib.zstd import compress


def unpacked(frame: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(frame, max_output_size=1 << 20)


@pytest.mark.parametrize("level", [1, 3])
def test_what_is_packed_comes_back_however_often(level: int) -> None:
    for data in (b"", b"a", b"one after the other " * 1000, b"a"):
        assert unpacked(compress(data, level=level)) == data


def test_a_frame_tells_its_length() -> None:
    assert zstandard.frame_content_size(compress(b"twelve bytes")) == 12


def test_threads_do_not_disturb_each_other() -> None:
    data = [bytes([number]) * 50_000 + number.to_bytes(4) for number in range(64)]
    with ThreadPoolExecutor(8) as threads:
        assert [unpacked(frame) for frame in threads.map(compress, data * 4)] == data * 4
