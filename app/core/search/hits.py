"""Marks what a search found in the short texts of its results: for eyes only, nothing is decided by it."""

import re
from collections.abc import Iterator

import msgspec

from app.core.messages import words
from app.core.messages.folding import fold, spelled_words
from app.core.messages.stems import in_any_language
from app.core.search.model import Query, Term

_CHARACTER = words.CJK.pattern.removesuffix("+")
_CHARACTER_ENDS = re.compile(_CHARACTER)
_PLACE = re.compile(rf"(?P<character>{_CHARACTER})|(?:(?!{_CHARACTER})[\w\u0300-\u036f])+")


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a text."""

    text: str
    is_hit: bool


class Hits:
    """What to mark for one query; terms with a minus and those of other fields mark nothing."""

    def __init__(self, query: Query) -> None:
        self._terms = [term for term in query.terms if not term.is_negated]

    def pieces(self, text: str, field: str) -> list[Piece]:
        """The whole text of `field` in pieces; the empty field is the text of the message."""
        terms = [term for term in self._terms if term.field in {words.ANYWHERE, field}]
        exact = {part for term in terms for part in _parts(term)}
        forms = {form for term in terms if not term.is_quoted for form in _forms(term)}
        marked: list[Piece] = []
        end = 0
        for start, stop in _joined(_places(text, exact, forms)):
            marked += [Piece(text[end:start], False), Piece(text[start:stop], True)]
            end = stop
        return [piece for piece in (*marked, Piece(text[end:], False)) if piece.text]


def _parts(term: Term) -> list[str]:
    return [part for word in words.folded_words(fold(term.text)) for part in words.pairs(word)]


def _forms(term: Term) -> set[str]:
    return set().union(*map(in_any_language, spelled_words(term.text)))


def _places(text: str, exact: set[str], forms: set[str]) -> Iterator[tuple[int, int]]:
    """From where to where hits go, in order; pairs of characters may overlap."""
    before = ""
    for place in _PLACE.finditer(text):
        folded = fold(place[0])
        if place["character"] is None:
            if folded in exact or (forms and not forms.isdisjoint(in_any_language(place[0].casefold()) | {folded})):
                yield place.span()
            before = ""
            continue
        if before and before + folded in exact and _CHARACTER_ENDS.match(text, place.start() - 1):
            yield place.start() - 1, place.end()
        elif folded in exact:
            yield place.span()
        before = folded


def _joined(places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Places that touch or overlap as one."""
    open_place: tuple[int, int] | None = None
    for start, stop in places:
        if open_place is not None and start <= open_place[1]:
            open_place = (open_place[0], stop)
            continue
        if open_place is not None:
            yield open_place
        open_place = (start, stop)
    if open_place is not None:
        yield open_place
