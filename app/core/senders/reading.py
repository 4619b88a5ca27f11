"""Who a message is from, and which organisations it names as its own: read from its header when it comes. Pure."""

import re
from collections.abc import Iterator, Sequence
from email.message import Message

import msgspec

from app.core.aliases.address import normal_domain
from app.core.messages.model import Correspondent
from app.core.rules import senders
from app.core.senders.model import SenderDetails
from app.lib.suffixes import organisation
from app.vault import blind

MAX_CLAIMS = 8
_MAX_FIELDS = 40
"""Of those looked at; a header of many signatures says nothing more."""
_MAX_FIELD_CHARS = 2000
_MAX_DOMAINS = 4
"""Of one field."""
_MAX_NAME_CHARS = 200
_ADDRESS = "sender of alias\n"
_ORGANISATION = "organisation of alias\n"
_SIGNED_BY = re.compile(r"[;\s]d\s*=\s*([^\s;]{1,253})", re.IGNORECASE)
_HOST = re.compile(r"(?://|@)([^\s/@<>\"',;:?#]{1,253})")
_LIST = re.compile(r"<[^<>@]{0,200}?([^\s<>.@]{1,63}\.[^\s<>@]{1,190})>")
_CLAIMING = {
    "dkim-signature": _SIGNED_BY,
    "list-unsubscribe": _HOST,
    "list-id": _LIST,
    "sender": _HOST,
    "reply-to": _HOST,
}
_BULK = frozenset({"list-unsubscribe", "list-id"})
_DAEMONS = frozenset({"mailer-daemon", "postmaster"})


class _Found(msgspec.Struct, kw_only=True):
    """What the header says besides the From field."""

    domains: list[str]
    is_bulk: bool = False
    is_answer: bool = False


def describe(message: Message, people: Sequence[Correspondent], envelope_from: str) -> SenderDetails | None:
    """The sender: the first address of the From field (`people`), else MAIL FROM; None when there is neither.

    Takes some 40 µs. Never raises.
    """
    written = next((person for person in people if person.address), None)
    address = senders.normal(written.address if written else envelope_from)
    if not address:
        return None
    local, _, domain = address.rpartition("@")
    found = _read(message)
    own = organisation_of(domain)
    claimed = dict.fromkeys(organisation_of(name) for name in (*found.domains, envelope_from.rpartition("@")[2]))
    return SenderDetails(
        name=written.name[:_MAX_NAME_CHARS] if written else "",
        address=address,
        organisation=own,
        claims=tuple(name for name in claimed if name not in {"", own})[:MAX_CLAIMS],
        is_bounce=local in _DAEMONS or found.is_answer or message.get_content_type() == "multipart/report",
        is_bulk=found.is_bulk,
    )


def organisation_of(domain: str) -> str:
    """The registered domain that this one lies in, or the domain itself where nobody could register one; "" of none."""
    name = normal_domain(domain) if domain else None
    return "" if name is None else organisation(name) or name


def sender_digest(index_key: bytes, address: str) -> bytes:
    """What a sender is found by, 16 bytes; another in every account."""
    return blind.digest(index_key, f"{_ADDRESS}{address}".encode("utf-8", "surrogatepass"))


def organisation_digest(index_key: bytes, name: str) -> bytes:
    """What the senders of one organisation have in common, 16 bytes."""
    return blind.digest(index_key, f"{_ORGANISATION}{name}".encode("utf-8", "surrogatepass"))


def _read(message: Message) -> _Found:
    found = _Found(domains=[])
    left = _MAX_FIELDS
    for name, value in message.raw_items():
        field = name.lower()
        pattern = _CLAIMING.get(field)
        if pattern is not None and left:
            left -= 1
            found.domains += _domains(pattern, str(value))
            found.is_bulk = found.is_bulk or field in _BULK
        elif field == "precedence":
            found.is_bulk = found.is_bulk or str(value).strip().lower() in {"bulk", "list"}
        elif field == "auto-submitted":
            # RFC 3834 section 5: an answer by a program to something that came from this address.
            found.is_answer = str(value).strip().lower().startswith("auto-replied")
    return found


def _domains(pattern: re.Pattern[str], value: str) -> Iterator[str]:
    for _, match in zip(range(_MAX_DOMAINS), pattern.finditer(value[:_MAX_FIELD_CHARS]), strict=False):
        yield match[1]
