"""The Content-Disposition of a download, from a file name that a stranger chose."""

import re
import unicodedata
from urllib.parse import quote

_MAX_NAME = 120
_MAX_SUFFIX = 16
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+,=-]")


def attachment(filename: str) -> str:
    """`attachment` with the file's name, all ASCII (RFC 6266 section 4.3; `filename*` by RFC 8187).

    Folders, control characters and the marks that turn the writing direction (`exe.txt` for `txt.exe`) are dropped,
    and long names are cut before their suffix.
    """
    name = _clean(filename)
    plain = _NOT_PLAIN.sub("_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii"))
    if plain == name:
        return f'attachment; filename="{name}"'
    stem, dot, suffix = plain.partition(".")
    if not stem.strip("_ "):
        plain = f"attachment{dot}{suffix}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _clean(filename: str) -> str:
    leaf = re.split(r"[/\\]", filename)[-1]
    shown = "".join(" " if char.isspace() else char for char in leaf)
    # Cc control, Cf format and direction marks, Cs lone surrogates, Co private use, Cn unassigned.
    kept = "".join(char for char in shown if not unicodedata.category(char).startswith("C"))
    name = " ".join(kept.split()).strip(". ")
    if len(name) <= _MAX_NAME:
        return name or "attachment"
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _MAX_SUFFIX:
        return name[:_MAX_NAME]
    return f"{stem[: _MAX_NAME - len(suffix) - 1]}.{suffix}"
