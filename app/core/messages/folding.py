"""How texts are made alike before they are compared: case, accents, and the forms of one character."""

import re
import unicodedata

_MARKS = re.compile(r"[\u0300-\u036f]+")
# Case folding makes a letter of the iota that Greek writes below vowels; `fold` drops it like any accent.
_IOTA_BELOW = "\u0345"
_SPELLED = re.compile(r"[\w\u0300-\u036f]+")


def fold(text: str) -> str:
    """NFKC, case-folded, without accents."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFKC", _MARKS.sub("", decomposed))
    return text.casefold()


def spelled_words(text: str) -> list[str]:
    """The words of a text in lower case with their accents, as stemmers want them, in order."""
    composed = unicodedata.normalize("NFKC", text)
    decomposed = unicodedata.normalize("NFD", composed)
    if _IOTA_BELOW in decomposed:
        composed = unicodedata.normalize("NFC", decomposed.replace(_IOTA_BELOW, ""))
    return _SPELLED.findall(composed.casefold())
