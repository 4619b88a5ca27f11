"""One alias: what is known of it, its settings, and its end."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.administration import suspensions
from app.core.aliases import expiry
from app.core.aliases import service as aliases
from app.core.categories import service as categories
from app.core.platform import Platform
from app.errors import Conflict, Invalid
from app.lib.times import utc_now
from app.web import alias_forms, alias_lists, forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_SAVED = Notice(text="Saved.")
_NOTHING = "Nothing was changed: it is so already."


async def show_alias(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, alias_id: FromPath[UUID]
) -> Response[str]:
    """The page of one alias, also of one that is archived or deleted."""
    return await _page(request, platform, site, session, alias_id)


async def submit_settings(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, alias_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Keep what the form of the settings says."""
    form, actor, now = await forms.read(request), session.actor, utc_now()
    try:
        async with platform.db.transaction() as conn:
            alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
            patch, wrong = alias_forms.patch(form, alias)
            await aliases.update(conn, actor.account_id, actor.keyring, alias_id, patch, now=now, faults=wrong)
    except (Invalid, Conflict) as error:
        return await _page(request, platform, site, session, alias_id, form=form, faults=Faults.of(error))
    return see_other(f"/aliases/{alias_id}?saved=1")


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    session: Session,
    alias_id: UUID,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    actor, query, now = session.actor, request.query_params, utc_now()
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        sorts = await categories.everything(conn, actor.account_id, actor.keyring)
        suspension = None
        if alias.is_suspended:
            suspension = await suspensions.of_alias(conn, platform.instance, actor.account_id, alias_id)
    local_part, _, domain = alias.address.partition("@")
    return site.view.page(
        "alias.html",
        status=422 if faults.summary else 200,
        session=session,
        alias=alias,
        suspension=suspension,
        ended=expiry.ending_of(alias, now=now),
        last_day=alias_forms.last_day(alias.expires_at).isoformat() if alias.expires_at else "",
        tagged=f"{local_part}+anything@{domain}",
        categories={category.category_id: category for category in sorts},
        notice=_SAVED if query.get("saved") else alias_lists.notice(query, nothing=_NOTHING),
        form=form if form is not None else alias_forms.fields_of(alias),
        faults=faults,
    )
