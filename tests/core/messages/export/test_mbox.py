import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.export import mbox

LINES = st.lists(st.sampled_from([b"From ", b">From x", b">>From ", b"from", b"", b">", b"text", b"F"]), max_size=12)


async def _chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _quoted(data: bytes, size: int) -> bytes:
    return b"".join([chunk async for chunk in mbox.quoted(_chunks(data, size))])


@given(LINES, st.integers(1, 9))
def test_no_line_is_taken_for_a_separator_however_the_chunks_fall(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\r\n" for line in lines)
    found = asyncio.run(_quoted(data, size))
    assert found == asyncio.run(_quoted(data, 1000))
    assert not any(line.startswith(b"From ") for line in found.split(b"\n"))
    unquoted = [line[1:] if line.lstrip(b">").startswith(b"From ") else line for line in found[:-1].split(b"\n")[:-1]]
    assert unquoted == lines
    assert found.endswith(b"\n")


@pytest.mark.parametrize(
    ("sender", "shown"),
    [("a@b.example", "a@b.example"), ("", "MAILER-DAEMON"), ('"a b"@c\n.example', '"a-b"@c-.example'), ("ä@b", "ä@b")],
)
def test_a_separator_is_one_line_in_english_and_utc(sender: str, shown: str) -> None:
    moment = datetime(2026, 11, 1, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert mbox.separator(sender, moment) == f"From {shown} Sat Oct 31 23:30:05 2026\n".encode()
    assert mbox.separator(sender, moment) == mbox.separator(sender, moment.astimezone(UTC))


def test_values_stay_on_their_line() -> None:
    assert mbox.header([("A", "b\r\nc: d"), ("E", "\ud800")]) == b"A: b c: d\nE: ?\n"
