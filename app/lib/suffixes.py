"""Who has registered a domain, by the public suffix list. The list comes with its library; nothing is fetched."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def load() -> None:
    """Read the list, 40 ms and 2.5 MB, which the first question would do else: for whom all others wait."""
    _suffixes()


def organisation(domain: str) -> str | None:
    """The domain in A-labels that one owner has registered: `shop.co.uk` of `mail.shop.co.uk`; None of a suffix."""
    return _suffixes().privatesuffix(domain)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
