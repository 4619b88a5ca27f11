"""What follows a purchase: Stripe's events, and the receipt that waits for them and shows the voucher."""

from litestar import Response
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.billing.purchases import service as purchases
from app.core.billing.purchases.reading import fact_of
from app.core.joining.service import is_by_voucher
from app.errors import Invalid, NotFound
from app.lib.times import utc_today
from app.web import forms
from app.web.forms import AnyRequest
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_SOON, _LATER = 5, 600
"""Seconds until the page looks again: for a card, for a bank transfer."""


async def submit_event(request: AnyRequest, platform: GivenPlatform) -> Response[str]:
    """Take an event of Stripe's: 200 once what follows from it is committed, 400 for what is not Stripe's.

    Any other answer has Stripe send it again, for days.
    """
    if platform.shop is None:
        raise NotFound
    try:
        body = await request.body()
    except RequestEntityTooLarge:
        return _plain(413, f"Events have at most {forms.MAX_BYTES} bytes.")
    try:
        fact = fact_of(await platform.shop.checkout.event(body, request.headers.get("stripe-signature", "")))
    except Invalid as error:
        return _plain(400, error.detail)
    if fact is None:
        return _plain(200, "Not about a purchase here.")
    async with platform.db.transaction() as conn:
        await purchases.take(conn, fact, today=utc_today())
    return _plain(200, "Taken.")


async def show_receipt(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, secret: FromPath[str]
) -> Response[str]:
    """How far the purchase is, and its voucher; looks again by itself while there is something to wait for."""
    session = request.query_params.get("session", "")
    async with platform.db.connection() as conn:
        receipt = await purchases.receipt(conn, platform.instance, secret, session, today=utc_today())
    wait = {"open": _SOON, "processing": _LATER}.get(receipt.state)
    return site.view.page(
        "receipt.html",
        receipt=receipt,
        secret=secret,
        session_id=session,
        refresh=wait if "still" not in request.query_params else None,
        is_waiting=wait is not None,
        is_by_voucher=is_by_voucher(platform.joining),
    )


async def submit_kept(request: AnyRequest, platform: GivenPlatform, secret: FromPath[str]) -> Redirect:
    """The buyer has the code: it is shown no more."""
    session = (await forms.read(request)).get("session", "")
    async with platform.db.transaction() as conn:
        await purchases.keep(conn, secret, session)
    return see_other(f"/shop/receipts/{secret}?session={session}")


def _plain(status: int, text: str) -> Response[str]:
    return Response(text + "\n", status_code=status, media_type="text/plain")
