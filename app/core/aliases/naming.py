"""What a local part may be that somebody chooses by hand. Pure."""

import re
import unicodedata
from collections.abc import Iterator

from app.core.aliases import address
from app.core.aliases.address import RESERVED_LOCAL_PARTS, ROLE_LOCAL_PARTS
from app.lib.scripts import is_mixed

_PLAIN = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?\Z")
_LETTERS_READ_AS = str.maketrans("034578", "oeastb")
_ONE_READ_AS = ("i", "l")
_SEPARATORS = re.compile(r"[._-]+")
_HINT = "Use 1 to 64 of a to z, digits, dots, dashes and underscores; begin and end with a letter or digit."


def normal(text: str) -> str:
    """The form in which it is stored: NFC, lower case, no spaces around."""
    return unicodedata.normalize("NFC", text.strip().lower())


def fault_of(text: str, *, is_own_domain: bool = False) -> str | None:
    """Why this cannot be a local part, as a sentence; None when it can.

    On shared domains: ASCII, and no name that people or certificate authorities trust. On a domain of one's own: the
    letters of one script in their common forms (NFKC), and everything but `postmaster` and `abuse`, which are there
    already.
    """
    local_part = normal(text)
    # The Kelvin sign becomes a plain k in lower case; no letter that was not typed may appear.
    typed = text.strip()
    if not typed.isascii() and not is_own_domain:
        return _foreign(typed)
    if unicodedata.normalize("NFKC", local_part) != local_part:
        return "Some of these letters are special forms of common ones (wide, or \ufb01 for fi). Use the common ones."
    if ".." in local_part:
        return "Two dots may not stand side by side."
    if not (_PLAIN.match(local_part) if local_part.isascii() else _is_word(local_part)):
        return _HINT
    if is_mixed(local_part):
        return "These letters are of several scripts, so the address could be mistaken for another. Use one script."
    if local_part in ROLE_LOCAL_PARTS if is_own_domain else is_reserved(local_part):
        return "This name is kept for the service itself."
    return None


def is_reserved(local_part: str) -> bool:
    """Whether it is one of the reserved names, or looks like one: `adm1n`, `no.reply`, `post-master`."""
    return any(reading in _RESERVED_READINGS for reading in _readings(local_part))


def _readings(local_part: str) -> Iterator[str]:
    plain = _SEPARATORS.sub("", local_part)
    for one in _ONE_READ_AS:
        yield plain.replace("1", one).translate(_LETTERS_READ_AS)


_RESERVED_READINGS = frozenset(_SEPARATORS.sub("", name) for name in RESERVED_LOCAL_PARTS)


def _is_word(local_part: str) -> bool:
    return (
        address.parse(f"{local_part}@example.org") is not None
        and all(char in "._-" or char.isalnum() or unicodedata.category(char) in {"Mn", "Mc"} for char in local_part)
        and local_part[0].isalnum()
        and local_part[-1] not in "._-"
    )


def _foreign(text: str) -> str:
    """Tells of the first character that is not ASCII, by its name: it may look like one that is."""
    char = next(char for char in text if not char.isascii())
    name = unicodedata.name(char, "").lower() or f"U+{ord(char):04X}"
    return f"On this domain addresses have no {name}. {_HINT}"
