"""Generated mailboxes, and the same searches done on plain text by the documented rules: what the index must equal."""

import random
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import msgspec
import Stemmer

_SENTENCES = {
    "english": "your orders have been shipped with the parcels and this invoice is for you please pay all invoices",
    "german": "die bestellung ist auf dem weg und wir haben ihre häuser nicht gefunden größere pakete für bestellungen",
    "french": "votre commande est expédiée avec les étés et nous avons pour vous des commandes dans une boîte",
    "russian": "мы отправили ваши новые заказы и это не новый заказ от вас что как",
    "japanese": "東京 東京都 京都 日本語 請求書 請求 ありがとう カタカナ",
}
_STEMMERS = {language: Stemmer.Stemmer(language) for language in Stemmer.algorithms() if "porter" not in language}
_STEMMED = ("english", "german", "french", "russian")
_SENDERS = (
    ("The Shop", "orders@mail.shop.example"),
    ("Booking.com", "noreply@mailer.test"),
    ("Zoë Müller", "zoe.mueller+news@home.example"),
    ("", "shop@other.example"),
)
_FILES = ("Invoice-2026.pdf", "Foto für dich.png")
FOLDERS = ("inbox", "inbox", "inbox", "archive", "trash", "spam")
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message in plain text, and the flags it is given."""

    language: str
    sender: tuple[str, str]
    subject: str
    body: str
    filename: str
    alias: str
    folder: str
    is_read: bool
    is_starred: bool
    received_at: datetime

    def raw(self) -> bytes:
        message = EmailMessage()
        message["From"] = f'"{self.sender[0]}" <{self.sender[1]}>' if self.sender[0] else self.sender[1]
        message["To"] = "Ada <ada@restante.test>"
        message["Subject"] = self.subject
        message.set_content(self.body)
        if self.filename:
            message.add_attachment(b"x", maintype="application", subtype="pdf", filename=self.filename)
        return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def letter(chance: random.Random, aliases: Sequence[str]) -> Letter:
    language = chance.choice([*_SENTENCES])
    words = _SENTENCES[language].split()
    body = " ".join([*chance.choices(words, k=12), *_common(language)])
    return Letter(
        language=language,
        sender=chance.choice(_SENDERS),
        subject=" ".join(chance.choices(words, k=2)).capitalize(),
        body=body,
        filename=chance.choice(["", "", *_FILES]),
        alias=chance.choice(aliases),
        folder=chance.choice(FOLDERS),
        is_read=chance.random() < 0.5,
        is_starred=chance.random() < 0.3,
        received_at=FIRST_DAY + timedelta(hours=chance.randrange(24 * 90)),
    )


def _common(language: str) -> list[str]:
    """Enough for the language to be told, whatever else was drawn."""
    return {
        "english": "please note that we have this from you",
        "german": "sie sind bei uns und wir haben auch ihre",
        "french": "vous avez cette chose et nous pas",
        "russian": "мы вы ваш был или из для",
        "japanese": "です",
    }[language].split()


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", re.sub("[\u0300-\u036f]", "", decomposed)).casefold()


def words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def is_cjk(word: str) -> bool:
    return any(character >= "\u3000" for character in word)


def has_word(sought: str, letter: Letter, texts: Sequence[str], *, is_exact: bool) -> bool:
    """Any one word, in any form unless exact; of Japanese, every pair of characters must stand somewhere."""
    found = [word for text in texts for word in re.findall(r"\w+", text.casefold())]
    if is_cjk(sought):
        parts = [sought[n : n + 2] for n in range(len(sought) - 1)] or [sought]
        return all(any(part in word for word in found) for part in parts)
    if fold(sought) in map(fold, found):
        return True
    if is_exact:
        return False
    asked = {
        fold(stemmer.stemWord(form)) for stemmer in _STEMMERS.values() for form in (sought.casefold(), fold(sought))
    }
    own = {fold(word) for word in found}
    if letter.language in _STEMMED:
        stemmer = _STEMMERS[letter.language]
        own |= {fold(stemmer.stemWord(form)) for word in found if word.isalpha() for form in (word, fold(word))}
    return bool(asked & own)


def has_phrase(phrase: str, texts: Sequence[str]) -> bool:
    return any(_spaced(phrase) in _spaced(text) for text in texts)


def _spaced(text: str) -> str:
    apart = re.sub("([\u3000-\uffff])", r" \1 ", " ".join(words(text)))
    return f" {' '.join(apart.split())} "


def texts(letter: Letter, field: str) -> list[str]:
    people = {"from": " ".join(letter.sender), "to": "Ada ada@restante.test"}
    fields = {**people, "subject": letter.subject, "filename": letter.filename}
    return [fields[field]] if field else [*fields.values(), letter.body]


def vocabulary() -> list[str]:
    return sorted({word for text in _SENTENCES.values() for word in text.split()})
