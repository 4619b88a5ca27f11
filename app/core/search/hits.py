"""Marks what a search found in the texts of its results, and picks the passage to show: for eyes only."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from app.core.messages import words
from app.core.messages.folding import fold, spelled_words
from app.core.messages.stems import in_any_language
from app.core.search.model import Query, Term

MAX_PASSAGE_CHARS = 160
_LEAD_CHARS = 40
"""Shown before the first hit of a passage, at most."""
_MOST_HITS = 500
"""Looked at for the best passage of one text."""
_MOST_STEMMED = 2000
"""Words of long texts for one query: stemming one in all languages takes up to a tenth of a millisecond."""
_BEGINNING_CHARS = 3
_CHARACTER = words.CJK.pattern.removesuffix("+")
_CHARACTER_ENDS = re.compile(_CHARACTER)
_WORD = re.compile(r"[\w\u0300-\u036f]+")
_PLACE = re.compile(rf"(?P<character>{_CHARACTER})|(?:(?!{_CHARACTER})[\w\u0300-\u036f])+")


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a text."""

    text: str
    is_hit: bool


class _Place(msgspec.Struct, frozen=True):
    """A hit in a text, and which of the words sought it is."""

    start: int
    stop: int
    number: int


class _Sought:
    """The words sought in one field, numbered: as they are, and in other forms."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.exact: dict[str, int] = {}
        self.forms: dict[str, int] = {}
        for term in terms:
            for part in _parts(term):
                self.exact.setdefault(part, len(self.exact))
            for word in [] if term.is_quoted else spelled_words(term.text):
                self.forms |= dict.fromkeys(in_any_language(word), self.exact.get(fold(word), 0))
        beginnings = {re.escape(form[:_BEGINNING_CHARS]) for form in self.forms}
        self._stemmed = 0
        self._like_form = re.compile("|".join(sorted(beginnings)) or "(?!)")

    def number(self, word: str, folded: str) -> int | None:
        """Which of the words sought this is."""
        if folded in self.exact:
            return self.exact[folded]
        forms = (folded, *in_any_language(word.casefold())) if self.forms else ()
        return next((self.forms[form] for form in forms if form in self.forms), None)

    def quick_number(self, word: str) -> int | None:
        """The same for long texts: words without any form's beginning are not stemmed, nor very many of the others."""
        folded = fold(word)
        if folded in self.exact:
            return self.exact[folded]
        if self._stemmed >= _MOST_STEMMED or not self._like_form.search(folded):
            return None
        self._stemmed += 1
        return self.number(word, folded)


class Hits:
    """What to mark for one query; terms with a minus and those of other fields mark nothing."""

    def __init__(self, query: Query) -> None:
        self._terms = [term for term in query.terms if not term.is_negated]
        self._by_field: dict[str, _Sought] = {}

    def pieces(self, text: str, field: str) -> list[Piece]:
        """The whole text of `field` in pieces; the empty field is the text of the message."""
        marked: list[Piece] = []
        end = 0
        for start, stop in _joined(_places(text, self._sought(field))):
            marked += [Piece(text[end:start], False), Piece(text[start:stop], True)]
            end = stop
        return [piece for piece in (*marked, Piece(text[end:], False)) if piece.text]

    def is_shown(self, *texts: str) -> bool:
        """Whether every word that may stand anywhere stands in one of these texts."""
        sought = self._sought(words.ANYWHERE)
        missing = set(sought.exact.values())
        for text in texts:
            if missing:
                missing.difference_update(place.number for place in _places(text, sought))
        return not missing

    def passage(self, text: str) -> str | None:
        """Some 160 characters of a message's text, where most of the words stand together; None without a hit.

        An ellipsis stands for what is left out before and after; white space counts as one space. The time is linear.
        """
        places = _places_in_long(text, self._sought(words.ANYWHERE))
        return _cut_out(text, _densest(places).start) if places else None

    def _sought(self, field: str) -> _Sought:
        if field not in self._by_field:
            self._by_field[field] = _Sought(term for term in self._terms if term.field in {words.ANYWHERE, field})
        return self._by_field[field]


