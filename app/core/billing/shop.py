"""The shop of this process: the Stripe account that is paid, and how many payments one network may begin."""

import math

from app.errors import LimitReached
from app.lib.checkout import Checkout
from app.lib.ratelimit import TokenBuckets

_BURST, _SECONDS = 20, 60.0
_MAX_KEYS = 10_000


class Shop:
    """Where there are keys for Stripe; without them vouchers are sold by hand."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self._begun = TokenBuckets(per_second=1 / _SECONDS, burst=_BURST, max_keys=_MAX_KEYS)

    def admit(self, network: str, *, now: float) -> None:
        """Count a payment that is begun: twenty at once, then one a minute. Raises LimitReached.

        `network` is of `app.lib.ratelimit.place_of`, empty for this machine itself; `now` is monotonic seconds.
        """
        wait = self._begun.take(network, now) if network else 0.0
        if wait:
            text = "Many payments were begun from your network. Please wait a minute."
            raise LimitReached(text, code="too_many_payments", retry_after=math.ceil(wait))
