"""Archives as other programs read them, and any range of one."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.zips import Archive, Member, Stretch

MOMENT = datetime(2026, 11, 22, 1, 2, 4, tzinfo=UTC)
FILES = [("mail/", b""), ("mail/größe.txt", b"grey\n"), ("mail/empty", b""), ("a", bytes(range(256)) * 9)]


def made(files: Sequence[tuple[str, bytes]]) -> Archive:
    return Archive([Member(name, len(data), zlib.crc32(data), MOMENT) for name, data in files])


def between(files: Sequence[tuple[str, bytes]], start: int, end: int) -> bytes:
    pieces = made(files).between(start, end)
    return b"".join(files[one.member][1][one.start : one.end] if isinstance(one, Stretch) else one for one in pieces)


def whole(files: Sequence[tuple[str, bytes]]) -> bytes:
    return between(files, 0, made(files).size)


def test_python_reads_it() -> None:
    with zipfile.ZipFile(io.BytesIO(whole(FILES))) as archive:
        assert archive.testzip() is None
        assert [(one.filename, archive.read(one)) for one in archive.infolist()] == FILES
        assert archive.infolist()[0].is_dir()
        assert archive.infolist()[1].date_time == (2026, 11, 22, 1, 2, 4)


def test_an_empty_one_is_one() -> None:
    with zipfile.ZipFile(io.BytesIO(whole([]))) as archive:
        assert archive.namelist() == []


@given(st.lists(st.tuples(st.text("abc/é", min_size=1, max_size=4), st.binary(max_size=9)), max_size=5), st.data())
def test_every_range_is_that_of_the_whole(files: list[tuple[str, bytes]], data: st.DataObject) -> None:
    everything = whole(files)
    assert made(files).size == len(everything)
    start = data.draw(st.integers(0, len(everything)))
    end = data.draw(st.integers(start, len(everything)))
    assert between(files, start, end) == everything[start:end]


def test_what_is_too_large_for_the_old_fields_is_told_in_the_new_ones() -> None:
    large = 5 << 30
    archive = Archive([Member("large", large, 1, MOMENT), Member("behind", 3, 2, MOMENT)])
    front = [one for one in archive.between(0, 200) if isinstance(one, bytes)]
    end = b"".join(one for one in archive.between(archive.size - 400, archive.size) if isinstance(one, bytes))
    place = archive.size - len(end)
    # As much of it as a reader looks at, with nothing where the large content would be.
    with zipfile.ZipFile(Sparse(archive.size, {0: front[0], place: end})) as read:
        sizes = [(one.filename, one.file_size, one.CRC) for one in read.infolist()]
        assert sizes == [("large", large, 1), ("behind", 3, 2)]
        assert read.infolist()[1].header_offset > large


def test_there_may_be_more_members_than_the_old_fields_count() -> None:
    files = [(str(number), b"") for number in range(70_000)]
    with zipfile.ZipFile(io.BytesIO(whole(files))) as archive:
        assert len(archive.namelist()) == len(files)


@pytest.mark.parametrize(
    ("moment", "told"), [(datetime(1970, 1, 1, tzinfo=UTC), 1980), (datetime(2500, 1, 1, tzinfo=UTC), 2107)]
)
def test_years_that_the_format_has_not(moment: datetime, told: int) -> None:
    archive = Archive([Member("a", 0, 0, moment)])
    data = b"".join(one for one in archive.between(0, archive.size) if isinstance(one, bytes))
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.infolist()[0].date_time[0] == told


class Sparse(io.RawIOBase):
    """A file of which only some stretches are there; all else is zeros."""

    def __init__(self, size: int, stretches: dict[int, bytes]) -> None:
        self._size, self._stretches, self._place = size, stretches, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + {0: 0, 1: self._place, 2: self._size}[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._place + size)
        found = bytearray(end - self._place)
        for start, data in self._stretches.items():
            for place in range(max(start, self._place), min(start + len(data), end)):
                found[place - self._place] = data[place - start]
        self._place = end
        return bytes(found)
