"""Finds the one-time code of a mail, such as `482913`: by its shape, and by the words around it.

Nothing is certain here: of several candidates the one with the best surroundings wins, and without any there is none.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

import msgspec

from app.core.messages.folding import fold
from app.core.messages.words import CJK
from app.core.waiting.codewords import HINTS, NUMBERED, OTHER_CODES, TRADE, UNITS, WORDS

_MAX_CHARS = 30_000
"""Of a text; no mail says its code further below."""
_MOST = 300
"""Candidates of a text that are weighed."""

_CJK = CJK.pattern.removesuffix("+")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_BESIDE_CJK = re.compile(f"(?<={_CJK})(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?={_CJK})")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")
_PIECE = re.compile(r"[^\n]{1,600}(?=\s|\Z)|[^\n]{1,600}")
_LEFT_OUT = "\u241f"
"""Stands for what is no code, so that nothing else seems to stand beside its neighbours."""
_NO_CODES = re.compile(
    r"https?://\S+|www\.\S+|[^\s<>@]{1,64}@[^\s<>@]{1,253}|\b\d{1,4}[./]\d{1,2}[./]\d{2,4}\b|\b\d{4}-\d\d-\d\d\b"
    r"|\b\d{1,2}:\d\d(?::\d\d)?\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|\+\d[\d\s().-]{6,20}\d|\(\d{2,5}\)[\s-]?\d[\d\s-]{4,20}\d"
    r"|\b\d{3}[-.\s]\d{3}[-.\s]\d{4}\b|#[0-9a-fA-F]{6}\b(?=\s?[;,}])"
)
_SHAPES = re.compile(
    r"(?<![\w.,/\\+#&=%@$€£¥₹-])"
    r"(?:(?P<branded>[A-Z]{1,4}-\d{4,8})"
    r"|(?P<spaced>\d(?: \d){3,7}|\d{2,4}(?P<by>[ -])\d{2,4}(?:(?P=by)\d{2,4})?)"
    r"|(?P<digits>\d{4,8})"
    r"|(?P<dashed>[A-Z0-9]{3,5}(?:-[A-Z0-9]{3,5}){1,2})"
    r"|(?P<mixed>(?=[A-Za-z]{0,9}\d)(?=\d{0,9}[A-Za-z])[A-Za-z0-9]{4,10})"
    r"|(?P<letters>[A-Z]{4,10}))"
    r"(?![\w@%/\\=]|[.,:]\d|-\w)"
)
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_COPYRIGHT = re.compile(r"©|\(c\)|copyright|all rights reserved|alle rechte", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:[€$£¥₹₽₩]|\b(?:usd|eur|gbp|chf|kr|rs|pln|brl))\s{0,2}\Z")
_REST_OF_CARD = re.compile(r"[*•x.…]{2,}\s?\Z")
_TOWN_BEHIND = re.compile(r"\s[A-ZÄÖÜÅ][a-zäöüåéèß]{2,}")
_STATE_BEFORE = re.compile(r"\b[A-Z]{2},?\s\Z|\b[A-Z]{1,2}-\Z|,\s\Z")
_OF_A_NUMBER = re.compile(r"[\s:.#№'\"*()-]{0,6}(?:(?:is|ist|no|nr|number|id)[\s:.#]{1,3})?\Z")

_COLON = re.compile(r"\s{0,3}[:=>»-]{1,2}\s{0,3}[\"'“„«「【*]?\Z|\s?[\"'“„«「【*]\Z")
_FEW_WORDS = re.compile(r"\W{0,6}(?:[^\W\d]{1,12}\W{1,3}){0,3}\Z")
_CLAUSE_ENDS = re.compile(r"[.,;!?]\s")
_IS = re.compile(
    r"(?:^|\s)(?:is|are|ist|lautet|est|es|e|to|jest|ar|er|on|este|je|lui|為|为|是|は|la|adalah)[\s:]{1,3}\Z|:\s?\Z"
)
_ENTER = re.compile(
    r"(?:enter|use|type|input|insert|gib|geben sie|saisissez|entrez|introduce|introduzca|ingresa|ingrese|digite|insira"
    r"|inserisci|voer|wpisz|ange|indtast|skriv inn|syota|zadejte|girin|введите|输入|輸入)\s{1,2}\Z"
)
_NEAR, _BEHIND = 60, 40
"""Characters between a word and the code that it is about: before it, and behind it."""
_ABOVE, _BELOW = 4, 2
"""Lines that tell what a code is that stands by itself."""

_LEAST = 40
_CLEARLY = 8
"""What stands first is what the mail is about, unless something below is said that much more clearly."""
_WORSE: dict[str, int] = {"branded": 0, "digits": 0, "spaced": 3, "dashed": 5, "mixed": 8, "letters": 25}
"""How much less these shapes look like codes."""
_LEAST_SPACED, _MOST_DIGITS = 6, 8
_ZIP_DIGITS = 5


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What looks like a code, and where."""

    code: str
    shape: str
    line: int
    before: str
    """What stands before it on its line, and behind it."""
    behind: str
    is_alone: bool


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """The lines that are not empty, and what they speak of."""

    lines: list[str]
    has_word: list[bool]
    has_hint: list[bool]


