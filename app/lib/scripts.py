"""The scripts that letters belong to, as far as their Unicode names tell, and which of them are written together."""

import unicodedata

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""UTS 39 section 5.2, highly restrictive."""
# The mark that repeats a character (\u3005), and the one that makes a vowel long (\u30fc), are of no script by name.
_NAMED_OTHERWISE = {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA"}


def is_mixed(text: str) -> bool:
    """Whether it has letters of scripts that are not written with each other: so one is mistaken for another."""
    if text.isascii():
        return False
    scripts = {_script(letter) for letter in text if letter.isalpha()}
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "?").partition(" ")[0]
    return _NAMED_OTHERWISE.get(first, first)
