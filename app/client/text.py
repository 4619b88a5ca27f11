"""Text of strangers made safe for a terminal: no escape sequences, no turned writing direction, no lines of theirs."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that scripts and emoji need, and that turn nothing around."""
_REPLACEMENT = "\ufffd"
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES = re.compile(r"[\s\x85]+")
_LINES = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_PLAIN = re.compile(r"[\x20-\x7e]*\Z")
_RESERVED = re.compile(r"[/\\:*?\"<>|\ufffd]+")
_NAME_BYTES = 200


def line(text: str) -> str:
    """On one line: white space as single spaces, everything that could steer a terminal as U+FFFD."""
    return _visible(_SPACES.sub(" ", text).strip())


def block(text: str) -> str:
    """The same on as many lines as the text has; tabs stay."""
    return "\n".join("\t".join(_visible(part) for part in one.split("\t")) for one in _LINES.split(text))


def file_name(text: str, *, otherwise: str) -> str:
    """A name for a file in the current folder: no path, not hidden, no reserved character, at most 200 bytes."""
    name = _RESERVED.sub("_", line(text)).lstrip("-. ").rstrip(". ")
    while len(name.encode()) > _NAME_BYTES:
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{suffix}" if len(stem) > 1 else name[:-1]
    return name or otherwise


def _visible(text: str) -> str:
    if _PLAIN.match(text):
        return text
    return "".join(_REPLACEMENT if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE and char not in _JOINERS