def code_of(subject: str, text: str) -> str | None:
    """The probable one-time code: 4 to 8 digits without their spaces and dashes, or letters and digits as written.

    `text` is the mail's text, or its HTML's with the lines kept. Takes time linear in its first 30,000 characters.
    """
    title, body = _page(subject), _page(text)
    weighed = [(_weight(title, one) + 5, one.code) for one in _candidates(title)]
    weighed += [(_weight(body, one) + _by_subject(title, one), one.code) for one in _candidates(body)]
    best, found = _LEAST - _CLEARLY - 1, None
    for weight, code in weighed:
        if weight >= _LEAST and weight > best + _CLEARLY:
            best, found = weight, code
    return found


def _page(text: str) -> _Page:
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text[:_MAX_CHARS]))
    text = _BESIDE_CJK.sub(" ", _DASHES.sub("-", text.replace("\r", "\n")))
    pieces = _PIECE.findall(_SPACES.sub(" ", text))
    lines = [_NO_CODES.sub(_LEFT_OUT, line) for line in (piece.strip(" >|") for piece in pieces) if line]
    folded = [_spoken(line) for line in lines]
    return _Page(
        lines=lines,
        has_word=[WORDS.search(line) is not None for line in folded],
        has_hint=[HINTS.search(line) is not None and not TRADE.search(line) for line in folded],
    )


def _spoken(text: str) -> str:
    """Folded, without the names of other codes."""
    return OTHER_CODES.sub(_LEFT_OUT, fold(text))


def _candidates(page: _Page) -> Iterator[_Candidate]:
    found = ((number, match) for number, line in enumerate(page.lines) for match in _SHAPES.finditer(line))
    for number, match in islice(found, _MOST):
        shape = next(name for name in _WORSE if match[name])
        code = _code(match[0], shape)
        if code is None:
            continue
        line = page.lines[number]
        before, behind = line[: match.start()], line[match.end() :]
        yield _Candidate(
            code=code,
            shape="letters" if shape == "dashed" and not any(sign.isdigit() for sign in code) else shape,
            line=number,
            before=before,
            behind=behind,
            is_alone=not re.search(r"\w", before + behind),
        )


def _code(written: str, shape: str) -> str | None:
    """What is to be typed. What brands put before their digits (`G-482913`) stands in their form already."""
    if shape == "branded":
        return written.rpartition("-")[2]
    if shape != "spaced":
        return written
    digits = re.sub(r"\D", "", written)
    is_each_apart = written[1] == " "
    return digits if (len(digits) >= _LEAST_SPACED or is_each_apart) and len(digits) <= _MOST_DIGITS else None


