"""Stems of words by Snowball, in the one language a message is in or in all that a query may mean."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock

import Stemmer

from app.core.messages.folding import fold
from app.core.messages.languages import LANGUAGES

_LONGEST = 32
"""Characters; what is longer is no word of a language."""
_MAX_CACHED = 8192
"""Words remembered for a language: some 2 MB when it is full of words at their longest."""


class _Stems(dict[str, str]):
    """Word to stem in one language, filled as it is asked; the stem of a word that is its own stem is empty.

    A dictionary's own look-up costs a third of lru_cache's, and reception asks some hundred times a message; so the
    bound is kept by forgetting everything when it is reached, and common words are back at once.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self._stemmer = Stemmer.Stemmer(language, 0)
        # Stemmer objects are not made for threads, and large messages are indexed in threads.
        self._lock = Lock()

    def __missing__(self, word: str) -> str:
        stem = self.stem(word)
        if stem == fold(word):
            stem = ""
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[word] = stem
        return stem

    def stem(self, word: str) -> str:
        """The folded stem of any word; words with digits and very long ones have none but themselves."""
        if len(word) > _LONGEST or not _is_of_letters(word):
            return fold(word)
        with self._lock:
            found: str = self._stemmer.stemWord(word)
        return fold(found) or fold(word)


@lru_cache(maxsize=len(LANGUAGES))
def _of_language(language: str) -> _Stems:
    return _Stems(language)


def stems(language: str, words: Iterable[str]) -> set[str]:
    """The folded stems of lower-case words, less those that are the word itself: such a word stands for its stem."""
    found = set(map(_of_language(language).__getitem__, words))
    found.discard("")
    return found


@lru_cache(maxsize=4096)
def in_any_language(word: str) -> frozenset[str]:
    """The folded stems that a lower-case word has in all languages, as it is spelled and without its accents."""
    spellings = {word, fold(word)}
    return frozenset(_of_language(language).stem(one) for language in LANGUAGES for one in spellings)


def _is_of_letters(word: str) -> bool:
    """Also with the vowel signs of Indian scripts, which are marks."""
    return word.isalpha() or all(unicodedata.category(character)[0] in "LM" for character in word)
