"""How hard a password is to guess, by zxcvbn with its lists of common words, and why. Pure; nothing leaves the process.

There are no rules of composition: what counts is how many guesses somebody needs who knows how people choose.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.errors import FieldError, Invalid
from app.vault.passwords import MAX_PASSWORD_CHARS

if TYPE_CHECKING:
    from zxcvbn_rs_py import Entropy

MIN_PASSWORD_CHARS = 10
"""NIST SP 800-63B asks for 8; two more cost the user little."""
_ENOUGH = 10**8
"""Guesses, which is zxcvbn's score 3 of 4; each costs a fifth of a second of a core, also for who has the database."""
_LOOKED_AT = 32
"""Characters at a time: its work grows with their square, 0.07 s of these and 0.6 s of its own limit, 100."""
_SERVICE = ("restante", "poste restante", "posterestante")
_FAMOUS = (
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "correct-horse-battery-staple",
    "tobeornottobethatisthequestion",
    "to be or not to be",
    "maytheforcebewithyou",
    "may the force be with you",
    "thequickbrownfox",
    "quickbrownfoxjumpsoverthelazy",
    "the quick brown fox",
)
"""Passphrases that the world knows and the library's lists do not."""

_WARNINGS: Mapping[str, str] = {
    "StraightRowsOfKeysAreEasyToGuess": "Rows of keys are easy to guess.",
    "ShortKeyboardPatternsAreEasyToGuess": "Short patterns on the keyboard are easy to guess.",
    "RepeatsLikeAaaAreEasyToGuess": "The same character many times, as in aaa, is easy to guess.",
    "RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess": "Repeats as in abcabc are hardly harder to guess than abc.",
    "ThisIsATop10Password": "This is one of the ten passwords that are used most.",
    "ThisIsATop100Password": "This is one of the hundred passwords that are used most.",
    "ThisIsACommonPassword": "Many people use this password.",
    "ThisIsSimilarToACommonlyUsedPassword": "This is much like passwords that many people use.",
    "SequencesLikeAbcAreEasyToGuess": "Sequences as in abc or 6543 are easy to guess.",
    "RecentYearsAreEasyToGuess": "Recent years are easy to guess.",
    "AWordByItselfIsEasyToGuess": "A single word is easy to guess.",
    "DatesAreOftenEasyToGuess": "Dates are easy to guess.",
    "NamesAndSurnamesByThemselvesAreEasyToGuess": "Names are easy to guess.",
    "CommonNamesAndSurnamesAreEasyToGuess": "Common names are easy to guess.",
}
_SUGGESTIONS: Mapping[str, str] = {
    "CapitalizationDoesntHelpVeryMuch": "Capital letters at the usual places help little.",
    "AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase": "Writing it all in capitals helps little.",
    "ReversedWordsArentMuchHarderToGuess": "Words written backwards are hardly harder to guess.",
    "PredictableSubstitutionsDontHelpVeryMuch": "Writing @ for a, or 0 for o, helps little.",
}
_ADVICE = "Use a few more words that have nothing to do with each other, or a password manager."
_TOO_EASY = "This is too easy to guess."
_SAYS_KNOWN = "Your login and the name of this service are guessed first."


def check_password(password: str, *, login: str, field: str = "password") -> None:
    """Raise Invalid for the form's field `field` unless `password` is fit for the account of this login."""
    fault = fault_of(password, login=login)
    if fault:
        raise Invalid("Choose another password.", fields=[FieldError(field=field, message=fault)])


def fault_of(password: str, *, login: str) -> str:
    """What is wrong with a new password, in a sentence or three; empty when it is hard enough to guess.

    Takes a millisecond, 0.15 s at the worst; the first call loads 6 MB of word lists.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        return f"Choose at least {MIN_PASSWORD_CHARS} characters; several words are easy to remember."
    if len(password) > MAX_PASSWORD_CHARS:
        return f"Choose at most {MAX_PASSWORD_CHARS} characters."
    known = _known_words(login)
    judged = _judge(password[:_LOOKED_AT], known)
    if judged.guesses < _ENOUGH and len(password) > _LOOKED_AT:
        judged = _judge(password[-_LOOKED_AT:], known)
    return "" if judged.guesses >= _ENOUGH else _reason(judged, password, login)


def _judge(text: str, known: list[str]) -> "Entropy":
    # Loaded here because only web processes in which somebody chooses a password need its lists.
    from zxcvbn_rs_py import zxcvbn  # noqa: PLC0415

    return zxcvbn(_encodable(text), [_encodable(word) for word in (*known, *_FAMOUS)])


def _encodable(text: str) -> str:
    """Forms may hold lone surrogates, which the library cannot be handed; they are refused later, as characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _known_words(login: str) -> list[str]:
    """What whoever guesses knows: the login, its parts, and what this service is called."""
    whole = login.strip().casefold()[:64]
    parts = [part for part in re.split(r"[\W_]+", whole) if len(part) > 1]
    return list(dict.fromkeys([whole, *parts, *_SERVICE])) if whole else list(_SERVICE)


def _reason(judged: "Entropy", password: str, login: str) -> str:
    feedback = judged.feedback
    warning = _WARNINGS.get(_name(feedback.warning), "") if feedback else ""
    names = [_name(one) for one in feedback.suggestions] if feedback else []
    hints = [_SUGGESTIONS[name] for name in names if name in _SUGGESTIONS]
    low = password.casefold()
    is_known = any(word in low for word in _known_words(login))
    return " ".join([warning or _TOO_EASY, *hints, *([_SAYS_KNOWN] if is_known else []), _ADVICE])


def _name(member: object) -> str:
    """What the library calls one of its warnings; its members know it only in their repr."""
    return repr(member).rpartition(".")[2]
