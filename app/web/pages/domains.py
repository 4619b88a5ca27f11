"""The account's domains: adding and proving them, where their unknown addresses go; and the shared ones."""

from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.administration import shared_domains
from app.core.aliases import service as aliases
from app.core.domains import checking, names, owned, records
from app.core.domains import service as domains
from app.core.domains.model import CATCH_ALL_MODES, PATTERN_KINDS, CatchAll, OwnDomain, Pattern
from app.core.platform import Platform
from app.errors import Conflict, Invalid, LimitReached
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import GivenFreshSession, GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_NO_FORM: Form = {}


async def show_domains(platform: GivenPlatform, site: GivenSite, session: GivenSession) -> Response[str]:
    """The account's domains, the form that adds one, and the shared ones."""
    return await _list(platform, site, session)


async def submit_domain(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Add a domain; its page says which records to set."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            made = await owned.add(platform, conn, session.actor, form.get("domain", ""), now=utc_now())
    except (Invalid, Conflict, LimitReached) as error:
        return await _list(platform, site, session, form=form, faults=Faults.of(error))
    return see_other(f"/domains/{made.domain}")


async def show_domain(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, domain: FromPath[str]
) -> Response[str]:
    """A domain's records as they are to be and as they are, and its settings; `saved` says that these just changed."""
    return await _page(platform, site, session, domain, is_saved="saved" in request.query_params)


async def submit_check(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, domain: FromPath[str]
) -> Response[str] | Redirect:
    """Ask DNS now."""
    try:
        checked = await checking.check_now(platform, session.actor, names.asked_name(domain), now=utc_now())
    except LimitReached as error:
        return await _page(platform, site, session, domain, faults=Faults.of(error), status=429)
    return see_other(f"/domains/{checked.domain}#records")


async def submit_catch_all(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, domain: FromPath[str]
) -> Response[str] | Redirect:
    """Say where mail for unknown addresses goes."""
    form, name = await forms.read(request), names.asked_name(domain)
    try:
        async with platform.db.transaction() as conn:
            choice = await _choice(conn, session, form)
            await owned.set_catch_all(platform, conn, session.actor, name, choice)
    except Invalid as error:
        return await _page(platform, site, session, domain, form=form, faults=Faults.of(error), status=422)
    return see_other(f"/domains/{name}?saved=1#catch-all")


async def submit_delete(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, domain: FromPath[str]
) -> Response[str] | Redirect:
    """Delete the domain, once that is ticked."""
    form = await forms.read(request)
    if form.get("is_sure") != "yes":
        text = "Tick that you want this, and press the button again."
        return await _page(platform, site, session, domain, faults=Faults(text, {"is_sure": text}), status=422)
    async with platform.db.transaction() as conn:
        await owned.delete(conn, session.actor, names.asked_name(domain), now=utc_now())
    return see_other("/domains")


async def submit_shared(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession
) -> Response[str] | Redirect:
    """Add a shared domain; for administrators."""
    owned.assert_admin(fresh.actor)
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            await shared_domains.add(conn, fresh.actor, form.get("shared", ""), now=utc_now())
    except (Invalid, Conflict) as error:
        return await _list(platform, site, fresh, form=form, faults=Faults(error.detail, {"shared": error.detail}))
    return see_other("/domains#shared-domains")


async def submit_default(platform: GivenPlatform, fresh: GivenFreshSession, domain: FromPath[str]) -> Redirect:
    """Offer this shared domain first; for administrators."""
    owned.assert_admin(fresh.actor)
    async with platform.db.transaction() as conn:
        await shared_domains.make_default(conn, fresh.actor, domain)
    return see_other("/domains#shared-domains")


async def submit_removal(
    platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession, domain: FromPath[str]
) -> Response[str] | Redirect:
    """Remove a shared domain that nobody has used; for administrators."""
    owned.assert_admin(fresh.actor)
    try:
        async with platform.db.transaction() as conn:
            await shared_domains.remove(conn, fresh.actor, domain)
    except Conflict as error:
        return await _list(platform, site, fresh, faults=Faults.of(error), status=409)
    return see_other("/domains#shared-domains")


async def _list(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    form: Form = _NO_FORM,
    faults: Faults = NO_FAULTS,
    status: int = 422,
) -> Response[str]:
    async with platform.db.connection() as conn:
        found = await owned.listed(platform, conn, session.actor)
        shared = await domains.listed(conn)
    return site.view.page(
        "domains.html",
        status=status if faults.summary else 200,
        session=session,
        domains=found,
        shared=[(one, names.as_read(one.domain)) for one in shared],
        form=form,
        faults=faults,
    )


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    domain: str,
    *,
    is_saved: bool = False,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    status: int = 200,
) -> Response[str]:
    actor = session.actor
    async with platform.db.connection() as conn:
        found = await owned.get(platform, conn, actor, names.asked_name(domain))
        alias_count = await owned.alias_count(conn, actor, found.domain)
        catcher = found.catch_all.alias_id
        caught_by = await aliases.get(conn, actor.account_id, actor.keyring, catcher) if catcher else None
        form = await _form(conn, session, found) if form is None else form
    return site.view.page(
        "domain.html",
        status=status,
        session=session,
        domain=found,
        zone=records.zone_text(found.records),
        alias_count=alias_count,
        lost_catcher=caught_by.address if caught_by is not None and caught_by.deleted_on else "",
        notice=Notice(text="Saved." if is_saved else ""),
        form=form,
        faults=faults,
    )


async def _form(conn: Conn, session: Session, domain: OwnDomain) -> Form:
    """The catch-all as the form's fields say it."""
    alias_id, pattern = domain.catch_all.alias_id, domain.catch_all.pattern
    found = await aliases.addresses_of(conn, session.actor.account_id, [alias_id]) if alias_id else {}
    return {
        "mode": domain.catch_all.mode,
        "alias_id": next(iter(found.values()), ""),
        "kind": pattern.kind if pattern else "all",
        "pattern": pattern.text if pattern else "",
    }


async def _choice(conn: Conn, session: Session, form: Form) -> CatchAll:
    """The catch-all that the fields say. Raises Invalid."""
    mode = next((one for one in CATCH_ALL_MODES if one == form.get("mode")), None)
    if mode is None:
        raise Invalid.field("mode", "Choose what happens to mail for unknown addresses.")
    kind = next((one for one in PATTERN_KINDS if one == form.get("kind")), None)
    address = form.get("alias_id", "").strip()
    alias_id = await aliases.find(conn, session.actor.account_id, address) if mode == "alias" else None
    return CatchAll(mode=mode, alias_id=alias_id, pattern=Pattern(kind, form.get("pattern", "")) if kind else None)
