"""The account's plan, and vouchers that give it more."""

import time

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.accounts import service as accounts
from app.core.aliases.limits import service as limits
from app.core.auth.guessing import Origin
from app.core.billing import plans, vouchers
from app.core.platform import Platform
from app.core.security import events
from app.errors import Invalid, LimitReached
from app.lib.times import utc_now, utc_today
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.origins import network_of
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other


async def show_plan(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """What the account has, and the form for a code."""
    return await _page(platform, site, session, is_redeemed="redeemed" in request.query_params)


async def submit_voucher(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Redeem a voucher."""
    form = await forms.read(request)
    account_id = session.actor.account_id
    try:
        platform.guesses.admit_code(Origin(network=network_of(request)), now=time.monotonic())
        async with platform.db.transaction() as conn:
            await vouchers.upgrade(conn, form.get("voucher", ""), account_id=account_id, today=utc_today())
            await events.note(conn, account_id, "voucher_redeemed", now=utc_now())
    except (Invalid, LimitReached) as error:
        status = 429 if isinstance(error, LimitReached) else 422
        return await _page(platform, site, session, form=form, faults=Faults.of(error), status=status)
    return see_other("/settings/plan?redeemed=1")


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    is_redeemed: bool = False,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    status: int = 200,
) -> Response[str]:
    account_id = session.actor.account_id
    async with platform.db.connection() as conn:
        account = await accounts.get(conn, account_id)
        held = await plans.held(conn, account_id)
        usage = await accounts.usage(conn, account_id)
        allowance = await limits.allowance(conn, account_id)
        on_sale = await plans.on_sale(conn)
    return site.view.page(
        "plan.html",
        status=status,
        session=session,
        account=account,
        held=held,
        usage=usage,
        allowance=allowance,
        is_anything_on_sale=bool(on_sale),
        is_redeemed=is_redeemed,
        form=form or {},
        faults=faults,
    )
