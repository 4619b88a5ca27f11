from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.web import dates, sizes

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_moments_are_written_out_in_utc() -> None:
    at = datetime(2026, 11, 21, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    assert dates.moment(at) == "Friday 20 November 2026, 23:05 UTC"
    assert dates.iso(at) == "2026-11-20T23:05:09Z"
    assert dates.day("2026-03-01") == "1 March 2026"


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(minutes=1), "11:59"),
        (timedelta(hours=12), "00:00"),
        (timedelta(hours=12, minutes=1), "20 Nov"),
        (timedelta(days=365), "21 Nov 2025"),
    ],
)
def test_lists_show_as_much_as_is_needed(ago: timedelta, shown: str) -> None:
    assert dates.short(NOON - ago, NOON) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_960, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (150 * 1024 * 1024, "157 MB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert sizes.human(size) == shown
