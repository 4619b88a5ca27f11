"""What can be bought, for anybody; buying leads to Stripe. No account, no session and no cookie is involved."""

import time

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.billing import money, plans
from app.core.billing.purchases import service as purchases
from app.core.joining.service import is_by_voucher
from app.core.platform import Platform
from app.errors import NotFound
from app.lib.ids import parse_id
from app.lib.times import utc_today
from app.web import forms
from app.web.forms import AnyRequest
from app.web.headers import CSP
from app.web.origins import network_of
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other


async def show_pricing(request: AnyRequest, platform: GivenPlatform, site: GivenSite) -> Response[str]:
    """The plans that are on sale."""
    async with platform.db.connection() as conn:
        found = await plans.on_sale(conn)
    page = site.view.page(
        "pricing.html",
        plans=[(plan, money.shown(plan.price, plan.currency)) for plan in found],
        can_buy=platform.shop is not None,
        is_test=platform.shop is not None and platform.shop.checkout.is_test,
        joining=platform.joining,
        is_by_voucher=is_by_voucher(platform.joining),
        is_cancelled="cancelled" in request.query_params,
    )
    page.headers["Content-Security-Policy"] = policy(platform)
    return page


async def submit_purchase(request: AnyRequest, platform: GivenPlatform) -> Redirect:
    """Begin to buy a plan: the browser goes on to Stripe."""
    plan_id = parse_id((await forms.read(request)).get("plan", ""))
    if platform.shop is None or plan_id is None:
        raise NotFound("This cannot be bought here. Open the prices again.")
    platform.shop.admit(network_of(request), now=time.monotonic())
    return see_other(await purchases.start(platform, platform.shop, plan_id, today=utc_today()))


def policy(platform: Platform) -> str:
    """Browsers hold `form-action` against where a form is led on to: here, to Stripe's page."""
    if platform.shop is None:
        return CSP
    return CSP.replace("form-action 'self'", f"form-action 'self' {platform.shop.checkout.pages}")
