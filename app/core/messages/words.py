"""The words a message can be found by, and those a query asks for: folded alike, so that they meet.

Words are NFKC, case-folded and without accents; Chinese, Japanese and Korean, which leave out spaces or join particles
to words, are indexed by single characters and by pairs. The blind index turns them into tokens.
"""

import re
from collections.abc import Iterable
from itertools import chain, pairwise

from app.core.messages.folding import fold, spelled_words
from app.core.messages.languages import language_of
from app.core.messages.model import Correspondent, Summary
from app.core.messages.stems import stems

ANYWHERE = ""
"""The field of a word that may stand anywhere in the message."""
STEMS = "~"
"""Put before a field, the field of its words' stems: in a namespace of their own, as a stem may look like a word."""
HAS = "has"
"""The field that says what a message has: `attachment`."""
MAX_WORDS = 5000
"""Different words of one message that are indexed."""

_MAX_WORD_CHARS = 64
_MAX_DOMAIN_LABELS = 5
_WORD = re.compile(r"\w+")
CJK = re.compile(
    "[\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_CJK_OR_NOT = re.compile(f"({CJK.pattern})")
_UNBROKEN = re.compile(r"[^\s<>()\[\]\"',;:]+")
_ADDRESS_LIKE = re.compile(r"\w[@.]")


def split(text: str) -> list[str]:
    """The words of a text, folded, in order; those longer than 64 characters are cut.

    Of Chinese, Japanese and Korean: every character, then every pair of neighbours, of each run.
    """
    folded = fold(text)
    if folded.isascii() or not CJK.search(folded):
        return [word[:_MAX_WORD_CHARS] for word in _WORD.findall(folded)]
    return [part for word in _WORD.findall(folded) for part in _with_pairs(word)]


def sequence(text: str) -> list[str]:
    """The folded words of a text in order, each Chinese, Japanese or Korean character by itself: what phrases are."""
    folded = fold(text)
    words = _WORD.findall(folded) if folded.isascii() else _WORD.findall(CJK.sub(_spaced, folded))
    return [word[:_MAX_WORD_CHARS] for word in words]


def folded_words(folded: str) -> list[str]:
    """The words of folded text, whole."""
    return _WORD.findall(folded)


def pairs(word: str) -> list[str]:
    """The indexed parts that together stand for a folded word: the word, or the pairs of its CJK characters."""
    return [part for piece in _pieces(word) for part in (_bigrams(piece) if CJK.match(piece) else [piece])]


def of_message(summary: Summary, body: str) -> dict[str, list[str]]:
    """The words to index by field: every word anywhere, those of the subject and the correspondents by field, addresses
    whole and by their parts, and the stems of what is written in sentences.
    """
    recipients = (*summary.to, *summary.cc)
    filenames = " ".join(attachment.filename for attachment in summary.attachments)
    fields = {
        "subject": summary.subject,
        "from": _people([summary.sender] if summary.sender else []),
        "to": _people(recipients),
        "filename": filenames,
    }
    found = {field: dict.fromkeys(split(text)) for field, text in fields.items()}
    anywhere = dict.fromkeys(chain(*found.values(), split(body)))
    found["from"] |= dict.fromkeys(addresses([summary.sender] if summary.sender else []))
    found["to"] |= dict.fromkeys(addresses(recipients))
    words = {field: list(of_field)[:MAX_WORDS] for field, of_field in found.items()}
    words[ANYWHERE] = list(anywhere)[:MAX_WORDS]
    words[HAS] = ["attachment"] if any(one.role == "file" for one in summary.attachments) else []
    return words | _stems(words, summary.subject, f"{filenames}\n{body}")


def addresses(people: Iterable[Correspondent]) -> list[str]:
    """What correspondents' addresses are found by as they are: whole, before the @, and every domain they lie in.

    Names that look like addresses or domains (`Booking.com`) count as well.
    """
    found: dict[str, None] = {}
    for person in people:
        if len(found) >= MAX_WORDS:
            break
        unbroken = _UNBROKEN.findall(fold(f"{person.name} {person.address}"))
        for text in filter(_ADDRESS_LIKE.search, unbroken):
            found |= dict.fromkeys(address_parts(text.strip(".")))
    return list(found)


def address_in(text: str) -> str | None:
    """The folded address or domain that a text consists of, `@` before a domain left out; None if it is no such thing.

    It is among `addresses` of whoever has it.
    """
    folded = fold(text).strip("<>., ").removeprefix("@")
    is_address = _UNBROKEN.fullmatch(folded) and _ADDRESS_LIKE.search(folded)
    return folded.strip(".") if is_address and folded.strip(".") else None


def address_parts(address: str) -> list[str]:
    """A folded address whole, its local part with and without its tag, and the domains that its own lies in."""
    local, at, domain = address.rpartition("@")
    labels = domain.split(".")
    first = max(0, len(labels) - _MAX_DOMAIN_LABELS)
    domains = [domain, *(".".join(labels[start:]) for start in range(first, len(labels) - 1))]
    return [address, *([local, local.partition("+")[0]] if at else []), *domains]


def _stems(words: dict[str, list[str]], subject: str, text: str) -> dict[str, list[str]]:
    """By field. Words are stemmed with their accents, and without them for those who type none.

    A stem that is also a word of the message is not kept twice: queries ask for their stems among words, too.
    """
    in_subject, anywhere = set(words["subject"]), set(words[ANYWHERE])
    if not subject.isascii():
        in_subject.update(spelled_words(subject)[:MAX_WORDS])
    if not text.isascii():
        anywhere.update(spelled_words(text)[:MAX_WORDS])
    anywhere |= in_subject
    language = language_of(anywhere.difference(words["from"], words["to"]))
    return {
        STEMS: list(stems(language, anywhere).difference(words[ANYWHERE])),
        STEMS + "subject": list(stems(language, in_subject).difference(words["subject"])),
    }


def _people(people: Iterable[Correspondent]) -> str:
    return " ".join(f"{person.name} {person.address}" for person in people)


def _pieces(word: str) -> list[str]:
    return [piece[:_MAX_WORD_CHARS] if not CJK.match(piece) else piece for piece in _CJK_OR_NOT.split(word) if piece]


def _with_pairs(word: str) -> list[str]:
    found: list[str] = []
    for piece in _pieces(word):
        if CJK.match(piece):
            found += piece
            found += map("".join, pairwise(piece))
        else:
            found.append(piece)
    return found


def _bigrams(run: str) -> list[str]:
    return list(map("".join, pairwise(run))) if len(run) > 1 else [run]


def _spaced(run: re.Match[str]) -> str:
    return f" {' '.join(run[0])} "
