"""What ties a message to others: its Message-ID and those it answers (RFC 5322 section 3.6.4), or its subject.

Pure: header fields in, texts to be digested out.
"""

import re
import unicodedata
from email.message import Message

import msgspec

from app.core.messages import headers

MAX_REFS = 50
"""Of one message: the first of References, where the thread began, and the newest."""
_MAX_ID_CHARS = 998
_MAX_FIELDS = 10
"""Of one name; RFC 5322 section 3.6 allows one."""
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_REPLY = re.compile(
    r"\s*(?:(?:re|aw|sv|vs|antw|odp|ynt|rif|tr|res|回复|返信)(?:\s*\[\d+\])?\s*[:\uff1a]\s*)+", re.IGNORECASE
)


class Ties(msgspec.Struct, frozen=True, kw_only=True):
    """`ids` are the message's own id and those it refers to, each once; `subject` is without its reply prefixes.

    `is_orphan` says that it calls itself a reply but names no message: only then the subject decides.
    """

    ids: tuple[str, ...]
    subject: str
    is_orphan: bool


def of_message(message: Message, subject: str) -> Ties:
    """The ties that the header tells. Never raises."""
    own = _ids(message, "Message-ID")[:1]
    parents = list(dict.fromkeys([*_ids(message, "References"), *_ids(message, "In-Reply-To")]))
    if len(parents) > MAX_REFS:
        parents = [parents[0], *parents[1 - MAX_REFS :]]
    stripped = _REPLY.sub("", subject, count=1)
    is_reply = len(stripped) < len(subject)
    return Ties(
        ids=tuple(dict.fromkeys([*own, *parents])),
        subject=" ".join(unicodedata.normalize("NFKC", stripped).casefold().split()),
        is_orphan=is_reply and not parents and bool(stripped.strip()),
    )


def _ids(message: Message, name: str) -> list[str]:
    fields = message.get_all(name, [])[:_MAX_FIELDS]
    return [found[:_MAX_ID_CHARS] for value in fields for found in _MESSAGE_ID.findall(headers.text(value))]