def _parts(term: Term) -> list[str]:
    return [part for word in words.folded_words(fold(term.text)) for part in words.pairs(word)]


def _places_in_long(text: str, sought: _Sought) -> list[_Place]:
    """The first hits of a text, in order. Each word of it is looked at once, however often it stands there."""
    if not text.isascii() and words.CJK.search(text):
        return list(islice(_places(text, sought, is_quick=True), _MOST_HITS))
    found: list[_Place] = []
    for word in set(_WORD.findall(text)):
        number = sought.quick_number(word)
        if number is not None:
            found += islice(_places_of(text, word, number), _MOST_HITS)
    return sorted(found, key=lambda place: place.start)[:_MOST_HITS]


def _places_of(text: str, word: str, number: int) -> Iterator[_Place]:
    """Where just this word stands, and not as a part of another."""
    start = text.find(word)
    while start >= 0:
        stop = start + len(word)
        if not _WORD.match(text[start - 1 : start]) and not _WORD.match(text, stop):
            yield _Place(start, stop, number)
        start = text.find(word, stop)


def _places(text: str, sought: _Sought, *, is_quick: bool = False) -> Iterator[_Place]:
    """Where hits are, in order; pairs of characters may overlap."""
    before = ""
    for place in _PLACE.finditer(text):
        word = place[0]
        if place["character"] is None:
            before = ""
            number = sought.quick_number(word) if is_quick else sought.number(word, fold(word))
            if number is not None:
                yield _Place(place.start(), place.end(), number)
            continue
        folded = fold(word)
        if before and before + folded in sought.exact and _CHARACTER_ENDS.match(text, place.start() - 1):
            yield _Place(place.start() - 1, place.end(), sought.exact[before + folded])
        elif folded in sought.exact:
            yield _Place(place.start(), place.end(), sought.exact[folded])
        before = folded


def _densest(places: list[_Place]) -> _Place:
    """The first hit of the passage that has the most different words; the earliest of equals."""
    best, most = places[0], 0
    counts: dict[int, int] = {}
    last = 0
    for first, place in enumerate(places):
        while last < len(places) and places[last].stop - place.start <= MAX_PASSAGE_CHARS - _LEAD_CHARS:
            counts[places[last].number] = counts.get(places[last].number, 0) + 1
            last += 1
        if len(counts) > most:
            best, most = place, len(counts)
        if last > first:
            counts[place.number] -= 1
            if not counts[place.number]:
                del counts[place.number]
        else:
            last = first + 1
    return best


def _cut_out(text: str, start: int) -> str:
    """The surroundings of a hit, from a word's beginning to a word's end where there are any."""
    lead = _spaced(text[max(0, start - 5 * _LEAD_CHARS) : start])
    before = lead[-_LEAD_CHARS:]
    if len(before) < len(lead) and " " in before.strip():
        before = before[before.index(" ") + 1 :] if lead[-_LEAD_CHARS - 1] != " " else before
    tail = _spaced(text[start : start + 5 * MAX_PASSAGE_CHARS])
    behind = tail[: MAX_PASSAGE_CHARS - len(before)]
    if len(behind) < len(tail) and tail[len(behind)] != " " and " " in behind.strip():
        behind = behind[: behind.rindex(" ")]
    is_begun = len(before) < len(lead) or start > 5 * _LEAD_CHARS
    is_ended = len(behind) < len(tail.rstrip()) or len(text.rstrip()) > start + 5 * MAX_PASSAGE_CHARS
    return f"{'… ' if is_begun else ''}{(before + behind).strip()}{' …' if is_ended else ''}"


def _spaced(text: str) -> str:
    """With single spaces, those at the ends kept."""
    return re.sub(r"\s+", " ", text)


def _joined(places: Iterator[_Place]) -> Iterator[tuple[int, int]]:
    """Places that touch or overlap as one."""
    open_place: tuple[int, int] | None = None
    for place in places:
        if open_place is not None and place.start <= open_place[1]:
            open_place = (open_place[0], place.stop)
            continue
        if open_place is not None:
            yield open_place
        open_place = (place.start, place.stop)
    if open_place is not None:
        yield open_place
