"""Rate limits of one process: token buckets by key, and connection limits by network. Pure: no clock, no I/O, no mail.

Memory is bounded whatever the peers do. Each process counts for itself; limits across machines belong in the database.
"""

import math
from collections import Counter, OrderedDict
from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

_IPV4_PREFIXES = (32, 26, 21)
_IPV6_PREFIXES = (64, 48, 32)
_IPV4_PLACE, _IPV6_PLACE = 24, 48
_EXEMPT: tuple[str, ...] = ()


class TokenBuckets:
    """One token bucket a key: `per_second` tokens flow in, up to `burst`; a new key starts full.

    At most `max_keys` are remembered; the one unused for longest is forgotten first and so starts full again.
    """

    def __init__(self, *, per_second: float, burst: float, max_keys: int = 100_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._max_keys = max_keys
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str, now: float, cost: float = 1.0) -> float:
        """Take `cost` tokens: 0.0 when they were there; otherwise nothing is taken, and the seconds to wait come back.

        `now` is monotonic time in seconds. The wait is infinite when `cost` is above the burst or nothing flows in.
        """
        wait = self.wait(key, now, cost)
        if wait == 0.0:
            _, at = self._levels.get(key, (0.0, now))
            self._levels[key] = (self.level(key, now) - cost, max(at, now))
            self._levels.move_to_end(key)
            if len(self._levels) > self._max_keys:
                self._levels.popitem(last=False)
        return wait

    def wait(self, key: str, now: float, cost: float = 1.0) -> float:
        """What `take` would answer, taking nothing."""
        level = self.level(key, now)
        if level >= cost:
            return 0.0
        if cost > self._burst or self._per_second <= 0:
            return math.inf
        return (cost - level) / self._per_second

    def level(self, key: str, now: float) -> float:
        """The tokens that are there now."""
        level, at = self._levels.get(key, (self._burst, now))
        return min(self._burst, level + max(0.0, now - at) * self._per_second)


class NetworkLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What one network may do: connections open at once, and new connections a minute."""

    open: int
    per_minute: int


class NetworkLimits:
    """Connections by network: the exact address, its /26 and its /21; for IPv6 its /64, /48 and /32. Each has a limit.

    The widths follow what one customer, one rack and one provider usually hold. An IPv4 address inside IPv6
    (`::ffff:192.0.2.1`) counts as IPv4. `exempt_local` leaves loopback and unix peers (an empty address) uncounted,
    since they are a proxy or a test of the operator's own.
    """

    def __init__(
        self,
        narrow: NetworkLimit,
        middle: NetworkLimit,
        wide: NetworkLimit,
        *,
        exempt_local: bool = True,
        max_networks: int = 50_000,
    ) -> None:
        self._limits = (narrow, middle, wide)
        self._exempt_local = exempt_local
        self._open: Counter[str] = Counter()
        self._fresh = tuple(
            TokenBuckets(per_second=limit.per_minute / 60, burst=limit.per_minute, max_keys=max_networks)
            for limit in self._limits
        )

    def __len__(self) -> int:
        """Networks with an open connection: at most three a connection."""
        return len(self._open)

    def enter(self, address: str, now: float) -> bool:
        """Count a new connection, or False when any of its three networks is at a limit; then nothing is counted.

        `now` is monotonic time in seconds. Call `leave` once for every True. Raises ValueError for what is no address.
        """
        networks = self._networks(address)
        if any(self._open[network] >= limit.open for network, limit in zip(networks, self._limits, strict=False)):
            return False
        rates = list(zip(self._fresh, networks, strict=False))
        if any(buckets.wait(network, now) > 0 for buckets, network in rates):
            return False
        for buckets, network in rates:
            buckets.take(network, now)
            self._open[network] += 1
        return True

    def leave(self, address: str) -> None:
        """The connection that `enter` let in has ended."""
        for network in self._networks(address):
            self._open[network] -= 1
            if self._open[network] <= 0:
                del self._open[network]

    def _networks(self, address: str) -> tuple[str, ...]:
        """The keys of the three networks, or none when the peer is exempt."""
        if not address:
            return _EXEMPT if self._exempt_local else ("unix", "unix", "unix")
        ip = _unmapped(ip_address(address))
        if self._exempt_local and ip.is_loopback:
            return _EXEMPT
        prefixes = _IPV4_PREFIXES if ip.version == 4 else _IPV6_PREFIXES  # noqa: PLR2004 - the protocol's own number
        return tuple(_network(ip, bits) for bits in prefixes)


def network_of(address: str) -> str:
    """A key for the network that is usually one customer's: the IPv4 address, or the /64. ValueError for no address."""
    ip = _unmapped(ip_address(address))
    return _network(ip, _IPV4_PREFIXES[0] if ip.version == 4 else _IPV6_PREFIXES[0])  # noqa: PLR2004 - as above


def place_of(address: str) -> str:
    """A key for where guesses come from: the IPv4 /24, or the /48; whoever has one address there often has them all.

    Empty for this machine itself, which is a proxy or the operator. ValueError for no address.
    """
    ip = _unmapped(ip_address(address))
    if ip.is_loopback:
        return ""
    return _network(ip, _IPV4_PLACE if ip.version == 4 else _IPV6_PLACE)  # noqa: PLR2004 - as above


def _unmapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _network(ip: IPv4Address | IPv6Address, bits: int) -> str:
    return f"{ip.version}:{int(ip) >> (ip.max_prefixlen - bits):x}/{bits}"
