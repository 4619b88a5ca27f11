"""Mail addresses: the one form in which they are stored and compared (RFC 5321 section 4.1.2, RFC 6531, RFC 5891)."""

import re
import unicodedata

import idna
import msgspec

MAX_LOCAL_BYTES = 64
"""RFC 5321 section 4.5.3.1.1."""
MAX_DOMAIN_CHARS = 253
MAX_ADDRESS_BYTES = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_DOT_ATOM = re.compile(r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\".]+(\.[^\s\x00-\x20\x7f()<>\[\]:;@\\,\".]+)*\Z")

ROLE_LOCAL_PARTS = frozenset({"postmaster", "abuse"})
"""Addresses every domain answers for (RFC 5321 section 4.5.1, RFC 2142)."""

RESERVED_LOCAL_PARTS = ROLE_LOCAL_PARTS | {
    "admin",
    "administrator",
    "hostmaster",
    "info",
    "mailer-daemon",
    "no-reply",
    "noc",
    "noreply",
    "root",
    "security",
    "ssladmin",
    "ssladministrator",
    "sslwebmaster",
    "support",
    "webmaster",
}
"""Kept from everybody on shared domains: certificate authorities and people trust them (RFC 2142, CA/B 3.2.2.4.4)."""


class Address(msgspec.Struct, frozen=True):
    """An address in its normal form: local part in NFC and lower case, domain in A-labels."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"

    @property
    def without_tag(self) -> "Address":
        """The address without its sub-address: `shop+spring@` reaches `shop@` (RFC 5233's customary separator)."""
        return Address(self.local_part.partition("+")[0] or self.local_part, self.domain)


def parse(text: str) -> Address | None:
    """The address that `text` spells, in normal form, or None. Reads quoted local parts, but no address literals."""
    local, at, domain = text.strip().rpartition("@")
    normal = normal_domain(domain)
    if not at or normal is None:
        return None
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    local = unicodedata.normalize("NFC", local.lower())
    if not local.isprintable() or not _DOT_ATOM.match(local) or _bytes(local) > MAX_LOCAL_BYTES:
        return None
    if _bytes(local) + 1 + len(normal) > MAX_ADDRESS_BYTES:
        return None
    return Address(local, normal)


def normal_domain(text: str) -> str | None:
    """The domain in lower-case A-labels without a final dot, or None when it is none."""
    name = text.strip().removesuffix(".").lower()
    if not name.isascii() and len(name) <= MAX_DOMAIN_CHARS:
        try:
            name = idna.encode(name, uts46=True).decode("ascii").removesuffix(".")
        except UnicodeError:
            return None
    if not name or len(name) > MAX_DOMAIN_CHARS or not all(_LABEL.match(label) for label in name.split(".")):
        return None
    return name


def _bytes(text: str) -> int:
    return len(text.encode())
