"""Whether two organisations are likely one owner's, by their names; and which ones tell nothing. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from app.core.rules.cautions import caution
from app.core.senders.known import AFFIXES, FAMILIES, PARTNERS

_SHORTEST = 4
"""Letters of a name that is looked for within another; shorter ones are in too many words."""
_MAX_AFFIXES = 2


def brand(organisation: str) -> str:
    """What a registered domain is called: `shop` of `shop.co.uk`. Of none: empty."""
    return organisation.partition(".")[0]


def is_shared(organisation: str) -> bool:
    """Whether mail from there says nothing about who has an address: providers of mailboxes, sending services, and
    companies that work for many shops.
    """
    return not organisation or is_mailer(organisation) or organisation in PARTNERS


def is_mailer(organisation: str) -> bool:
    """Whether it carries the mail of everybody: mailboxes for anyone, or sending for others."""
    return caution(organisation) is not None


def are_related(one: str, other: str) -> bool:
    """Whether the names say that both are one owner's: `shop.de`, `shop.com`, `shop-news.com`, `mailshop.net`."""
    first, second = brand(one), brand(other)
    if first == second or any(first in family and second in family for family in FAMILIES):
        return True
    return second in _bare(first) or first in _bare(second)


@lru_cache(maxsize=4096)
def _bare(name: str) -> frozenset[str]:
    """The name less the words that companies put around theirs; shorter than four letters it is no name any more."""
    found = {name}
    for _ in range(_MAX_AFFIXES):
        found |= {bare for longer in found for bare in _stripped(longer) if len(bare) >= _SHORTEST}
    return frozenset(found | {one.replace("-", "") for one in found})


def _stripped(name: str) -> Iterator[str]:
    for affix in AFFIXES:
        # Words of one or two letters only where a hyphen sets them off: `my-shop` has one more word, `myth` has not.
        hyphen = "-" if len(affix) <= 2 else ""  # noqa: PLR2004
        if name.startswith(affix + hyphen):
            yield name[len(affix) :].strip("-")
        if name.endswith(hyphen + affix):
            yield name[: -len(affix)].strip("-")
