"""What fits a page of 50 KB: long texts in parts, long values clipped, lists cut where they get heavy. Pure.

Weights are bytes as the browser gets them: escaped, in UTF-8.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, takewhile
from typing import Generic, TypeVar

import msgspec
from markupsafe import Markup, escape

from app.core.messages.model import Correspondent
from app.web.text import folded_text

T = TypeVar("T")

TEXT_BYTES = 16_000
"""Of a text on its page: the rest is for what stands around it."""
MAX_PARTS = 100
"""Of one text; a MiB of words has some 80."""
_MORE_CHARS = 100
_MOST_BYTES = 5
"""Of one character: an escaped quotation mark."""


class TextPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a text as HTML; parts are counted from 1."""

    html: Markup
    number: int
    has_more: bool
    is_cut: bool
    """It is the last that is shown, and not the last there is."""


def text_part(text: str, number: int, *, room: int = TEXT_BYTES) -> TextPart:
    """Part `number` of a text, quotes folded; behind the last one, the last. Parts end with a line where there is one.

    The time is linear in where the part ends: some 100 ms for a MiB of words.
    """
    number = min(number, MAX_PARTS)
    at, start, size = 0, 0, room
    while True:
        at += 1
        html, end = _fitting(text, start, size, room)
        has_more = bool(text[end:].strip())
        if at >= number or not has_more:
            return TextPart(
                html=html,
                number=at,
                has_more=has_more and at < MAX_PARTS,
                is_cut=has_more and at == MAX_PARTS,
            )
        # What fitted here will nearly fit next: texts are alike from part to part.
        start, size = end, min(room, (end - start) * 5 // 4 + _MORE_CHARS)


class Part(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list; parts are counted from 1."""

    items: Sequence[T]
    number: int
    has_more: bool


def part(items: Sequence[T], number: int, *, room: int, weigh: Callable[[T], int]) -> Part[T]:
    """Part `number` of a list, of things of these weights; behind the last one, the last."""
    at, start = 0, 0
    while True:
        at += 1
        end = start + fitting(map(weigh, items[start:]), room)
        if at >= number or end >= len(items):
            return Part(items=items[start:end], number=at, has_more=end < len(items))
        start = end


def weight(text: str) -> int:
    """The bytes of a text in a page."""
    return len(escape(text).encode("utf-8", "replace"))


def clipped(text: str, room: int) -> str:
    """The text, or its beginning and an ellipsis, in so many bytes."""
    if len(text) * _MOST_BYTES <= room or weight(text) <= room:
        return text
    end = bisect_right(range(min(len(text), room)), room - weight("…"), key=lambda end: weight(text[:end]))
    return text[: max(0, end - 1)].rstrip() + "…"


def few(people: Sequence[Correspondent], room: int) -> Sequence[Correspondent]:
    """The first of them, as many as fit with what stands around each."""
    return people[: fitting((min(700, weight(one.name) + weight(one.address)) + 60 for one in people), room)]


def fitting(weights: Iterable[int], room: int) -> int:
    """How many of the first things of these weights fit together; at least one."""
    return max(1, sum(1 for _ in takewhile(lambda total: total <= room, accumulate(weights))))


def _fitting(text: str, start: int, size: int, room: int) -> tuple[Markup, int]:
    """(what fits from `start` on, of at most `size` characters; where it ends)."""
    while True:
        end = _line_end(text, start, start + size)
        html = folded_text(text[start:end])
        made = len(html.encode("utf-8", "replace"))
        if made <= room or size == 1:
            return html, end
        size = max(1, min(size - 1, int((end - start) * room / made * 0.9)))


def _line_end(text: str, start: int, end: int) -> int:
    """The last end of a line before `end`, or of a word, or `end` itself."""
    if end >= len(text):
        return len(text)
    for mark in ("\n", " "):
        found = text.rfind(mark, start, end)
        if found > start:
            return found + 1
    return end
