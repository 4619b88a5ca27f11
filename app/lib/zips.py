"""ZIP archives whose every byte is known before the first is made, so that any range of one can be told by itself.

Members are stored, not compressed, and their sizes and CRCs are given; numbers that do not fit the old fields are told
in ZIP64's (APPNOTE.TXT 6.3.10, sections 4.3 to 4.5). Names are UTF-8. Pure.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

_UTF8 = 1 << 11
_UNIX = 3 << 8
_VERSION, _VERSION_64 = 20, 45
_FILE_MODE, _FOLDER_MODE = 0o100600, 0o040700
_DOS_FOLDER = 0x10
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF
_FIRST_YEAR, _LAST_YEAR = 1980, 2107


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A file of an archive; a folder's name ends with a slash. `crc` is CRC-32 as of zlib."""

    name: str
    size: int
    crc: int
    modified: datetime


class Stretch(msgspec.Struct, frozen=True):
    """Bytes `start` to `end` (exclusive) of the content of the member with this number."""

    member: int
    start: int
    end: int


class Archive:
    """An archive of these members, in their order."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._offsets: list[int] = []
        """Where each member's header begins."""
        position = 0
        for one in members:
            self._offsets.append(position)
            position += len(_local(one)) + one.size
        self._directory = position
        self._end: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._directory + len(self._ending())

    def between(self, start: int, end: int) -> Iterator[bytes | Stretch]:
        """What stands from byte `start` to `end` (exclusive): bytes of the format's own, and stretches of members."""
        first = max(0, bisect_right(self._offsets, start) - 1)
        for number in range(first, len(self._members)):
            position, one = self._offsets[number], self._members[number]
            if position >= end:
                return
            header = _local(one)
            if piece := header[max(0, start - position) : max(0, end - position)]:
                yield piece
            position += len(header)
            span = Stretch(number, max(0, start - position), min(one.size, end - position))
            if span.start < span.end:
                yield span
        ending = self._ending()
        if piece := ending[max(0, start - self._directory) : max(0, end - self._directory)]:
            yield piece

    def _ending(self) -> bytes:
        if self._end is None:
            pairs = zip(self._members, self._offsets, strict=True)
            directory = b"".join(_central(one, offset) for one, offset in pairs)
            self._end = directory + _last(len(self._members), len(directory), self._directory)
        return self._end


def _local(one: Member) -> bytes:
    """Section 4.3.7."""
    name = one.name.encode()
    is_large = one.size >= _MOST_32
    extra = struct.pack("<HHQQ", 1, 16, one.size, one.size) if is_large else b""
    size = _MOST_32 if is_large else one.size
    version = _VERSION_64 if is_large else _VERSION
    clock, day = _dos(one.modified)
    head = _LOCAL.pack(b"PK\x03\x04", version, _UTF8, 0, clock, day, one.crc, size, size, len(name), len(extra))
    return head + name + extra


def _central(one: Member, offset: int) -> bytes:
    """Section 4.3.12."""
    name = one.name.encode()
    is_folder = one.name.endswith("/")
    wide = [one.size, one.size] if one.size >= _MOST_32 else []
    wide += [offset] if offset >= _MOST_32 else []
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = _VERSION_64 if wide else _VERSION
    size = min(one.size, _MOST_32)
    mode = (_FOLDER_MODE if is_folder else _FILE_MODE) << 16 | (_DOS_FOLDER if is_folder else 0)
    clock, day = _dos(one.modified)
    head = _CENTRAL.pack(
        b"PK\x01\x02",
        _UNIX | version,
        version,
        _UTF8,
        0,
        clock,
        day,
        one.crc,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        mode,
        min(offset, _MOST_32),
    )
    return head + name + extra


def _last(count: int, size: int, offset: int) -> bytes:
    """Sections 4.3.14 to 4.3.16."""
    told = b""
    if count >= _MOST_16 or size >= _MOST_32 or offset >= _MOST_32:
        version = _UNIX | _VERSION_64
        told = _END_64.pack(b"PK\x06\x06", 44, version, _VERSION_64, 0, 0, count, count, size, offset)
        told += _LOCATOR_64.pack(b"PK\x06\x07", 0, offset + size, 1)
    count = min(count, _MOST_16)
    return told + _END.pack(b"PK\x05\x06", 0, 0, count, count, min(size, _MOST_32), min(offset, _MOST_32), 0)


def _dos(moment: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS has them, to two seconds, from 1980 to 2107; in UTC, as no zone is told."""
    moment = moment.astimezone(UTC)
    if moment.year < _FIRST_YEAR:
        moment = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    elif moment.year > _LAST_YEAR:
        moment = datetime(_LAST_YEAR, 12, 31, tzinfo=UTC)
    clock = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return clock, (moment.year - _FIRST_YEAR) << 9 | moment.month << 5 | moment.day
