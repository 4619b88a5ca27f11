"""Which IP addresses a request to a URL that somebody else chose may reach: public unicast addresses, and the networks
that the operator has opened. Pure.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# Beside what the standard library knows from IANA's registries, whose edition depends on Python's.
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network (RFC 791)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598), and metadata services of some clouds
        "169.254.0.0/16",  # link-local (RFC 3927), and metadata services of most clouds
        "192.0.0.0/24",  # protocol assignments (RFC 6890), and metadata services
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "240.0.0.0/4",  # reserved (RFC 1112) and broadcast
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6 (RFC 4291 section 2.4); local, mapped and other addresses lie elsewhere."""
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments (RFC 2928): Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056): leads to any IPv4 address through somebody's relay
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052); how IPv6-only machines reach IPv4."""


def literal(host: str) -> str | None:
    """The address that a URL's host spells in its usual form, without brackets; None for names."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Whether the address is one of the public internet. An IPv4 address in IPv6 clothes is judged as itself."""
    found = _unwrapped(address)
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not _is_in(found, _CLOSED_V4)
    return found in _GLOBAL_UNICAST and found.is_global and not _is_in(found, _CLOSED_V6)


def is_open(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of these networks."""
    return _is_in(_unwrapped(address), networks)


def _unwrapped(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)  # False where the versions differ
