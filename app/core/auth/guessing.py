"""How often passwords and codes may be guessed, and from where, without locking any owner out. No clock, no I/O.

A browser that has signed in to an account before is known there and counts for itself alone. Strangers count by
network, by network and login, and all together by login: whoever guesses uses up what strangers have, never what the
owner's browsers have. Logins that nobody has count alike. What is refused here costs no hashing.

Each process counts for itself, in bounded memory: nothing about networks is written down.
"""

import math
import os
from hashlib import blake2b

import msgspec

from app.core.accounts.service import normal_login
from app.errors import LimitReached
from app.lib.ratelimit import TokenBuckets

_MAX_KEYS = 10_000
"""Remembered of each kind, 3 MB; those unused for longest are forgotten first."""
_KNOWN_BURST, _KNOWN_SECONDS = 20, 10.0
_NETWORK_BURST, _NETWORK_SECONDS = 60, 6.0
_PAIR_BURST, _PAIR_SECONDS = 10, 60.0
_LOGIN_BURST, _LOGIN_SECONDS = 100, 2.0
_CODE_BURST, _CODE_SECONDS = 30, 20.0
_NEW_BURST, _NEW_SECONDS = 10, 360.0


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attempt comes from. `network`: of `app.lib.ratelimit.place_of`; empty: not limited by it."""

    network: str = ""
    known_as: str = ""
    """The name of a browser that has signed in to this login before, or of its session; empty: a stranger's."""

    @property
    def source(self) -> str:
        """By whom it waits for its turn."""
        return self.known_as or self.network

    @property
    def is_known(self) -> bool:
        """Whether the account knows the browser."""
        return bool(self.known_as)

    def __repr__(self) -> str:
        return f"Origin(is_known={self.is_known})"


LOCAL = Origin()
"""The operator's own commands."""


class Guesses:
    """The attempts of this process; `now` is monotonic time in seconds."""

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._known = _buckets(_KNOWN_BURST, _KNOWN_SECONDS)
        self._networks = _buckets(_NETWORK_BURST, _NETWORK_SECONDS)
        self._pairs = _buckets(_PAIR_BURST, _PAIR_SECONDS)
        self._logins = _buckets(_LOGIN_BURST, _LOGIN_SECONDS)
        self._codes = _buckets(_CODE_BURST, _CODE_SECONDS)
        self._joining = _buckets(_NEW_BURST, _NEW_SECONDS)

    def admit_password(self, login: str, origin: Origin, *, now: float) -> None:
        """Count an attempt to sign in, right or wrong. Raises LimitReached."""
        if origin.is_known:
            _assert_none(self._known.take(self._digest("known", origin.known_as), now), _FROM_BROWSER)
            return
        name = normal_login(login)
        counted = [(self._logins, self._digest("login", name), _FOR_LOGIN)]
        if origin.network:
            counted.append((self._pairs, self._digest("pair", origin.network, name), _FOR_LOGIN_HERE))
            counted.append((self._networks, origin.network, _FROM_NETWORK))
        for buckets, key, words in reversed(counted):
            _assert_none(buckets.wait(key, now), words)
        for buckets, key, _ in counted:
            buckets.take(key, now)

    def admit_code(self, origin: Origin, *, now: float) -> None:
        """Count a recovery code or a voucher, by network alone: nobody can use up the owner's. Raises LimitReached."""
        if origin.network:
            _assert_none(self._codes.take(origin.network, now), _FROM_NETWORK)

    def admit_joining(self, origin: Origin, *, now: float) -> None:
        """Count a new account. Raises LimitReached."""
        if origin.network:
            _assert_none(self._joining.take(origin.network, now), _JOINED)

    def _digest(self, *parts: str) -> str:
        """What is typed may be long, and need not lie in memory as it is."""
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return blake2b(text, key=self._key, digest_size=16).hexdigest()


_FROM_BROWSER = "This browser has tried many passwords."
_FROM_NETWORK = "Many attempts came from your network."
_FOR_LOGIN_HERE = "This login was tried many times from your network."
_FOR_LOGIN = (
    "Somebody is trying passwords for this login from many places, so new browsers have to wait. A browser that has "
    "signed in here before does not, and neither does a recovery code."
)
_JOINED = "Many accounts were made from your network."
_MINUTE = 60


def _buckets(burst: int, seconds: float) -> TokenBuckets:
    """`burst` at once, and then one in `seconds`."""
    return TokenBuckets(per_second=1 / seconds, burst=burst, max_keys=_MAX_KEYS)


def _assert_none(wait: float, words: str) -> None:
    if wait:
        seconds = math.ceil(wait)
        when = f"{seconds} seconds" if seconds < 2 * _MINUTE else f"{math.ceil(seconds / _MINUTE)} minutes"
        raise LimitReached(f"{words} Please wait {when}.", code="too_many_attempts", retry_after=seconds)
