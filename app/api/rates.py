"""How many requests a key may make, and a network with wrong keys. Each process counts for itself.

Told by RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10), and in the words of its earlier
versions, which more clients know.
"""

import math
import time
from collections import OrderedDict
from hashlib import blake2b

from litestar.types import HTTPScope, Scope

from app.api.answers import Answer
from app.core.auth.model import Actor
from app.errors import LimitReached
from app.lib.ratelimit import TokenBuckets, network_of

DEFAULT_RATE = 6000
"""Requests a minute and key."""

_WINDOW = 60
_STATE = "rate"
_WRONG_KEYS = 1000
_WRONG_KEYS_PER_SECOND = 5.0
_MAX_KNOWN = 10_000


class KeyRates:
    """The requests of each key: `per_minute` of them, at once or spread."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets = TokenBuckets(per_second=per_minute / _WINDOW, burst=per_minute)

    def count(self, scope: Scope) -> None:
        """Count the request of whoever has passed `bearer`. Raises LimitReached."""
        actor: Actor = scope["user"]
        key, now = str(actor.key_id), time.monotonic()
        wait = self._buckets.take(key, now)
        scope["state"][_STATE] = self._buckets.level(key, now)
        if wait:
            raise LimitReached("Too many requests. Wait a moment.", code="rate_limited", retry_after=math.ceil(wait))

    async def tell(self, scope: HTTPScope, answer: Answer) -> None:
        """A step: what is left, on every answer to a key."""
        level: float | None = scope["state"].get(_STATE)
        if level is None:
            return
        left, limit = int(level), self._per_minute
        reset = math.ceil((limit - level) * _WINDOW / limit)
        answer.headers += [
            (b"ratelimit-policy", b'"key";q=%d;w=%d' % (limit, _WINDOW)),
            (b"ratelimit", b'"key";r=%d;t=%d' % (left, reset)),
            (b"ratelimit-limit", b"%d" % limit),
            (b"ratelimit-remaining", b"%d" % left),
            (b"ratelimit-reset", b"%d" % reset),
        ]


class WrongKeys:
    """Who sends keys that there are not, by network. Keys that were right before are not looked at by it."""

    def __init__(self, *, burst: int = _WRONG_KEYS, per_second: float = _WRONG_KEYS_PER_SECOND) -> None:
        self._buckets = TokenBuckets(per_second=per_second, burst=burst, max_keys=50_000)
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def check(self, scope: Scope) -> None:
        """Before `bearer`: raise LimitReached without a look into the database."""
        digest = _digest(scope)
        if digest is None or digest in self._known:
            return
        wait = self._buckets.wait(_network(scope), time.monotonic())
        if wait:
            raise LimitReached(
                "Too many wrong keys came from your network. Wait a moment.",
                code="too_many_wrong_keys",
                retry_after=math.ceil(wait),
            )

    async def note(self, scope: HTTPScope, answer: Answer) -> None:
        """A step: what came of the key."""
        digest = _digest(scope)
        if digest is None:
            return
        if answer.status == 401:  # noqa: PLR2004 - Unauthorized
            self._known.pop(digest, None)
            self._buckets.take(_network(scope), time.monotonic())
        elif scope.get("user") is not None and digest not in self._known:
            self._known[digest] = None
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)


def _digest(scope: Scope) -> bytes | None:
    """Of the credentials, which are not kept themselves; None without any."""
    sent = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    return blake2b(sent, digest_size=16).digest() if sent is not None else None


def _network(scope: Scope) -> str:
    """The peer's, as far as one customer's usually reaches."""
    client = scope.get("client")
    try:
        return network_of(client[0]) if client else ""
    except ValueError:
        return ""
