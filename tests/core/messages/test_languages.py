import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import stems
from app.core.messages.folding import spelled_words
from app.core.messages.languages import LANGUAGES, language_of


def test_every_language_has_a_stemmer() -> None:
    assert set(LANGUAGES) <= set(Stemmer.algorithms())
    assert set(Stemmer.algorithms()) - set(LANGUAGES) == {"porter", "dutch_porter"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Your order has been shipped and will be with you on Friday.", "english"),
        ("Ihre Bestellung ist auf dem Weg und wird von uns geliefert.", "german"),
        ("Votre commande est en route et sera chez vous dans une heure.", "french"),
        ("Su pedido está en camino y llegará por la tarde.", "spanish"),
        ("O seu pedido não está mais na loja.", "portuguese"),
        ("Il suo ordine è stato spedito con questo corriere.", "italian"),
        ("Je bestelling is niet meer bij ons, het is naar je op weg.", "dutch"),
        ("Twoje zamówienie nie jest już w sklepie, to są dane.", "polish"),
        ("Ваш заказ уже не у нас, он был отправлен.", "russian"),
        ("Η παραγγελία σας είναι στο δρόμο με την εταιρεία.", "greek"),
        ("Siparişiniz için bu çok güzel bir gün.", "turkish"),
        ("Invoice 2026-11", "english"),
        ("Заказ 7", "russian"),
        ("", "english"),
    ],
)
def test_a_language_is_told_by_its_common_words(text: str, language: str) -> None:
    assert language_of(set(spelled_words(text))) == language


@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_the_stem_in_a_message_is_one_of_those_a_query_asks_for(text: str, language: str) -> None:
    for word in spelled_words(text):
        assert stems.stems(language, [word]) <= stems.in_any_language(word)


def test_numbers_and_very_long_words_have_no_stem() -> None:
    assert stems.stems("english", ["orders7", "s" * 33, "123"]) == set()


def test_what_is_remembered_is_bounded() -> None:
    for number in range(3):
        stems.stems("basque", [f"{'abcdefghij'[number]}{word}etan" for word in _words(5000)])
    assert len(stems._of_language("basque")) <= 8192


def _words(count: int) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(letters[number // 26**place % 26] for place in range(4)) for number in range(count)]