def _by_subject(title: _Page, one: _Candidate) -> int:
    """What the subject says for a code of the text."""
    if any(title.has_word):
        return 60 if one.is_alone and one.shape != "letters" else 10
    return 30 if any(title.has_hint) and one.is_alone and one.shape != "letters" else 0


def _weight(page: _Page, one: _Candidate) -> int:
    if _is_something_else(one):
        return -100
    weight = max(_named_before(one), _named_behind(one), _named_in_sentence(page, one), _named_around(page, one))
    if _YEAR.match(one.code) and one.shape == "digits":
        is_said = one.is_alone or _IS.search(fold(one.before[-_NEAR:])) or _COLON.search(one.before[-6:])
        weight -= 30 if is_said and not _COPYRIGHT.search(page.lines[one.line]) else 75
    return weight - _WORSE[one.shape]


def _named_before(one: _Candidate) -> int:
    """`Your code is 482913`."""
    between = _behind_last(WORDS, _spoken(one.before[-_NEAR:]))
    if between is None:
        return 0
    if _COLON.match(between):
        return 110
    if _FEW_WORDS.match(between):
        return 100 - len(between) // 2 if one.shape != "letters" else 50
    if _CLAUSE_ENDS.search(between) or one.shape == "letters":
        return 20
    if one.shape == "mixed":
        return 60 if _COLON.search(between) else 20
    return 75 - len(between) // 2


def _named_behind(one: _Candidate) -> int:
    """`482913 is your code`."""
    near = _spoken(one.behind[:_NEAR])
    word = WORDS.search(near)
    if word is None or "." in near[: word.start()].strip("."):
        return 0
    if word.start() > _BEHIND:
        return 30
    return (85 if one.shape != "letters" else 60) - word.start() // 2


def _named_in_sentence(page: _Page, one: _Candidate) -> int:
    """`The TAN for your transfer to … is 449120`, and `Enter 482913 …` where the mail speaks of a code nearby."""
    near = fold(one.before[-_NEAR:])
    if one.shape in {"letters", "mixed"}:
        return 0
    if page.has_word[one.line] and _IS.search(near) and WORDS.search(_spoken(one.before)):
        return 60
    if not _ENTER.search(near):
        return 0
    around = slice(max(0, one.line - 2), one.line + 3)
    return 55 if any(page.has_word[around]) else 45 if any(page.has_hint[around]) else 0


def _named_around(page: _Page, one: _Candidate) -> int:
    """The lines above and below, for a code that stands by itself."""
    if not one.is_alone:
        return 0
    weights = [0]
    for distance in range(1, _ABOVE + 1):
        above, below = one.line - distance, one.line + distance
        if above >= 0:
            weights += [92 - 6 * distance] * page.has_word[above] + [58 - 4 * distance] * page.has_hint[above]
        if distance <= _BELOW and below < len(page.lines):
            weights += [70 - 6 * distance] * page.has_word[below] + [48 - 4 * distance] * page.has_hint[below]
    return max(weights)


def _is_something_else(one: _Candidate) -> bool:
    """A price, a size, an order's number, the end of a card's, a town's."""
    if _MONEY_BEFORE.search(fold(one.before[-8:])) or UNITS.match(fold(one.behind[:16])):
        return True
    near = fold(one.before[-_BEHIND:])
    between = _behind_last(NUMBERED, near)
    if (between is not None and _OF_A_NUMBER.match(between)) or _REST_OF_CARD.search(one.before[-4:]):
        return True
    is_zip_long = one.shape == "digits" and len(one.code) == _ZIP_DIGITS
    is_in_town = _TOWN_BEHIND.match(one.behind) or _STATE_BEFORE.search(one.before[-8:])
    return bool(is_zip_long and is_in_town) and not WORDS.search(_spoken(near))


def _behind_last(words: re.Pattern[str], text: str) -> str | None:
    """What follows the last of these words in a text; None where there is none."""
    ends = [found.end() for found in words.finditer(text)]
    return text[ends[-1] :] if ends else None
