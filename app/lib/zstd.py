"""Zstandard (RFC 8878) with compressors that are kept: making one ready costs as much as packing a small message."""

import threading

import zstandard

_KEPT_UP_TO = 128 * 1024
"""Bytes of data; for more a compressor takes memory that it would then hold on to."""


class _Kept(threading.local):
    """A thread's own: two threads cannot use one at the same time."""

    def __init__(self) -> None:
        self.by_level: dict[int, zstandard.ZstdCompressor] = {}


_kept = _Kept()


def compress(data: bytes, *, level: int = 3) -> bytes:
    """`data` as one frame that tells its length; higher levels take longer and give less."""
    if len(data) > _KEPT_UP_TO:
        return zstandard.ZstdCompressor(level=level).compress(data)
    compressor = _kept.by_level.get(level)
    if compressor is None:
        compressor = _kept.by_level[level] = zstandard.ZstdCompressor(level=level)
    return compressor.compress(data)
