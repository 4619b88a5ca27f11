"""API keys: which there are, making one, which is shown once, naming and revoking them."""

from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.aliases import service as aliases
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import MadeKey, NewKey
from app.core.auth.scopes import SCOPES
from app.core.platform import Platform
from app.errors import Invalid, LimitReached
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import forms, scopes
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice, counted, number_in
from app.web.session import GivenFreshSession, GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_FIRST: Form = {"preset": "passwords", "lasts": "ever"}


async def show_keys(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """All of them, and the form for a new one."""
    revoked = number_in(request.query_params, "revoked", keys.MAX_KEYS)
    text = f"{counted(revoked, 'key')} revoked: worth nothing from now on." if revoked else ""
    return await _page(platform, site, session, notice=Notice(text=text))


async def submit_key(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession
) -> Response[str]:
    """Make one. It is on the page that answers, and on none after that."""
    fields = await forms.read_all(request)
    form = dict(fields) | {"scopes": " ".join(value for name, value in fields if name == "scopes")}
    try:
        async with platform.db.transaction() as conn:
            made = await keys.make(conn, fresh.actor, await _new(conn, fresh, form), now=utc_now())
    except (Invalid, LimitReached) as error:
        return await _page(platform, site, fresh, form=form, faults=Faults.of(error))
    return await _page(platform, site, fresh, made=made)


async def show_key(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, key_id: FromPath[UUID]
) -> Response[str]:
    """What one may do; renaming and revoking it."""
    text = "Saved." if "saved" in request.query_params else ""
    return await _one(platform, site, session, key_id, notice=Notice(text=text))


async def submit_change(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, key_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Rename one."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            await keys.rename(conn, session.actor, key_id, form.get("name", ""))
    except Invalid as error:
        return await _one(platform, site, session, key_id, form=form, faults=Faults.of(error))
    return see_other(f"/keys/{key_id}?saved=1")


async def submit_revocation(platform: GivenPlatform, session: GivenSession, key_id: FromPath[UUID]) -> Redirect:
    """Revoke one, and those that were made with it."""
    async with platform.db.transaction() as conn:
        count = await keys.revoke(conn, session.actor, key_id)
    return see_other(f"/keys?revoked={count}")


async def _new(conn: Conn, session: Session, form: Form) -> NewKey:
    """What the form asks for. Raises Invalid."""
    lasts = scopes.LIFETIMES.get(form.get("lasts", ""), ("", None))[1]
    ticked = frozenset(scope for scope in SCOPES if scope in form["scopes"].split())
    place = form.get("place", "").strip().lower()
    alias_id, domain = None, None
    if place.startswith("@"):
        domain = place[1:]
    elif place:
        alias_id = await aliases.find(conn, session.actor.account_id, place)
        if alias_id is None:
            text = "You have no such alias. Write its whole address, or a domain as in @example.org."
            raise Invalid.field("place", text)
    return NewKey(
        name=form.get("name", ""),
        scopes=scopes.PRESETS[form["preset"]][1] if form.get("preset") in scopes.PRESETS else ticked,
        alias_id=alias_id,
        domain=domain,
        expires_at=utc_now() + lasts if lasts else None,
    )


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    made: MadeKey | None = None,
    form: Form = _FIRST,
    faults: Faults = NO_FAULTS,
    notice: Notice | None = None,
) -> Response[str]:
    async with platform.db.connection() as conn:
        found = await keys.listed(conn, session.actor)
    return site.view.page(
        "keys.html",
        status=422 if faults.summary else 200,
        session=session,
        keys=[(one, scopes.summary(one.scopes)) for one in found],
        made=made,
        groups=scopes.GROUPS,
        presets=scopes.PRESETS,
        lifetimes=scopes.LIFETIMES,
        notice=notice or Notice(text=""),
        form=form,
        faults=_beside(faults),
    )


async def _one(
    platform: Platform,
    site: Site,
    session: Session,
    key_id: UUID,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    notice: Notice | None = None,
) -> Response[str]:
    async with platform.db.connection() as conn:
        one = await keys.get(conn, session.actor, key_id)
        others = keys.made_with(await keys.listed(conn, session.actor), key_id)
    return site.view.page(
        "key.html",
        status=422 if faults.summary else 200,
        session=session,
        one=one,
        may=[scopes.WORDS[scope] for scope in one.scopes],
        others=others,
        notice=notice or Notice(text=""),
        form=form or {"name": one.name},
        faults=faults,
    )


def _beside(faults: Faults) -> Faults:
    """What core calls `alias_id` and `domain` is one field here."""
    renamed = {"alias_id": "place", "domain": "place"}
    fields = {renamed.get(name, name): text for name, text in faults.fields.items()}
    return msgspec.structs.replace(faults, fields=fields)
