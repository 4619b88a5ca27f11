"""The site an alias was made for: a host name in its normal form, and a short name for it. Pure."""

import re
import unicodedata
from urllib.parse import urlsplit

from app.core.aliases.address import normal_domain

MAX_CHARS = 2000
"""Of what is written or pasted: the address of a page."""
_SHORT_CHARS = 24
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECOND_LEVEL = frozenset("ac co com edu go gob gov gouv gv ltd me mil ne net nom or org plc sch".split())
"""Labels below a country under which names are registered, as in `shop.co.uk`."""
_COUNTRY_CHARS = 2


def normal_site(text: str) -> str | None:
    """The host name, lower case, in A-labels, without `www.`, of a host name or a page's address; None when it is none.

    Nothing written is nothing named: empty stays empty.
    """
    written = text.strip()
    if not written:
        return ""
    if len(written) > MAX_CHARS:
        return None
    try:
        host = urlsplit(written if _SCHEME.match(written) else f"//{written}").hostname
    except ValueError:
        return None
    name = normal_domain(host) if host else None
    if name is None or "." not in name:
        return None
    bare = name.removeprefix("www.")
    return bare if "." in bare else name


def short_name(site: str) -> str:
    """What people call a site, of a to z and digits, 1 to 24: `github` for `gist.github.com`; `site` for none such."""
    labels = site.split(".")
    at = -3 if _has_two_level_suffix(labels) else -2
    label = labels[at] if len(labels) >= -at else labels[0]
    if label.startswith("xn--"):
        try:
            label = label.encode("ascii").decode("idna")
        except UnicodeError:
            label = ""
    plain = unicodedata.normalize("NFKD", label)
    return re.sub(r"[^a-z0-9]+", "", plain.lower())[:_SHORT_CHARS] or "site"


def _has_two_level_suffix(labels: list[str]) -> bool:
    return len(labels) > 2 and len(labels[-1]) == _COUNTRY_CHARS and labels[-2] in _SECOND_LEVEL  # noqa: PLR2004
