"""Reads what people type into the search field. What it means for tokens and tables is decided elsewhere.

Terms stand side by side, all must hold: `word`, `"a phrase"`, `-not`, `field:word`, `field:"a phrase"`, and the filters
`has: is: in: before: after: larger:`. A colon after any other word is no operator.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from app.core.messages import words
from app.core.messages.model import FOLDERS, Filters
from app.core.search.model import Field, Query, Term
from app.errors import Invalid

MAX_CHARS = 500
MAX_TERMS = 16
"""Words count one by one, pairs of Chinese, Japanese or Korean characters too (up to twice as many)."""
_MAX_PARTS = 2 * MAX_TERMS

_SPACES = re.compile(r"\s+")
_TERM = re.compile(r"(?P<not>-?)(?:(?P<operator>[A-Za-z]+):)?(?P<value>\"[^\"]*\"?|[^\s\"]*)")
_QUOTES = str.maketrans("\u201c\u201d\u201e\u201f\u00ab\u00bb", '""""""')
_DAY = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?\Z", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?\s?([kmg]?)i?b?\Z", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_FIELDS = {"from", "to", "subject", "filename", "alias"}


def parse(text: str) -> Query:
    """What was asked for. Raises Invalid (field `q`) with a sentence that says what to write instead."""
    if len(text) > MAX_CHARS:
        raise _invalid(f"This is too long: a search takes up to {MAX_CHARS} characters.")
    text = _SPACES.sub(" ", text.translate(_QUOTES)).strip()
    if text.count('"') % 2:
        raise _invalid('A quotation mark is missing: put one (") before and one after the phrase.')
    query, place, count = Query(), 0, 0
    while place < len(text):
        found = cast("re.Match[str]", _TERM.match(text, place))  # it matches everywhere, if only nothing
        if found.end() == place:
            place += 1
            continue
        place = found.end()
        count += 1
        query = _with(query, found)
    _check_cost(query, count)
    return query


def _with(query: Query, found: re.Match[str]) -> Query:
    """The query with one term more; a term without a letter or digit, such as `&`, says nothing."""
    value, operator = found["value"], (found["operator"] or "").casefold()
    is_quoted = value.startswith('"')
    plain = value.strip('"')
    if operator in _FILTERS:
        return _FILTERS[operator](query, plain.casefold(), bool(found["not"]))
    if operator and operator not in _FIELDS:
        plain, operator = f"{operator} {plain}", ""
    if operator and not words.sequence(plain):
        raise _invalid(f"Say what to look for after “{operator}:”, as in {_EXAMPLES[operator]}.")
    if not words.sequence(plain):
        return query
    field = cast("Field", operator)
    term = Term(field=field, text=plain, is_quoted=is_quoted, is_negated=bool(found["not"]))
    return msgspec.structs.replace(query, terms=(*query.terms, term))


def _check_cost(query: Query, count: int) -> None:
    if not count:
        raise _invalid("Write what to look for: a word, a sender, or from:, subject:, has:attachment.")
    if query == Query():
        raise _invalid("There is no word in this to look for.")
    parts = sum(len(words.sequence(term.text)) for term in query.terms)
    if count > MAX_TERMS or parts > _MAX_PARTS:
        raise _invalid(f"This is too much at once: leave it at {MAX_TERMS} words and filters.")


def _has(query: Query, value: str, is_negated: bool) -> Query:
    if value not in {"attachment", "attachments"}:
        raise _invalid("After “has:” only “attachment” can stand: has:attachment.")
    return _narrowed(query, "has_attachment", {not is_negated})


def _is(query: Query, value: str, is_negated: bool) -> Query:
    if value not in {"unread", "read", "starred"}:
        raise _invalid("After “is:” write unread, read or starred, as in is:unread.")
    if value == "starred":
        return _narrowed(query, "is_starred", {not is_negated})
    return _narrowed(query, "is_read", {(value == "read") is not is_negated})


def _in(query: Query, value: str, is_negated: bool) -> Query:
    """Several folders widen the search; those with a minus narrow it."""
    folders = frozenset(FOLDERS) if value == "anywhere" else frozenset(name for name in FOLDERS if name == value)
    if not folders:
        raise _invalid("After “in:” write inbox, archive, trash, spam, held or anywhere, as in in:trash.")
    if is_negated:
        return msgspec.structs.replace(query, not_folders=query.not_folders | folders)
    return msgspec.structs.replace(query, folders=(query.folders or frozenset()) | folders)


def _before(query: Query, value: str, is_negated: bool) -> Query:
    return _until(query, _day(value, "before")) if not is_negated else _from(query, _day(value, "before"))


def _after(query: Query, value: str, is_negated: bool) -> Query:
    return _from(query, _day(value, "after")) if not is_negated else _until(query, _day(value, "after"))


def _until(query: Query, day: datetime) -> Query:
    return msgspec.structs.replace(query, before=min(day, query.before or day))


def _from(query: Query, day: datetime) -> Query:
    return msgspec.structs.replace(query, since=max(day, query.since or day))


def _larger(query: Query, value: str, is_negated: bool) -> Query:
    found = _SIZE.match(value)
    if found is None:
        raise _invalid("After “larger:” write a size, as in larger:5M, larger:200k or larger:1500.")
    whole, fraction, unit = found[1], found[2] or "", _UNITS[found[3].casefold()]
    size = int(whole) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
    if is_negated:
        at_most = size if query.at_most is None else min(size, query.at_most)
        return msgspec.structs.replace(query, at_most=at_most)
    return msgspec.structs.replace(query, larger=max(size, query.larger or 0))


def _day(value: str, operator: str) -> datetime:
    """The first moment of a day, month or year, in UTC."""
    found = _DAY.match(value)
    try:
        year, month, day = (int(part or 1) for part in found.groups()) if found else (0, 0, 0)
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise _invalid(
            f"After “{operator}:” write a day as year-month-day, as in {operator}:2026-03-31, or just a month or year."
        ) from None


def narrow(query: Query, filters: Filters) -> Query:
    """The query, and what a list is narrowed to besides."""
    for name in ("is_read", "is_starred", "has_attachment"):
        wanted: bool | None = getattr(filters, name)
        if wanted is not None:
            query = _narrowed(query, name, {wanted})
    query = query if filters.before is None else _until(query, filters.before)
    query = query if filters.after is None else _from(query, filters.after)
    return msgspec.structs.replace(query, alias_id=filters.alias_id)


def _narrowed(query: Query, name: str, allowed: set[bool]) -> Query:
    changes: dict[str, Any] = {name: getattr(query, name) & allowed}
    return msgspec.structs.replace(query, **changes)


def _invalid(message: str) -> Invalid:
    return Invalid.field("q", message)


_FILTERS: dict[str, Callable[[Query, str, bool], Query]] = {
    "has": _has,
    "is": _is,
    "in": _in,
    "before": _before,
    "after": _after,
    "larger": _larger,
}
_EXAMPLES = {
    "from": "from:shop.example",
    "to": "to:ada",
    "subject": 'subject:"your order"',
    "filename": "filename:invoice",
    "alias": "alias:shop",
}
