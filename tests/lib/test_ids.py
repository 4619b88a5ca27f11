import time
from datetime import UTC, date, datetime, timedelta
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib import ids
from app.lib.ids import made_at, new_id, new_id_of_day, parse_id


def test_ids_are_uuids_of_version_7_that_ascend() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    for one in made[::1000]:
        assert (one.version, one.variant) == (7, RFC_4122)


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id().int >> 80
    assert before - 10 <= made <= time.time_ns() // 1_000_000 + 10


def test_ids_ascend_when_the_clock_goes_back_or_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([5_000_000_000, 4_000_000_000, *[5_000_000_000] * 9000, 5_001_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    monkeypatch.setattr(ids, "_clock", ids._Clock())
    made = [new_id() for _ in range(9003)]
    assert made == sorted(set(made))
    assert made[0].int >> 80 == 5000
    assert made[-2].int >> 80 == 5002  # 4,096 ids a millisecond, then the next one is begun early


def test_ids_are_not_guessed() -> None:
    assert len({new_id().int & (1 << 62) - 1 for _ in range(1000)}) == 1000


@given(st.uuids())
def test_the_canonical_form_is_read(value: UUID) -> None:
    assert parse_id(str(value)) == value
    assert parse_id(str(value).upper()) == value


@pytest.mark.parametrize("form", ["{}", "urn:uuid:{}", "{{{}}}", " {}", "{} ", "{}\n", "-{}", "{}-"])
def test_nothing_but_the_canonical_form_is_read(form: str) -> None:
    value = uuid4()
    assert parse_id(form.format(value)) == (value if form == "{}" else None)
    assert parse_id(form.format(value.hex)) is None


@given(st.text(max_size=50))
def test_other_text_is_none(text: str) -> None:
    assert parse_id(text) is None


def test_digits_of_other_scripts_are_none() -> None:
    assert parse_id("\N{ARABIC-INDIC DIGIT ZERO}" * 8 + "-0000-0000-0000-000000000000") is None


def test_an_id_of_a_day_tells_the_day_and_the_order_alone() -> None:
    day = date(2026, 3, 4)
    made = [ids.id_of_day(day, number) for number in (0, 1, 1, 2)]
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {RFC_4122}
    assert [ids.made_at(one) - datetime(2026, 3, 4, tzinfo=UTC) for one in made] == [
        timedelta(milliseconds=number) for number in (0, 1, 1, 2)
    ]
    assert len(set(made)) == 4


def test_an_id_of_a_day_tells_the_day_alone() -> None:
    day = date(2026, 11, 22)
    made = [new_id_of_day(day) for _ in range(1000)]
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    times = [made_at(one) for one in made]
    assert {time.date() for time in times} == {day}
    assert len({time.hour for time in times}) == 24
