"""A fake of Stripe on loopback: Checkout sessions, the page where people pay, and signed events sent to our endpoint.

It refuses parameters that Stripe does not know. `python -m tests.stripe_server 8001 http://127.0.0.1:8000/stripe/events`
runs it beside a service that has RESTANTE_STRIPE_API=http://127.0.0.1:8001 and the two secrets it prints.
"""

import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qsl

import httpx
from stripe import WebhookSignature

KEY = "sk_test_51RestanteFake"
WEBHOOK_SECRET = "whsec_RestanteFake0123456789"
_KNOWN = {
    "mode",
    "success_url",
    "cancel_url",
    "client_reference_id",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "payment_intent_data[metadata][purchase]",
}
_BUYER = {"email": "buyer@private.example", "name": "Bea Buyer", "address": {"country": "DE", "city": "Ulm"}}
"""What Stripe knows of who pays, and tells in its events; nothing of it may be stored by us."""
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pay (fake)</title><h1>Pay {price} for {name}</h1><p role="status">{note}</p><form method="post">
<button name="how" value="pay">Pay by card</button> <button name="how" value="later">Pay by bank transfer</button>
<button name="how" value="decline">Pay by a card that is declined</button></form>
<p><a href="{cancel}">Back</a></p></html>"""

Sent = Callable[[bytes, str], None]


class StripeServer:
    """Sessions and events of one Stripe account. With `is_held` events wait in `waiting` until they are sent."""

    def __init__(self, send: Sent | None = None, *, port: int = 0) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.waiting: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.is_held = send is None
        self.failing = 0
        """How many requests are answered with 500 from now on."""
        self.elsewhere = ""
        """An origin that is named instead of ours."""
        self.send = send
        self._by_key: dict[str, str] = {}
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stripe = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def open(self, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """POST /v1/checkout/sessions."""
        self.asked.append(form)
        if self.failing:
            self.failing -= 1
            return 500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}
        if unknown := form.keys() - _KNOWN:
            return 400, _fault(f"Received unknown parameter: {unknown}")
        if missing := _KNOWN - form.keys():
            return 400, _fault(f"Missing required param: {missing}.")
        if key in self._by_key:
            return 200, self.sessions[self._by_key[key]]
        name = f"cs_test_{secrets.token_hex(16)}"
        self._by_key[key] = name
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "mode": form["mode"],
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"],
            "cancel_url": form["cancel_url"],
            "success_url": form["success_url"],
            "client_reference_id": form["client_reference_id"],
            "customer_details": None,
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "url": f"{self.elsewhere or self.origin}/c/pay/{name}",
        }
        return 200, self.sessions[name]

    def pay(self, name: str, *, is_late: bool = False) -> str:
        """What the page's buttons do; where the payer is sent. Late: the bank transfer arrives by `settle`."""
        session = self.sessions[name]
        if session["status"] == "open":
            session["status"], session["url"] = "complete", None
            session["payment_intent"] = f"pi_{secrets.token_hex(12)}"
            session["payment_status"] = "unpaid" if is_late else "paid"
            session["customer_details"] = _BUYER
            self.event("checkout.session.completed", session)
        return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", name)

    def settle(self, name: str, *, is_paid: bool = True) -> None:
        """A late payment arrives, or does not."""
        session = self.sessions[name]
        session["payment_status"] = "paid" if is_paid else "unpaid"
        self.event(f"checkout.session.async_payment_{'succeeded' if is_paid else 'failed'}", session)

    def expire(self, name: str) -> None:
        """Nobody paid for a day."""
        self.sessions[name]["status"] = "expired"
        self.event("checkout.session.expired", self.sessions[name])

    def refund(self, name: str, amount: int | None = None) -> None:
        """The operator gives it all back, or a part."""
        session = self.sessions[name]
        given = session["amount_total"] if amount is None else amount
        charge = {
            "id": f"ch_{session['payment_intent'][3:]}",
            "object": "charge",
            "amount": session["amount_total"],
            "amount_refunded": given,
            "refunded": given == session["amount_total"],
            "payment_intent": session["payment_intent"],
            "metadata": {"purchase": session["client_reference_id"]},
            "billing_details": _BUYER,
        }
        self.event("charge.refunded", charge)

    def dispute(self, name: str, status: str = "needs_response") -> None:
        """The buyer complains at the bank; `won`, `lost` and `warning_closed` close it."""
        is_closed = status in {"won", "lost", "warning_closed"}
        dispute = {
            "id": f"dp_{name[-12:]}",
            "object": "dispute",
            "status": status,
            "payment_intent": self.sessions[name]["payment_intent"],
        }
        self.event(f"charge.dispute.{'closed' if is_closed else 'created'}", dispute)

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """An event about `data` as it is now."""
        made = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": "2026-10-28",
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": json.loads(json.dumps(data))},
        }
        if self.is_held:
            self.waiting.append(made)
        else:
            self.deliver(made)

    def deliver(self, event: dict[str, Any]) -> None:
        """Send an event, as often as one likes."""
        assert self.send is not None
        self.send(*signed(event))


def signed(event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, age: int = 0) -> tuple[bytes, str]:
    """The body and its `Stripe-Signature`, by Stripe's own SDK; `age` in seconds."""
    body = json.dumps(event)
    at = int(time.time()) - age
    return body.encode(), WebhookSignature.generate_signature_header(payload=body, secret=secret, timestamp=at)


def sender_to(url: str) -> Sent:
    """By HTTP, as Stripe does; another status than 2xx is an error."""

    def send(body: bytes, signature: str) -> None:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        httpx.post(url, content=body, headers=headers, timeout=20).raise_for_status()

    return send


def _fault(message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": message}}


class _Server(ThreadingHTTPServer):
    stripe: StripeServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _stripe(self) -> StripeServer:
        return cast("_Server", self.server).stripe

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True))
        if self.path == "/v1/checkout/sessions":
            if self.headers["Authorization"] != f"Bearer {KEY}":
                self._json(401, _fault("Invalid API Key provided"))
                return
            self._json(*self._stripe.open(form, self.headers["Idempotency-Key"]))
            return
        name = self.path.rpartition("/")[2]
        if form["how"] == "decline":
            self._page(name, "Your card was declined.")
            return
        self.send_response(303)
        self.send_header("Location", self._stripe.pay(name, is_late=form["how"] == "later"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            self._send(204, "image/x-icon", b"")
            return
        self._page(self.path.rpartition("/")[2], "")

    def _page(self, name: str, note: str) -> None:
        session = self._stripe.sessions.get(name)
        if session is None:
            self._send(404, "text/html", b"")
            return
        price = f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}"
        shown = _PAGE.format(price=price, name="a voucher", note=note, cancel=escape(session["cancel_url"]))
        self._send(200, "text/html; charset=utf-8", shown.encode())

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    with StripeServer(sender_to(sys.argv[2]), port=int(sys.argv[1])) as server:
        sys.stdout.write(
            f"{server.origin}\nRESTANTE_STRIPE_KEY={KEY}\nRESTANTE_STRIPE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n"
        )
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
