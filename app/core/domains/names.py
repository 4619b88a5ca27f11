"""Names of domains as people type and read them (IDNA 2008, RFC 5891), and which of them can be one account's. Pure."""

import re
import unicodedata

import idna

from app.core.aliases.address import normal_domain
from app.errors import Invalid
from app.lib.suffixes import organisation

_WITH_LATIN = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that are written with each other (UTS 39 section 5.2)."""


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
    """Whether a label of the name (as people read it) has letters of scripts that are not written with each other.

    A letter's script is the first word of its Unicode name.
    """
    return any(len(scripts) > 1 and not scripts <= _WITH_LATIN for scripts in map(_scripts, name.split(".")))


def _scripts(label: str) -> set[str]:
    return {re.split("[ -]", unicodedata.name(char, "?"))[0] for char in label if char.isalpha()}


def with_parents(domain: str) -> list[str]:
    """The domain and each domain it lies below."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]
