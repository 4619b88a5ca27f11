from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.waiting import positions
from app.core.waiting.positions import WINDOW, Position
from app.lib.ids import first_id_at

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BEGINNING = Position(floor=UUID(int=0))
ids = st.integers(0, (1 << 128) - 1).map(lambda value: UUID(int=value))


def at(seconds: float, number: int = 0) -> UUID:
    return UUID(int=first_id_at(NOW + timedelta(seconds=seconds)).int + number)


@given(ids, st.frozensets(ids, max_size=64))
def test_what_was_written_is_read(floor: UUID, passed: frozenset[UUID]) -> None:
    position = Position(floor=floor, passed=passed)
    assert positions.read(positions.written(position)) == position


@pytest.mark.parametrize("text", ["", "x", "A" * 21, "A" * 23, "A" * 1500, "A" * 21 + "B", "é" * 22, str(UUID(int=7))])
def test_what_was_not_written_by_us_is_not_read(text: str) -> None:
    assert positions.read(text) is None


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    found = positions.read(text)
    assert found is None or positions.written(found) == text


def test_a_moment_is_included() -> None:
    position = positions.after_time(NOW)
    assert position.is_before(at(0))
    assert not position.is_before(at(-0.001, 1))
    assert positions.after_time(datetime(1900, 1, 1, tzinfo=UTC)).is_before(
        first_id_at(datetime(1970, 1, 1, tzinfo=UTC))
    )


def test_what_came_late_is_still_to_come() -> None:
    """Its id is older than that of a message seen before it."""
    late, seen, last = at(-3), at(-2), at(0)
    position = positions.after_seen(BEGINNING, [seen], last)
    assert [position.is_before(one) for one in (late, seen, last, at(1))] == [True, False, False, True]
    assert not position.is_before(at(-WINDOW.total_seconds() - 1))


def test_a_position_never_goes_back() -> None:
    first = positions.after_seen(BEGINNING, [], at(100))
    second = positions.after_seen(first, [], at(0))
    assert second.floor == first.floor
    assert not second.is_before(at(100))


def test_a_position_stays_short_in_a_flood() -> None:
    flood = [at(0, number) for number in range(1000)]
    position = positions.after_seen(BEGINNING, flood, flood[-1])
    assert len(positions.written(position)) < 1500
    assert not any(position.is_before(one) for one in flood)
