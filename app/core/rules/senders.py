"""Who a sender is to rules: one normal form of addresses and domains, and what rules may match them by. Pure."""

import re
import unicodedata

import msgspec

from app.core.aliases.address import normal_domain
from app.core.rules.model import Kind
from app.errors import Invalid
from app.vault import blind

_PURPOSE = "sender rule\n"
MAX_CHARS = 320
"""Of what is written into a rule: 64 of a local part, @, 255 of a domain (RFC 5321 section 4.5.3.1)."""
_NAMED = re.compile(r"[^<>]*<([^<>\s]+)>\Z")
_NEVER = re.compile(r'[\s@,;:()<>\[\]\\"]')
"""What stands before the @ in quotation marks only (RFC 5322 section 3.2.3)."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_ONLY = re.compile(rf"{_NEVER.pattern}|[\x00-\x1f\x7f]|\A\.|\.\.|\.\Z")
"""What has to be quoted (RFC 5322 section 3.2.4); quotes around anything else change nothing."""
_MAX_SENDER_CHARS = 1000
"""Beyond, a header's sender is no address anybody could have written to."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule is about."""

    kind: Kind
    text: str


def normal(text: str) -> str:
    """A sender's address as rules compare it: NFC, lower case, domain in A-labels; "" for none at all.

    Quotes and backslashes that change nothing are taken away, or `"ada"@` would pass a rule about `ada@`. What is no
    address by the book (`"a b"@x.example`, `root`) is kept as it is, in lower case.
    """
    text = unicodedata.normalize("NFC", text.strip().strip("<>").lower()[:_MAX_SENDER_CHARS])
    local, at, domain = text.rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        unquoted = _ESCAPED.sub(r"\1", local[1:-1])
        local = unquoted if unquoted and not _QUOTED_ONLY.search(unquoted) else local
    return f"{local}@{normal_domain(domain) or domain}" if at else text


def candidates(sender: str) -> tuple[str, ...]:
    """What rules about this sender say: its address, its domain, and each domain that this one lies in; longest first.

    Nothing for the null sender of bounces.
    """
    address = normal(sender)
    if not address:
        return ()
    domain = normal_domain(address.rpartition("@")[2]) if "@" in address else None
    labels = domain.split(".") if domain else []
    return (address, *(".".join(labels[start:]) for start in range(len(labels))))


def subject(text: str) -> Subject:
    """What the owner has written: an address, or a domain (`@` or `*.` before it may stand). Raises Invalid.

    A domain of one label, such as all of `.example`, has to be written with the dot: `com` alone is a slip.
    """
    written = text.strip().strip("<>")
    if not written or len(written) > MAX_CHARS or not written.isprintable():
        raise _not_understood()
    local, at, _ = written.rpartition("@")
    if at and local not in {"", "*"}:
        return _address(written)
    bare = written.removeprefix("*").removeprefix("@")
    domain = normal_domain(bare.removeprefix("*").removeprefix("."))
    if domain is None or ("." not in domain and not bare.startswith(".")):
        raise _not_understood()
    return Subject(kind="domain", text=domain)


def typed(text: str) -> Subject:
    """What the owner has typed or pasted: as `subject`, and `Ada <ada@shop.example>`. Raises Invalid.

    What no sender is called is told instead of kept as a rule that meets nobody.
    """
    found = subject(unnamed(text.strip()))
    local, _, domain = found.text.rpartition("@")
    if domain.rpartition(".")[2].isdigit():
        raise _fault("Rules are about senders' addresses; the numbers of their machines are not known to them.")
    is_quoted = len(local) > 1 and local[0] == local[-1] == '"'
    never = None if is_quoted else _NEVER.search(local)
    if never and never[0] == "@":
        raise _fault("An address has one @. Write one address (ada@shop.example) or domain (shop.example).")
    if never:
        what = "space" if never[0].isspace() else never[0]
        raise _fault(f"An address has no {what} before its @. Write it as in ada@shop.example.")
    if "*" in local:
        raise _fault("Rules know no * within an address. Write the domain (shop.example) for everybody there.")
    return found


def unnamed(text: str) -> str:
    """`ada@shop.example` of `Ada <ada@shop.example>`; else the text as it is."""
    named = _NAMED.match(text)
    return named[1] if named else text


def matcher(index_key: bytes, candidate: str) -> bytes:
    """The digest, 16 bytes, by which a rule about this address or domain is found; another in every account."""
    return blind.digest(index_key, f"{_PURPOSE}{candidate}".encode("utf-8", "surrogatepass"))


def _address(written: str) -> Subject:
    address = normal(written)
    if normal_domain(address.rpartition("@")[2]) is None:
        raise _not_understood()
    return Subject(kind="address", text=address)


def _not_understood() -> Invalid:
    return _fault("Write an address (ada@shop.example) or a domain (shop.example).")


def _fault(text: str) -> Invalid:
    return Invalid.field("text", text)
