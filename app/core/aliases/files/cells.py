"""The cells of a file of aliases: what they can say, and how a formula is kept from running. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

# What spreadsheets take for a formula, also in the wide forms of East Asian keyboards (CWE-1236).
_RUNS = re.compile("'*[=+\\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")
_QUOTE = "'"
_YES = frozenset({"true", "1", "yes", "on", "y", "t"})
_NO = frozenset({"false", "0", "no", "off", "n", "f"})
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_Word = TypeVar("_Word", bound=str)


def defused(text: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run; `restored` takes exactly that back."""
    return _QUOTE + text if _RUNS.match(text) else text


def restored(text: str) -> str:
    """What `defused` was given."""
    return text[1:] if text[:1] == _QUOTE and _RUNS.match(text[1:]) else text


def yes_or_no(text: str, *, when_empty: bool) -> bool:
    """`true`, `1`, `yes`, `on`, or their opposites, in any case. Raises ValueError."""
    word = text.lower()
    if not word:
        return when_empty
    if word not in _YES | _NO:
        raise ValueError("should be true or false")
    return word in _YES


def one_of(words: Sequence[_Word], default: _Word, text: str) -> _Word:
    """One of the words, in any case. Raises ValueError."""
    if not text:
        return default
    found = next((word for word in words if word == text.lower()), None)
    if found is None:
        raise ValueError(f"should be one of {', '.join(words)}")
    return found


def number(most: int, text: str) -> int | None:
    """A whole number from 1 on; None for nothing. Raises ValueError."""
    if not text:
        return None
    if not _NUMBER.match(text) or not 1 <= int(text) <= most:
        raise ValueError(f"should be a whole number from 1 to {most:,}")
    return int(text)


def moment(text: str) -> datetime | None:
    """A day or a time by ISO 8601, in UTC where it names no zone; None for nothing. Raises ValueError."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("should look like 2026-11-21 or 2026-11-21T09:30:00Z") from None
