"""Header fields as found in the wild: decoded (RFC 2047), unfolded, never an exception."""

import inspect
import re
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from app.core.messages.charsets import decode
from app.core.messages.model import Correspondent, Header

MAX_VALUE_CHARS = 16_384
"""Of a field's value; longer ones are cut for showing, the source has them whole."""
MAX_CORRESPONDENTS = 200
# Newer patch releases of Python answer nothing at all for a field that is not perfect, unless told to be lenient.
_LENIENT = {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def text(raw: object) -> str:
    """One field's value for people: encoded words decoded, 8-bit text read as best as can be, unfolded."""
    value = _eight_bit(_FOLD.sub(" ", str(raw)[:MAX_VALUE_CHARS])).strip()
    if "=?" in value:
        value = _encoded_words(value)
    return _CONTROLS.sub("", value)


def all_headers(message: Message) -> tuple[Header, ...]:
    """Every field in order; at most 1,000."""
    return tuple(Header(name, text(value)) for name, value in message.raw_items())[:1000]


def correspondents(message: Message, name: str) -> tuple[Correspondent, ...]:
    """The addresses of all fields of this name, their names decoded; at most 200."""
    raw = [_FOLD.sub(" ", str(value)[:MAX_VALUE_CHARS]) for value in message.get_all(name, [])]
    try:
        pairs = getaddresses(raw, **_LENIENT)
    except (ValueError, IndexError, AttributeError):
        pairs = [("", value) for value in raw]
    found = [Correspondent(text(shown), text(address)) for shown, address in pairs if shown or address]
    return tuple(found[:MAX_CORRESPONDENTS])


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


def _encoded_words(value: str) -> str:
    try:
        pieces = decode_header(value)
    except (ValueError, LookupError):
        return value
    return "".join(decode(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)


def _eight_bit(value: str) -> str:
    """Bytes that the parser could not place (surrogates) read as UTF-8, else as Windows-1252."""
    if value.isascii():
        return value
    return decode(value.encode("utf-8", "surrogateescape"), None)
