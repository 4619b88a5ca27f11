"""The Content-Disposition of a download, from a file name that a stranger chose."""

import re
import unicodedata
from urllib.parse import quote

_MAX_NAME = 120
_MAX_BYTES = 200
"""File systems take 255, of which programs that download need some for a suffix of their own."""
_MAX_SUFFIX = 16
_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:\.|\Z)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+,=-]")


def attachment(filename: str) -> str:
    """`attachment` with the file's name, all ASCII (RFC 6266 section 4.3; `filename*` by RFC 8187).

    Folders, control characters and the marks that turn the writing direction (`exe.txt` for `txt.exe`) are dropped,
    long names are cut before their suffix, and the names of Windows' devices get a mark in front. All else stays.
    """
    name = file_name(filename)
    plain = _NOT_PLAIN.sub("_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii"))
    if plain == name:
        return f'attachment; filename="{name}"'
    stem, dot, suffix = plain.partition(".")
    if not stem.strip("_ "):
        plain = f"attachment{dot}{suffix}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_name(filename: str) -> str:
    """A name that can lie in a folder: the last part of what a stranger chose, as `attachment` says it."""
    leaf = re.split(r"[/\\]", filename)[-1]
    shown = "".join(" " if char.isspace() else char for char in leaf)
    kept = "".join(char for place, char in enumerate(shown) if _is_kept(char, shown[place - 1 : place]))
    name = _cut(" ".join(kept.split()).strip(". ")) or "attachment"
    return f"_{name}" if _DEVICE.match(name) else name


def _is_kept(char: str, before: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cn":
        # Emoji newer than this Python, but none of the code points that are no characters.
        return ord(char) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(char) <= 0xFDEF  # noqa: PLR2004 - Unicode's own
    if char in _JOINERS:
        # Persian and Indic words and emoji of several parts need them; between Latin letters they only deceive.
        return bool(before) and not before.isascii()
    # Cc control, Cf format and direction marks, Cs lone surrogates, Co private use.
    return not category.startswith("C")


def _cut(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _MAX_SUFFIX:
        stem, suffix = name, ""
    tail = f".{suffix}" if suffix else ""
    if len(name) <= _MAX_NAME and len(name.encode()) <= _MAX_BYTES:
        return name
    room = _MAX_BYTES - len(tail.encode())
    return stem[: _MAX_NAME - len(tail)].encode()[:room].decode(errors="ignore").rstrip(". " + _JOINERS) + tail
