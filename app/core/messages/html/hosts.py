"""Internationalised hosts as readers and as machines know them (RFC 5890), and which of them look like another's."""

import re
import unicodedata

from app.lib.scripts import is_mixed

_ACE = "xn--"
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?\Z")
_LIKE_LATIN = frozenset("аеорсухіјѕһԁԛԝӏһνοαιрғց")
"""Letters of other scripts that most fonts draw like Latin ones."""


def ascii_form(host: str) -> str:
    """The host as it is looked up, in small letters; what cannot be written so stays as it is."""
    return ".".join(_to_ascii(label) for label in host.lower().split("."))


def readable_form(host: str) -> str:
    """The host in its own script; labels that hold anything but letters and digits stay as they are looked up."""
    return ".".join(_to_unicode(label) for label in ascii_form(host).split("."))


def is_deceptive(host: str) -> bool:
    """Whether a label mixes scripts that are not written together, or is made of lookalikes alone."""
    return any(map(_is_deceptive, readable_form(host).split(".")))


def _is_deceptive(label: str) -> bool:
    if label.isascii():
        return False
    return is_mixed(label) or all(letter in _LIKE_LATIN for letter in label if letter.isalpha())


def _to_ascii(label: str) -> str:
    if label.isascii():
        return label
    return _ACE + unicodedata.normalize("NFKC", label).lower().encode("punycode").decode("ascii")


def _to_unicode(label: str) -> str:
    if not label.startswith(_ACE):
        return label
    try:
        readable = label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label
    return readable if _LABEL.match(readable) and _to_ascii(readable) == label else label
