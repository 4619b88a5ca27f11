"""Accounts as administrators see them: a list, and one with what can be done about it. Never what is in them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits, Usage
from app.core.administration import audit, suspensions
from app.core.administration.members import service as members
from app.core.administration.members.model import SHOWS, Listing, MemberRow
from app.core.administration.model import SUSPENSION_REASONS, NewSuspension
from app.core.platform import Platform
from app.errors import Conflict, FieldError, Invalid
from app.lib.times import utc_now, utc_today
from app.web import forms
from app.web.administration import GivenAdmin, GivenFreshAdmin
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.paging import Turn, address, turned
from app.web.session import Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_PAGE = 50
_ROOM = 36_000
_ROW_BYTES = 700
_NOTED = 10
_MB = 1_000_000
_MEGABYTES = re.compile(r"([0-9]{1,10})(\.[0-9]{1,6})?\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_DONE: Mapping[str, str] = {
    "limits": "The limits are changed.",
    "suspended": "The account is suspended. Its owner reads why when signing in.",
    "restored": "The account is restored: it is again as it was.",
    "granted": "The account is an administrator's now.",
    "revoked": "The account is an ordinary one now.",
    "deletion": "The account is to be deleted. Until its day comes you can keep it after all.",
    "kept": "The account is kept. It is still suspended.",
}


async def show_accounts(
    platform: GivenPlatform,
    site: GivenSite,
    admin: GivenAdmin,
    q: FromQuery[str] = "",
    show: FromQuery[str] = "all",
    before: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
) -> Response[str] | Redirect:
    """Accounts, newest first: all, or those of a beginning of a login, an id, a kind or a status."""
    listing = Listing(text=q[:100], show=next((one for one in SHOWS if one == show), "all"))
    turn = Turn(before=before, after=after)
    query = {name: value for name, value in (("q", listing.text), ("show", listing.show)) if value not in {"", "all"}}
    here = address("/admin/accounts", urlencode(query))
    async with platform.db.connection() as conn:
        found = await members.page(conn, listing, before=turn.before, after=turn.after, limit=_PAGE + 1)
    page = turned(found, turn, _PAGE, _account_id, room=_ROOM, weigh=lambda _: _ROW_BYTES)
    if page is None:
        return see_other(here)
    return site.view.page("admin_accounts.html", session=admin, page=page, listing=listing, here=here)


async def show_account(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, admin: GivenAdmin, account_id: FromPath[UUID]
) -> Response[str]:
    """One account: what it may have, what it holds, what was done to it."""
    return await _page(request, platform, site, admin, account_id)


async def submit_limits(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    fresh_admin: GivenFreshAdmin,
    account_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Change what the account may have."""
    form = await forms.read(request)
    try:
        limits = _limits(form)
        async with platform.db.transaction() as conn:
            account = await accounts.get(conn, account_id)
            await members.change_limits(conn, fresh_admin.actor, account, limits)
    except Invalid as error:
        told = Faults.of(error)
        faults = Faults(
            told.summary, {name.replace("storage_limit", "storage"): one for name, one in told.fields.items()}
        )
        return await _page(request, platform, site, fresh_admin, account_id, form=form, faults=faults)
    return _done(account_id, "limits")


async def submit_suspension(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    fresh_admin: GivenFreshAdmin,
    account_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Suspend the account, with a reason for its owner."""
    form = await forms.read(request)
    try:
        new = NewSuspension(reason=suspensions.read_reason(form.get("reason", "")), words=form.get("words", ""))
        async with platform.db.transaction() as conn:
            account = await accounts.get(conn, account_id)
            await suspensions.suspend_account(conn, platform.instance, fresh_admin.actor, account, new, now=utc_now())
    except (Invalid, Conflict) as error:
        return await _page(request, platform, site, fresh_admin, account_id, form=form, faults=Faults.of(error))
    return _done(account_id, "suspended")


async def submit_restoration(
    platform: GivenPlatform, fresh_admin: GivenFreshAdmin, account_id: FromPath[UUID]
) -> Redirect:
    """End the suspension."""
    async with platform.db.transaction() as conn:
        account = await accounts.get(conn, account_id)
        await suspensions.restore_account(conn, fresh_admin.actor, account, now=utc_now())
    return _done(account_id, "restored")


async def submit_role(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    fresh_admin: GivenFreshAdmin,
    account_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Make the account an administrator's, or an ordinary one."""
    form = await forms.read(request)
    is_admin = form.get("role") == "admin"
    try:
        async with platform.db.transaction() as conn:
            account = await accounts.get(conn, account_id)
            await members.set_admin(conn, fresh_admin.actor, account, is_admin=is_admin)
    except Conflict as error:
        return await _page(request, platform, site, fresh_admin, account_id, faults=Faults.of(error))
    if account_id == fresh_admin.actor.account_id and not is_admin:
        return see_other("/settings")
    return _done(account_id, "granted" if is_admin else "revoked")


async def submit_deletion(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    fresh_admin: GivenFreshAdmin,
    account_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Have a suspended account deleted in thirty days, or keep it after all."""
    form = await forms.read(request)
    is_kept = form.get("do") == "keep"
    try:
        async with platform.db.transaction() as conn:
            account = await accounts.get(conn, account_id)
            if is_kept:
                await members.cancel_deletion(conn, fresh_admin.actor, account)
            else:
                typed = form.get("login", "")
                await members.ask_deletion(conn, fresh_admin.actor, account, typed=typed, today=utc_today())
    except (Invalid, Conflict) as error:
        return await _page(request, platform, site, fresh_admin, account_id, form=form, faults=Faults.of(error))
    return _done(account_id, "kept" if is_kept else "deletion")


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    admin: Session,
    account_id: UUID,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    async with platform.db.connection() as conn:
        member = await members.get(conn, account_id)
        suspension = await suspensions.of_account(conn, platform.instance, account_id)
        noted = await audit.page(conn, account_id=account_id, limit=_NOTED)
    account = member.account
    limits = {
        "storage": f"{account.storage_limit / _MB:.6f}".rstrip("0").rstrip("."),
        "alias_limit": str(account.alias_limit),
        "domain_limit": str(account.domain_limit),
    }
    return site.view.page(
        "admin_account.html",
        status=422 if faults.summary else 200,
        session=admin,
        member=member,
        suspension=suspension,
        noted=noted,
        reasons=SUSPENSION_REASONS,
        notice=Notice(text=_DONE.get(request.query_params.get("done", ""), "")),
        form=limits | dict(form or {}),
        faults=faults,
    )


def _limits(form: Form) -> Limits:
    """What the form says; storage in MB, to the byte. Raises Invalid with every fault."""
    storage, aliases, domains = (form.get(name, "").strip() for name in ("storage", "alias_limit", "domain_limit"))
    faults = []
    if not _MEGABYTES.match(storage):
        faults.append(FieldError(field="storage", message="Write a number of megabytes, such as 10000 or 0.5."))
    for field, text in (("alias_limit", aliases), ("domain_limit", domains)):
        if not _NUMBER.match(text):
            faults.append(FieldError(field=field, message="Write a whole number."))
    if faults:
        raise Invalid("The limits cannot be set like this.", fields=faults)
    size = int(Decimal(storage) * _MB)
    return Limits(storage_limit=size, alias_limit=int(aliases), domain_limit=int(domains))


def _done(account_id: UUID, what: str) -> Redirect:
    return see_other(f"/admin/accounts/{account_id}?done={what}")


def _account_id(item: tuple[MemberRow, Usage]) -> UUID:
    return item[0].account_id
