"""The site an alias was made for: a host name in its normal form, and a short name for it. Pure."""

import re
import unicodedata
from urllib.parse import urlsplit

from app.core.aliases.address import normal_domain
from app.core.domains.names import as_read
from app.lib.suffixes import organisation

MAX_CHARS = 2000
"""Of what is written or pasted: the address of a page."""
_SHORT_CHARS = 24
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


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
    plain = unicodedata.normalize("NFKD", as_read((organisation(site) or site).partition(".")[0]))
    return re.sub(r"[^a-z0-9]+", "", plain.lower())[:_SHORT_CHARS] or "site"
