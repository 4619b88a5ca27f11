"""Small pictures of numbers, drawn as SVG by the templates: here is only where things stand. Pure.

They use one colour, that of the text, so they read in both schemes, printed, and without seeing colours.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from app.core.senders.model import Week

WIDTH, HEIGHT = 636, 96
_GAP = 3
_LEAST = 3
"""Units that a bar is high at least, so that one message is seen beside a thousand."""
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LABEL_EVERY = 2
"""Months; more would run into each other on a phone."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle; `y` counts from the top."""

    x: float
    y: float
    width: float
    height: float


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A word under the bars."""

    x: float
    text: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A bar a week, and the names of months under them."""

    width: int
    height: int
    most: int
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]


def of_weeks(weeks: Sequence[Week]) -> Chart:
    """Bars of the weeks in which mail came."""
    most = max((week.message_count for week in weeks), default=0)
    step = WIDTH / max(1, len(weeks))
    bars = [
        Bar(x=round(number * step, 1), y=round(HEIGHT - high, 1), width=round(step - _GAP, 1), height=round(high, 1))
        for number, week in enumerate(weeks)
        if week.message_count and (high := max(_LEAST, HEIGHT * week.message_count / most))
    ]
    return Chart(width=WIDTH, height=HEIGHT, most=most, bars=tuple(bars), labels=tuple(_labels(weeks, step)))


def _labels(weeks: Sequence[Week], step: float) -> list[Label]:
    found = []
    last = None
    for number, week in enumerate(weeks):
        month = _month_begun(week.monday, last)
        last = week.monday
        if month is not None and month % _LABEL_EVERY and number < len(weeks) - 2:
            found.append(Label(x=round(number * step, 1), text=_MONTHS[month - 1]))
    return found


def _month_begun(monday: date, before: date | None) -> int | None:
    """The month, where it is another than the week before's."""
    return monday.month if before is not None and monday.month != before.month else None
