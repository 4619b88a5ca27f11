"""Deleting the account: the page that says what it means, the way back, and the end."""

import asyncio
from datetime import date, timedelta

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.auth import service as auth
from app.core.platform import Platform
from app.core.privacy import deletion
from app.errors import Conflict, Unavailable
from app.lib.times import utc_now, utc_today
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.origins import mark_removed
from app.web.session import GivenFreshSession, GivenLeavingSession, Session, cookie_removed
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_PATIENCE_SECONDS = 10.0
"""How long a browser waits for the end of a deletion; the worker goes on with a longer one."""


async def show_deletion(platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession) -> Response[str]:
    """What deleting means, and the choice between thirty days and now."""
    return _deletion(platform, site, fresh)


async def submit_deletion(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession
) -> Response[str] | Redirect:
    """Ask for it, or do it."""
    form = await forms.read(request)
    faults = _faults(form, fresh)
    if faults.summary:
        return _deletion(platform, site, fresh, form=form, faults=faults, status=422)
    try:
        async with platform.db.transaction() as conn:
            if form.get("when") == "now":
                await deletion.assert_not_alone(conn, fresh.actor)
            else:
                await deletion.ask(conn, fresh.actor, now=utc_now())
    except Conflict as error:
        return _deletion(platform, site, fresh, form=form, faults=Faults.of(error), status=409)
    return await _end(platform, site, fresh) if form.get("when") == "now" else see_other("/leaving")


async def show_leaving(platform: GivenPlatform, site: GivenSite, leaving: GivenLeavingSession) -> Response[str]:
    """Until when one can come back, and what happens meanwhile."""
    return await _leaving(platform, site, leaving)


async def submit_leaving(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, leaving: GivenLeavingSession
) -> Response[str] | Redirect:
    """Come back, or do not wait for the day."""
    form = await forms.read(request)
    if form.get("do") == "stay":
        try:
            async with platform.db.transaction() as conn:
                await deletion.come_back(conn, leaving.actor, now=utc_now())
        except Conflict as error:
            return await _leaving(platform, site, leaving, faults=Faults.of(error), status=409)
        return see_other("/inbox")
    faults = _faults(form, leaving)
    if not leaving.actor.is_fresh(now=utc_now()):
        faults = Faults("Sign out and in again first: deleting needs a password given in the last ten minutes.", {})
    if faults.summary:
        return await _leaving(platform, site, leaving, form=form, faults=faults, status=422)
    return await _end(platform, site, leaving)


async def submit_departure(platform: GivenPlatform, site: GivenSite, leaving: GivenLeavingSession) -> Redirect:
    """Sign out, and leave the account to its day."""
    async with platform.db.transaction() as conn:
        await auth.end_session(conn, leaving.actor)
    answer = see_other("/")
    answer.set_cookie(cookie_removed(site))
    return answer


def _faults(form: Form, session: Session) -> Faults:
    """Deleting at once takes the login name, typed: a slip of the finger must not do it."""
    if form.get("when") not in {"later", "now"}:
        text = "Choose when."
        return Faults(text, {"when": text})
    if form.get("when") == "now" and form.get("login", "").strip().casefold() != session.actor.login:
        text = f"Type {session.actor.login}, your login name, to delete the account at once."
        return Faults(text, {"login": text})
    return NO_FAULTS


def _deletion(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    status: int = 200,
) -> Response[str]:
    keys = platform.instance.account_keys
    return site.view.page(
        "deletion.html",
        status=status,
        session=session,
        form=form or {"when": "later"},
        faults=faults,
        last_day=_told(utc_today() + deletion.GRACE),
        is_shredded=keys is not None and keys.get(session.actor.account_id) != b"",
    )


async def _leaving(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    status: int = 200,
) -> Response[str]:
    async with platform.db.connection() as conn:
        day = await deletion.day_of(conn, session.actor.account_id)
    return site.view.page(
        "leaving.html",
        status=status,
        session=session,
        form=form or {},
        faults=faults,
        last_day=_told(day or utc_today()),
        is_fresh=session.actor.is_fresh(now=utc_now()),
    )


def _told(day: date) -> str:
    """The last day on which one can come back: that of the deletion begins at midnight."""
    return (day - timedelta(days=1)).isoformat()


async def _end(platform: Platform, site: Site, session: Session) -> Response[str]:
    account_id, now = session.actor.account_id, utc_now()
    await deletion.begin(platform, account_id, now=now)
    is_complete = True
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await deletion.finish(platform, account_id, now=now)
    except (TimeoutError, Unavailable):
        is_complete = False
    answer = site.view.page("deleted.html", is_complete=is_complete)
    answer.set_cookie(cookie_removed(site))
    answer.set_cookie(mark_removed(site))
    return answer
