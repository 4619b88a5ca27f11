"""The words a message can be found by, and those a query asks for: folded alike, so that they meet.

Words are NFKC, case-folded and without accents; the blind index turns them into tokens.
"""

import re
import unicodedata
from itertools import chain

from app.core.messages.model import Correspondent, Summary

ANYWHERE = ""
"""The field of a word that may stand anywhere in the message."""
MAX_WORDS = 5000
"""Different words of one message that are indexed."""
_MAX_WORD_CHARS = 64
_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"[\u0300-\u036f]+")


def split(text: str) -> list[str]:
    """The words of a text, folded, in order; those longer than 64 characters are cut."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFKC", _MARKS.sub("", decomposed))
    return [word[:_MAX_WORD_CHARS] for word in _WORD.findall(text.casefold())]


def of_message(summary: Summary, body: str) -> dict[str, list[str]]:
    """The words to index by field: every word anywhere, and those of the subject and the correspondents by field."""
    fields = {
        "subject": summary.subject,
        "from": _people(summary.sender),
        "to": " ".join(_people(person) for person in (*summary.to, *summary.cc)),
        "filename": " ".join(attachment.filename for attachment in summary.attachments),
    }
    words = {field: list(dict.fromkeys(split(text)))[:MAX_WORDS] for field, text in fields.items()}
    anywhere = dict.fromkeys(chain(*words.values(), split(body)))
    return words | {ANYWHERE: list(anywhere)[:MAX_WORDS]}


def _people(person: Correspondent | None) -> str:
    return f"{person.name} {person.address}" if person else ""
