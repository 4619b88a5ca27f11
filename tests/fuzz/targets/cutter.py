"""The cutter, with all its sizes sixteen times smaller, so that a few kilobytes reach every branch."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

import msgspec

from app.core.messages import base64_lines, cut
from app.core.messages.base64_lines import encode_lines
from app.core.messages.cut import CutMessage, Cutter, rebuild
from tests.fuzz.target import Tape, Target, finish

_MIN_RUN = 4096
_MOST = 256 * 1024
_WINDOW = 16 * 1024
_MAX_CUTS = 8
_LINES: dict[str, Any] = {"MAX_WIDTH": 60, "MIN_RUN": _MIN_RUN, "_STEP": _MIN_RUN // 2}
_CUTTER: dict[str, Any] = {
    "MIN_RUN": _MIN_RUN,
    "SKELETON_EASY": 64 * 1024,
    "SKELETON_MOST": _MOST,
    "GRACE": _MIN_RUN,
    "MAX_CUTS": _MAX_CUTS,
    "_WINDOW": _WINDOW,
}
_MAX_MESSAGE = 500_000
_CONTENT = hashlib.shake_128(b"content").digest(16 * 1024)
_PIECES = (
    *(b"\r\n", b"\n", b"\r", b"--", b"-", b"--b\r\n", b"=", b"==\r\n", b"QUJD", b"QUJD\r\n", b"AAB=\r\n", b"AAA\r\n"),
    *(b"restante-cut-0123456789abcdef0123456789abcdef-0\r\n", b"\x00\xff\r\n", b"words of a text\r\n", b"\n--"),
)


class _Blob:
    def __init__(self) -> None:
        self.data = bytearray()
        self.is_committed = False

    async def write(self, data: bytes) -> None:
        assert not self.is_committed
        self.data += data

    async def commit(self) -> None:
        assert not self.is_committed
        self.is_committed = True

    async def abort(self) -> None:
        raise AssertionError("nothing failed")


def check(data: bytes) -> None:
    tape = Tape(data)
    sizes = [1 + tape.number(2) % 20_000 for _ in range(tape.number() % 4)]
    message = _message(tape)
    with patch.multiple(base64_lines, **_LINES), patch.multiple(cut, **_CUTTER):
        whole, blobs = finish(_cut(message, []))
        _check(message, whole, blobs)
        if sizes:
            pieces, blobs = finish(_cut(message, sizes))
            _check(message, pieces, blobs)


def _message(tape: Tape) -> bytes:
    message = bytearray()
    while not tape.is_at_end and len(message) < _MAX_MESSAGE:
        kind = tape.number() % 5
        if kind == 0:
            message += tape.take(tape.number())
        elif kind == 1:
            message += tape.pick(_PIECES)
        elif kind == 2:
            message += encode_lines(_CONTENT[: tape.number(2) % len(_CONTENT)], tape.pick((4, 8, 56, 60, 60, 64)))
        elif kind == 3:
            message += tape.pick(_PIECES) * (tape.number(2) % 20_000)
        else:
            message += tape.take(tape.number() % 80) * tape.number(2)
    return bytes(message[:_MAX_MESSAGE])


async def _cut(message: bytes, sizes: list[int]) -> tuple[CutMessage, list[_Blob]]:
    blobs: list[_Blob] = []

    async def open_blob() -> _Blob:
        blobs.append(_Blob())
        return blobs[-1]

    cutter = Cutter(open_blob)
    place, turn = 0, 0
    while place < len(message):
        # A few hundred writes a message are enough.
        size = max(sizes[turn % len(sizes)], len(message) // 300) if sizes else len(message)
        await cutter.write(message[place : place + size])
        place, turn = place + size, turn + 1
    return await cutter.finish(), blobs


def _check(message: bytes, result: CutMessage, blobs: list[_Blob]) -> None:
    async def read(ordinal: int) -> AsyncIterator[bytes]:
        data = bytes(blobs[ordinal].data)
        for start in range(0, len(data), 5000):
            yield data[start : start + 5000]

    async def rebuilt() -> bytes:
        return b"".join([piece async for piece in rebuild(result.skeleton, result.marker, result.cuts, read)])

    assert finish(rebuilt()) == message
    assert result.size == len(message)
    assert len(result.skeleton) <= _MOST + _WINDOW, "the skeleton is too large"
    assert len(result.cuts) == len(blobs) <= _MAX_CUTS
    assert [each.offset for each in result.cuts] == sorted({each.offset for each in result.cuts})
    for ordinal, (each, blob) in enumerate(zip(result.cuts, blobs, strict=True)):
        assert blob.is_committed
        assert each == msgspec.structs.replace(
            each, ordinal=ordinal, decoded_size=len(blob.data), digest=hashlib.sha256(blob.data).digest()
        )
        assert each.encoded_size >= _MIN_RUN
        assert (each.width > 0) == (each.encoding == "base64")


TARGET = Target(
    check=check,
    seeds=(
        b"",
        b"\x00\x00\x05hello",
        b"\x02\x00\x05\x10\x00\x02\x20\x00\x03\x01\x00",
        b"\x01\x03\x00\x01\x05\x02\x20\x00\x03\x01\x01\x02\x18\x00\x05",
        b"\x03\x00\x01\x00\x40\x30\x00\x03\x0e\x30\x00\x01\x05\x02\x20\x00\x03\x03\x0e\x20\x00",
        b"\x01\x40\x00" + b"\x02\x10\x00\x03\x01\x0e" * 12,
        b"\x01\x40\x00" + b"\x03\x0f\x30\x00",
        b"\x01\x10\x00" + b"\x04\x05\x2d\x2d\x0d\x0a\x0d\xff\xff",
        b"\x01\x10\x00" + b"\x03\x0e\xff\xff\x01\x05\x03\x0e\x01\x00" * 4,
    ),
    max_len=512,
)
