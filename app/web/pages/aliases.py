"""The aliases: making, listing and switching them."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.aliases import listing
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, AliasPatch, Listing, NewAlias, Place
from app.core.domains import service as domains
from app.core.platform import Platform
from app.errors import Conflict, Invalid, NotFound
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import forms
from app.web.fitting import fitting, weight
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

PAGE = 100
_ROOM, _ALIAS_BYTES = 40_000, 750
"""Bytes of the list, and of one alias without its texts."""


async def show_aliases(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    before: FromQuery[UUID | None] = None,
    made: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form for a new alias, then a hundred of them or as many as fit, newest first; `made` is shown on top."""
    return await _page(platform, site, session, before=before, made=made)


async def submit_alias(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Make an alias: by hand, or at random where the name is left empty."""
    form = await forms.read(request)
    new = NewAlias(
        domain=form.get("domain") or None,
        local_part=form.get("local_part", "").strip() or None,
        description=form.get("description", ""),
    )
    actor = session.actor
    try:
        async with platform.db.transaction() as conn:
            alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())
    except (Invalid, Conflict) as error:
        return await _page(platform, site, session, form=form, faults=Faults.of(error))
    return see_other(f"/aliases?made={alias.alias_id}")


async def submit_enabled(
    request: AnyRequest, platform: GivenPlatform, session: GivenSession, alias_id: FromPath[UUID]
) -> Redirect:
    """Switch an alias on or off."""
    form = await forms.read(request)
    choice = {"yes": True, "no": False}.get(form.get("is_enabled", ""))
    if choice is None:
        raise Invalid.field("is_enabled", "Choose yes or no.")
    actor = session.actor
    async with platform.db.transaction() as conn:
        patch = AliasPatch(is_enabled=choice)
        await aliases.update(conn, actor.account_id, actor.keyring, alias_id, patch, now=utc_now())
    return see_other(f"/aliases#alias-{alias_id}")


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    before: UUID | None = None,
    made: UUID | None = None,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    actor = session.actor
    after = Place(alias_id=before) if before else None
    async with platform.db.connection() as conn:
        found = await listing.page(
            conn, actor.account_id, actor.keyring, Listing(), after=after, limit=PAGE + 1, now=utc_now()
        )
        offered = await domains.offered(conn, actor.account_id)
        new_alias = await _made(conn, session, made)
    count = fitting(map(_bytes, found[:PAGE]), _ROOM)
    return site.view.page(
        "aliases.html",
        status=422 if faults.summary else 200,
        session=session,
        aliases=found[:count],
        older=found[count - 1].alias_id if len(found) > count else None,
        is_first=before is None,
        domains=offered,
        made=new_alias,
        form=form or {},
        faults=faults,
    )


def _bytes(alias: Alias) -> int:
    return _ALIAS_BYTES + 3 * weight(alias.address) + weight(alias.description)


async def _made(conn: Conn, session: Session, alias_id: UUID | None) -> Alias | None:
    if alias_id is None:
        return None
    actor = session.actor
    try:
        return await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
    except NotFound:
        return None
