"""Names of domains as people type and read them (IDNA 2008, RFC 5891), and which of them can be one account's. Pure."""

import idna

from app.core.aliases.address import normal_domain
from app.errors import Invalid
from app.lib.scripts import is_mixed
from app.lib.suffixes import organisation


def own_name(text: str) -> str:
    """The domain in A-labels that somebody wants to use alone. Raises Invalid."""
    if "@" in text:
        raise Invalid.field("domain", "Give the domain alone: what stands behind the @.")
    domain = normal_domain(text)
    if domain is None or domain.rpartition(".")[2].isdigit():
        raise Invalid.field("domain", "This is not a domain name; it should look like example.org.")
    try:
        idna.decode(domain)
    except UnicodeError:
        raise Invalid.field("domain", "This name has letters that domain names may not have (IDNA 2008).") from None
    if organisation(domain) is None:
        text = "Everybody can register names below this one, so it cannot be yours. Give a name below it."
        raise Invalid.field("domain", text)
    return domain


def asked_name(text: str) -> str:
    """The domain in A-labels that a path names, in whatever spelling; empty for what is none."""
    return normal_domain(text) or ""


def as_read(domain: str) -> str:
    """The domain (in A-labels) as people read it; as it is where that cannot be told."""
    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain


def is_mixed_script(name: str) -> bool:
    """Whether a label of the name (as people read it) has letters of scripts that are not written with each other."""
    return any(map(is_mixed, name.split(".")))


def with_parents(domain: str) -> list[str]:
    """The domain and each domain it lies below."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]
