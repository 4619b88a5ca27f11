"""The account's security at a glance: password, second factor, who can open the mail, sessions, and what happened."""

from typing import Annotated
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, QueryParameter
from litestar.response.redirect import Redirect

from app.core.auth import passwords
from app.core.auth.second_factor import service as second_factor
from app.core.auth.sessions import service as sessions
from app.core.feeds import service as feeds
from app.core.security import events
from app.lib.ids import parse_id
from app.lib.times import utc_now
from app.web.forms import AnyRequest
from app.web.notices import Notice, counted, number_in
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_NEWEST = 10
_PAGE = 50
_SAID = {
    "password": "The password is changed. All other sessions have ended.",
    "off": "The second factor is off. Signing in needs the password alone.",
    "unsealed": "The account is no longer sealed: the service holds its key again.",
    "removed": "The recovery code is worth nothing from now on.",
    "ended": "That session has ended.",
}


async def show_security(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """All of it; `said` tells what has just been done."""
    async with platform.db.connection() as conn:
        factor = await second_factor.find(conn, session.actor)
        code_made_on = await passwords.recovery_code_made_on(conn, session.actor)
        found = await sessions.listed(conn, session.actor, now=utc_now())
        newest = await events.page(conn, session.actor, before=None, limit=_NEWEST)
        feed = await feeds.find(conn, session.actor.account_id)
    return site.view.page(
        "security.html",
        session=session,
        factor=factor,
        code_made_on=code_made_on,
        sessions=found,
        events=newest,
        is_sealed=session.actor.kind == "sealed",
        has_open_feed=feed is not None and feed.shows_mail,
        notice=Notice(text=_said(request)),
    )


async def show_events(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    before: Annotated[str, QueryParameter(name="before")] = "",
) -> Response[str]:
    """What happened in the last 90 days, a page at a time."""
    async with platform.db.connection() as conn:
        found = await events.page(conn, session.actor, before=parse_id(before), limit=_PAGE + 1)
    older = found[_PAGE - 1].event_id if len(found) > _PAGE else None
    return site.view.page("security_events.html", session=session, events=found[:_PAGE], older=older, before=before)


async def submit_session_end(platform: GivenPlatform, session: GivenSession, session_id: FromPath[UUID]) -> Redirect:
    """Sign out one of the account's sessions."""
    async with platform.db.transaction() as conn:
        await sessions.end(conn, session.actor, session_id, now=utc_now())
    return see_other("/settings/security?said=ended#sessions")


async def submit_others_end(platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Sign out all sessions but this one."""
    async with platform.db.transaction() as conn:
        count = await sessions.end_others(conn, session.actor, now=utc_now())
    return see_other(f"/settings/security?others={count}#sessions")


def _said(request: AnyRequest) -> str:
    others = number_in(request.query_params, "others", 1_000_000)
    if others is not None:
        return f"{counted(others, 'other session')} ended." if others else "There was no other session."
    return _SAID.get(request.query_params.get("said", ""), "")
