"""Addresses (URLs) that users give for us to send to: what they may look like. Where they lead is checked when
connecting, each time.
"""

from collections.abc import Sequence

import httpx

from app.errors import Invalid
from app.lib.outbound.addresses import Network, is_open, is_public, literal

MAX_URL = 2048
_FREE_PORTS = range(1024, 65536)
_WEB_PORTS = {80, 443}
# Ports from 1024 on that the Fetch standard closes to browsers (https://fetch.spec.whatwg.org/#port-blocking): other
# protocols live there, and a server of theirs may take a request's lines for its own commands.
_FOREIGN_PORTS = frozenset(
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080)
)

_PLAIN = "Mail would travel in clear: the address has to begin with https://."


def read_url(text: str, *, networks: Sequence[Network] = ()) -> str:
    """The URL as requests are made to it: host in A-labels, path percent-encoded. Raises Invalid for field `url`.

    `https` only, unless there are `networks`, which plain HTTP may reach and which need not be public; no user name or
    password, no fragment; ports 80, 443 and from 1024 on.
    """
    url = _parsed(text.strip())
    if url.scheme not in {"https", "http"} or not url.host:
        raise Invalid.field("url", "This should be an address such as https://example.org/hooks/mail.")
    if url.scheme == "http" and not networks:
        raise Invalid.field("url", _PLAIN)
    if url.userinfo:
        hint = "no user name or password: the signature tells who sends, and the path may hold a secret"
        raise Invalid.field("url", f"The address may have {hint}.")
    if url.fragment:
        raise Invalid.field("url", "Leave out what stands behind the #: it never reaches a server.")
    if not _is_usable(port_of(url)):
        raise Invalid.field("url", f"Nothing is sent to port {port_of(url)}: use 443, or one from 1024 on.")
    address = literal(url.host)
    if address is not None and not is_open(address, networks):
        if not is_public(address):
            raise Invalid.field("url", "This address is not on the public internet, so nothing is sent there.")
        if url.scheme == "http":
            raise Invalid.field("url", _PLAIN)
    return str(url)


def port_of(url: httpx.URL) -> int:
    """The port, by the scheme where none is written."""
    return url.port or (443 if url.scheme == "https" else 80)


def _parsed(text: str) -> httpx.URL:
    if len(text) > MAX_URL:
        raise Invalid.field("url", f"The address may have at most {MAX_URL} characters.")
    if any(character.isspace() for character in text):
        raise Invalid.field("url", "The address may have no spaces.")
    try:
        url = httpx.URL(text)
        url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Invalid.field("url", "This is not an address such as https://example.org/hooks/mail.") from None
    return url


def _is_usable(port: int) -> bool:
    return port in _WEB_PORTS or (port in _FREE_PORTS and port not in _FOREIGN_PORTS)
