from collections import Counter
from io import StringIO

from rich.console import Console

from app.lib.ratelimit import place_of
from bench import guessing
from bench.guessing import Wave


def test_each_guess_comes_from_a_network_of_its_own() -> None:
    assert len({place_of(guessing._address(number)) for number in range(10_000)}) == 10_000


def test_the_table_tells_who_got_in() -> None:
    wave = Wave(
        name="many networks",
        guesses=3,
        seconds=2.0,
        statuses=Counter({422: 1, 429: 2}),
        known=[(303, 0.25), (303, 0.35)],
        strange=[(429, 0.01)],
    )
    out = StringIO()
    Console(file=out, width=120).print(guessing._table([wave]))
    text = out.getvalue()
    assert "2 of 2" in text
    assert "0 of 1" in text
    assert "0.30, 0.35" in text
