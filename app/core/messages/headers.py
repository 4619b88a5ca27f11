"""Header fields as found in the wild: decoded (RFC 2047), unfolded, never an exception."""

import inspect
import re
from binascii import a2b_qp
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from itertools import islice

import msgspec

from app.core.messages.charsets import decode
from app.core.messages.model import Correspondent, Header
from app.core.messages.transfer import decode_base64

MAX_VALUE_CHARS = 16_384
"""Of a field's value; longer ones are cut for showing, the source has them whole."""
MAX_CORRESPONDENTS = 200
MAX_HEADERS = 1000
_MAX_FIELDS = 10
"""Of one name that are read for addresses; RFC 5322 section 3.6 allows one."""
# Newer patch releases of Python answer nothing at all for a field that is not perfect, unless told to be lenient.
_LENIENT = {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
# The text ends at the next word's beginning too, so that looking for ends that are missing stays linear.
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bq])\?((?:[^?=]|=(?!\?(?!=))|\?(?!=))*)\?=", re.IGNORECASE)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What lists and pages tell of a message's header."""

    people: tuple[Correspondent, ...]
    """Those of the From field."""
    to: tuple[Correspondent, ...]
    cc: tuple[Correspondent, ...]
    subject: str
    sent_at: datetime | None


def head(message: Message) -> Head:
    """Read it. Bounded in time, whatever the header holds: some 50 ms at the most."""
    return Head(
        people=correspondents(message, "From"),
        to=correspondents(message, "To"),
        cc=correspondents(message, "Cc"),
        subject=text(message.get("Subject", "")),
        sent_at=sent_at(message),
    )


def size(message: Message) -> int:
    """About how many bytes its header has."""
    return sum(len(value) for _, value in message.raw_items())


def text(raw: str) -> str:
    """One field's value for people: encoded words decoded, 8-bit text read as best as can be, unfolded."""
    value = _eight_bit(_FOLD.sub(" ", raw[:MAX_VALUE_CHARS])).strip()
    if "=?" in value:
        value = _encoded_words(value)
    return _CONTROLS.sub("", value)


def all_headers(message: Message) -> tuple[Header, ...]:
    """Every field in order; at most 1,000."""
    return tuple(Header(text(name), text(value)) for name, value in islice(message.raw_items(), MAX_HEADERS))


def correspondents(message: Message, name: str) -> tuple[Correspondent, ...]:
    """The addresses of all fields of this name, their names decoded; at most 200."""
    found: list[Correspondent] = []
    for value in message.get_all(name, [])[:_MAX_FIELDS]:
        left = MAX_CORRESPONDENTS - len(found)
        if not left:
            break
        pairs = [pair for pair in _addresses(_FOLD.sub(" ", value[:MAX_VALUE_CHARS])) if any(pair)]
        found += [Correspondent(text(shown), text(address)) for shown, address in pairs[:left]]
    return tuple(found)


def sent_at(message: Message) -> datetime | None:
    """The Date field as a UTC time, or None when it is missing or unreadable."""
    value = message.get("Date")
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(text(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _addresses(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value], **_LENIENT)
    except (ValueError, IndexError, AttributeError, RecursionError):  # RecursionError: thousands of open brackets
        return [("", value)]


def _encoded_words(value: str) -> str:
    """Words of one character set that stand side by side are decoded as one: senders split characters between them."""
    pieces: list[str] = []
    label, pending, end = "", b"", 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        is_adjacent = bool(end) and not between.strip()
        if not is_adjacent or word[1].lower() != label:
            pieces += [decode(pending, label), "" if is_adjacent else between]
            label, pending = word[1].lower(), b""
        raw = word[3].encode()
        pending += decode_base64(raw) if word[2] in "bB" else a2b_qp(raw, header=True)
        end = word.end()
    return "".join([*pieces, decode(pending, label), value[end:]])


def _eight_bit(value: str) -> str:
    """Bytes that the parser could not place (surrogates) read as UTF-8, else as Windows-1252."""
    if value.isascii():
        return value
    try:
        return decode(value.encode("utf-8", "surrogateescape"), None)
    except UnicodeEncodeError:  # half of a surrogate pair, out of a decoder more lenient than ours
        return value.encode("utf-8", "replace").decode()
