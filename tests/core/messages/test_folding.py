import pytest

from app.core.messages.folding import fold, spelled_words
from app.core.messages.words import folded_words


@pytest.mark.parametrize("block", range(0, 0x2FA20, 0x1000))
def test_what_stemmers_get_folds_to_the_word_that_is_indexed(block: int) -> None:
    for character in map(chr, range(block, block + 0x1000)):
        if not 0xD800 <= ord(character) < 0xE000:
            folded = [part for word in spelled_words(character) for part in folded_words(fold(word))]
            assert folded == folded_words(fold(character))
            assert fold(fold(character)) == fold(character)


@pytest.mark.parametrize(
    "text", ["\u1fb3\u03b4\u03b7\u03c2", "\u1fbc\u0394\u0397\u03a3", "\u03b1\u0345\u03b4\u03b7\u03c3"]
)
def test_the_iota_below_greek_vowels_is_an_accent_to_both(text: str) -> None:
    assert fold(text) == "\u03b1\u03b4\u03b7\u03c3"
    assert [fold(word) for word in spelled_words(text)] == ["\u03b1\u03b4\u03b7\u03c3"]
