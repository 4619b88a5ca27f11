"""Stripe Checkout: one payment at a page of Stripe's, and the events that tell what became of it.

The SDK is loaded when it is first needed: that costs 12 MB and a fifth of a second, and many sell nothing.
"""

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from app.errors import Invalid, Unavailable
from app.lib.logs import error_fields, logger

_PAGES = "https://checkout.stripe.com"
_SECONDS = 10.0
_ALL_SECONDS = 25.0
_RETRIES = 1
_TOLERANCE = int(timedelta(minutes=5) / timedelta(seconds=1))
"""Between Stripe's signing of an event and our reading it; an event that is sent again is signed again."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A Checkout session that waits for its payer."""

    session: str
    url: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose signature is Stripe's. `data` is as Stripe sent it: whoever reads it checks what it takes."""

    id: str
    type: str
    data: dict[str, Any]

    def __repr__(self) -> str:
        return f"Event({self.id!r}, {self.type!r})"


class _Envelope(msgspec.Struct, frozen=True):
    class Data(msgspec.Struct, frozen=True):
        object: dict[str, Any]

    id: str
    type: str
    data: Data


_decode = msgspec.json.Decoder(_Envelope).decode


class Checkout:
    """One Stripe account. `api` is another address of the API, for a fake on this machine alone."""

    def __init__(self, *, key: str, webhook_secret: str, api: str | None = None) -> None:
        self._key, self._webhook_secret, self._api = key, webhook_secret, api
        self._lock = threading.Lock()
        self._sdk: Any = None
        self._client: Any = None
        self._http: Any = None
        pages = urlsplit(api) if api else urlsplit(_PAGES)
        self.pages = f"{pages.scheme}://{pages.netloc}"
        """The origin of the pages where people pay: a form that leads there needs it in its policy."""
        self.is_test = "_test_" in key
        """Whether nobody is charged."""

    def __repr__(self) -> str:
        return "Checkout(…)"

    async def open(
        self, *, name: str, amount: int, currency: str, reference: str, success_url: str, cancel_url: str
    ) -> Opened:
        """A session for one thing called `name`; `amount` in minor units. Its events name `reference`.

        `success_url` may hold `{CHECKOUT_SESSION_ID}`. At most 25 seconds. Raises Unavailable.
        """
        await asyncio.to_thread(self._load)
        price = {"currency": currency, "unit_amount": amount, "product_data": {"name": name}}
        try:
            async with asyncio.timeout(_ALL_SECONDS):
                session = await self._client.v1.checkout.sessions.create_async(
                    {
                        "mode": "payment",
                        "line_items": [{"quantity": 1, "price_data": price}],
                        "client_reference_id": reference,
                        # Stripe copies it to the charge, so that a refund names the purchase, too.
                        "payment_intent_data": {"metadata": {"purchase": reference}},
                        "success_url": success_url,
                        "cancel_url": cancel_url,
                    },
                    {"idempotency_key": reference},
                )
        except (self._sdk.StripeError, TimeoutError, ValueError) as error:
            logger().error("checkout_failed", status=getattr(error, "http_status", None), **error_fields(error))
            raise Unavailable("Stripe does not answer as it should. Nothing was paid; try again later.") from error
        if not isinstance(session.url, str) or not session.url.startswith(f"{self.pages}/"):
            logger().error("checkout_elsewhere")
            raise Unavailable("Stripe's page for this payment is not where it should be. Nothing was paid.")
        return Opened(session=session.id, url=session.url)

    async def event(self, body: bytes, signature: str) -> Event:
        """What was sent to the webhook, with its header `Stripe-Signature`. Raises Invalid for what is not Stripe's."""
        await asyncio.to_thread(self._load)
        try:
            # The SDK compares text, and fails on what no signature holds.
            signature.encode("ascii")
            self._sdk.WebhookSignature.verify_header(body, signature, self._webhook_secret, _TOLERANCE)
        except (self._sdk.SignatureVerificationError, ValueError):
            raise Invalid("The signature is not Stripe's, or older than five minutes.", code="signature") from None
        try:
            read = _decode(body)
        except msgspec.DecodeError:
            raise Invalid("This is no event of Stripe's.", code="event") from None
        return Event(id=read.id, type=read.type, data=read.data.object)

    async def close(self) -> None:
        """Close what is open to Stripe."""
        if self._http is not None:
            with suppress(RuntimeError):  # the loop that it was used in may have ended
                await self._http.close_async()

    def _load(self) -> None:
        with self._lock:
            if self._client is not None:
                return
            import stripe  # noqa: PLC0415 - the module's docstring says why

            stripe.enable_telemetry = False
            self._http = stripe.HTTPXClient(timeout=_SECONDS)
            self._client = stripe.StripeClient(
                self._key,
                http_client=self._http,
                max_network_retries=_RETRIES,
                base_addresses={"api": self._api} if self._api else {},
            )
            self._sdk = stripe
