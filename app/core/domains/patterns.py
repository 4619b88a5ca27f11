"""Which local parts a catch-all takes: wildcards, or regular expressions that RE2 matches in linear time. Pure.

RE2 knows neither look-around nor references, and refuses what would grow large: no expression can hold up mail.
"""

import re
from functools import lru_cache
from typing import Protocol

import re2

from app.core.domains.model import Pattern
from app.errors import Invalid

MAX_CHARS = 200
_MAX_MEMORY = 1 << 18
"""Bytes of one compiled expression and its automaton; RE2 stays within and takes longer instead, still linear."""


class _Compiled(Protocol):
    def fullmatch(self, text: str, /) -> object: ...


def checked(pattern: Pattern) -> Pattern:
    """The pattern, without spaces around. Raises Invalid for what cannot be used."""
    trimmed = Pattern(pattern.kind, pattern.text.strip())
    if not trimmed.text:
        raise Invalid.field("pattern", "Write a pattern, or choose that every address is taken.")
    if len(trimmed.text) > MAX_CHARS or not trimmed.text.isprintable():
        raise Invalid.field("pattern", f"Use at most {MAX_CHARS} characters, in one line.")
    if trimmed.kind == "wildcard" and "@" in trimmed.text:
        raise Invalid.field("pattern", "Write only what stands before the @, as in shop-*.")
    try:
        _compiled(trimmed.kind, trimmed.text)
    except re2.error as error:
        raise Invalid.field("pattern", _told(str(error))) from None
    return trimmed


def matches(pattern: Pattern, local_part: str) -> bool:
    """Whether the whole local part (in normal form, without its tag) is one of those, whatever its case."""
    try:
        return _compiled(pattern.kind, pattern.text).fullmatch(local_part) is not None
    except re2.error:  # a newer engine that is stricter: better no mail by this way than any
        return False


@lru_cache(maxsize=256)
def _compiled(kind: str, text: str) -> _Compiled:
    """Compiling takes a few dozen µs; mail comes in bursts for the same domains."""
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True
    compiled: _Compiled = re2.compile(_of_wildcard(text) if kind == "wildcard" else text, options)
    return compiled


def _of_wildcard(text: str) -> str:
    """`*` stands for any characters, also none, `?` for one; all others for themselves."""
    return "".join({"*": ".*", "?": "."}.get(char) or re2.escape(char) for char in re.sub(r"\*+", "*", text))


def _told(fault: str) -> str:
    if "repetition size" in fault or "too large" in fault or "nesting" in fault:
        return "This expression is too costly: repeat less (at most 1,000 times, nothing repeated inside a repetition)."
    if "perl operator" in fault or "escape" in fault:
        return "Look-around and references (as in \\1) are not known here; everything else of RE2's syntax is."
    return "This is not a regular expression (RE2's syntax). Look for brackets that are not closed."
