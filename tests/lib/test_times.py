from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.lib.times import rfc3339, utc_now, utc_today


def test_the_clock_is_in_utc() -> None:
    before = datetime.now(UTC)
    now = utc_now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)
    assert utc_today() in {before.date(), datetime.now(UTC).date()}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 9, 30, tzinfo=UTC), "2026-11-21T09:30:00.000Z"),
        (datetime(2026, 11, 21, 9, 30, 0, 123999, tzinfo=UTC), "2026-11-21T09:30:00.123Z"),
        (datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2))), "2026-11-20T23:30:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_moments_are_written_in_utc(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text
