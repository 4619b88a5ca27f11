"""Reports of abuse: an alias is found by the address that was reported, suspended with a reason, and restored."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.administration import suspensions
from app.core.administration.members import service as members
from app.core.administration.model import SUSPENSION_REASONS, NewSuspension
from app.core.platform import Platform
from app.errors import Conflict, Invalid
from app.lib.times import utc_today
from app.web import forms
from app.web.administration import GivenAdmin, GivenFreshAdmin
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_DONE = {
    "suspended": "The alias is suspended: mail for it is refused, and its owner sees why.",
    "restored": "The alias is restored: it is again as its owner has set it.",
}


async def show_reports(site: GivenSite, admin: GivenAdmin) -> Response[str]:
    """The form that takes a reported address."""
    return site.view.page("admin_reports.html", session=admin, form={}, faults=NO_FAULTS)


async def submit_report(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, fresh_admin: GivenFreshAdmin
) -> Response[str] | Redirect:
    """Find the alias of an address; the log tells that it was looked up. The address stands in no path."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            found = await members.look_up(conn, fresh_admin.actor, form.get("address", "")[:320])
    except Invalid as error:
        faults = Faults.of(error)
        return site.view.page("admin_reports.html", status=422, session=fresh_admin, form=form, faults=faults)
    return see_other(f"/admin/accounts/{found.account_id}/aliases/{found.alias_id}")


async def show_alias(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    admin: GivenAdmin,
    account_id: FromPath[UUID],
    alias_id: FromPath[UUID],
) -> Response[str]:
    """An alias that was looked up: whose it is, and whether it is suspended."""
    return await _page(request, platform, site, admin, account_id, alias_id)


async def submit_suspension(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    fresh_admin: GivenFreshAdmin,
    account_id: FromPath[UUID],
    alias_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Suspend the alias, or restore it."""
    form, actor = await forms.read(request), fresh_admin.actor
    is_restored = form.get("do") == "restore"
    try:
        async with platform.db.transaction() as conn:
            if is_restored:
                await suspensions.restore_alias(conn, actor, account_id, alias_id)
            else:
                reason = suspensions.read_reason(form.get("reason", ""))
                new = NewSuspension(reason=reason, words=form.get("words", ""))
                await suspensions.suspend_alias(
                    conn, platform.instance, actor, account_id, alias_id, new, today=utc_today()
                )
    except (Invalid, Conflict) as error:
        return await _page(
            request, platform, site, fresh_admin, account_id, alias_id, form=form, faults=Faults.of(error)
        )
    done = "restored" if is_restored else "suspended"
    return see_other(f"/admin/accounts/{account_id}/aliases/{alias_id}?done={done}")


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    admin: Session,
    account_id: UUID,
    alias_id: UUID,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    async with platform.db.connection() as conn:
        alias = await members.alias(conn, account_id, alias_id)
        suspension = await suspensions.of_alias(conn, platform.instance, account_id, alias_id)
    return site.view.page(
        "admin_alias.html",
        status=422 if faults.summary else 200,
        session=admin,
        alias=alias,
        suspension=suspension,
        reasons=SUSPENSION_REASONS,
        notice=Notice(text=_DONE.get(request.query_params.get("done", ""), "")),
        form=form or {},
        faults=faults,
    )
