import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from app.web.fitting import MAX_PARTS, clipped, fitting, part, text_part, weight

MIXED = st.text(alphabet="a &<>\"'>\n\r\u00e9\u65e5\U0001f600/:htps.", max_size=400)


def texts(text: str, room: int) -> list[str]:
    """The parts of a text as HTML."""
    parts = [text_part(text, 1, room=room)]
    while parts[-1].has_more:
        parts.append(text_part(text, len(parts) + 1, room=room))
    assert [one.number for one in parts] == list(range(1, len(parts) + 1))
    return [str(one.html) for one in parts]


def test_a_long_text_comes_in_parts_that_end_with_a_line() -> None:
    text = "".join(f"line {number} & more\n" for number in range(2000))
    parts = texts(text, 20_000)
    assert "".join(part.removeprefix("<pre>\n").removesuffix("</pre>") for part in parts) == escape(text)
    assert all(part.endswith("more\n</pre>") for part in parts)
    assert all(10_000 < len(part.encode()) <= 20_000 for part in parts[:-1])


@pytest.mark.parametrize("line", [">\na\n", "https://a.example/&&&& ", '"', "\U0001f600", "> " * 30 + "\n", "x"])
def test_however_much_markup_a_text_takes_its_parts_fit(line: str) -> None:
    for html in texts(line * (6000 // len(line)), 2000):
        assert len(html.encode()) <= 2000


def test_what_would_be_too_many_parts_is_left_to_the_original() -> None:
    last = text_part("word " * 10_000, 1000, room=200)
    assert (last.number, last.has_more, last.is_cut) == (MAX_PARTS, False, True)
    assert not text_part("words", 1).is_cut


def test_a_part_behind_the_last_is_the_last() -> None:
    assert text_part("words", 99).number == 1
    assert text_part("", 1).html == "<pre>\n\n</pre>"
    assert part([1, 2, 3], 99, room=2, weigh=lambda _: 1) == part([1, 2, 3], 2, room=2, weigh=lambda _: 1)


@given(MIXED)
def test_no_character_is_lost_between_parts(text: str) -> None:
    text = text.replace("://", ":")
    html = re.sub(r"<pre>|<(?:details|span) class=\"\w+\">|</\w+>|<summary>Quoted text", "", "".join(texts(text, 300)))
    assert "".join(html.split()) == "".join(str(escape(text)).split())


@given(MIXED, st.integers(min_value=3, max_value=200))
def test_clipped_texts_fit_and_say_that_they_were_clipped(text: str, room: int) -> None:
    short = clipped(text, room)
    assert weight(short) <= max(room, weight("…"))
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
    assert (short == text) == (weight(text) <= room)


@given(st.lists(st.integers(min_value=1, max_value=50), min_size=1), st.integers(min_value=50, max_value=200))
def test_parts_of_a_list_have_everything_once(weights: list[int], room: int) -> None:
    seen: list[int] = []
    number, has_more = 0, True
    while has_more:
        number += 1
        one = part(weights, number, room=room, weigh=lambda weight: weight)
        assert one.number == number
        assert sum(one.items) <= room
        seen += one.items
        has_more = one.has_more
    assert seen == weights


def test_at_least_one_thing_is_shown() -> None:
    assert fitting([100], 10) == 1
    assert fitting([5, 5, 1], 10) == 2
