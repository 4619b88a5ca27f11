"""Signing in, second step: the code of the owner's app, or a backup code."""

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter
from litestar.response.redirect import Redirect

from app.core.auth.sessions import service as sessions
from app.errors import Invalid, LimitReached, Unauthenticated
from app.lib.times import utc_now
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults
from app.web.pending import GivenPending, Pending, user_agent
from app.web.session import cookie_of, local_path
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_WRONG = (
    "This is no code that is right now, or it was used already. Wait until your app shows the next one. "
    "If none is taken, the clock of your phone may be wrong: use a backup code."
)


async def show_code(
    site: GivenSite, pending: GivenPending, following: Annotated[str, QueryParameter(name="next")] = ""
) -> Response[str]:
    """The form that asks for a code."""
    return _page(site, pending, following)


async def submit_code(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, pending: GivenPending
) -> Response[str] | Redirect:
    """With a right code a session with another id, and on; at the tenth wrong one, back to the beginning."""
    form = await forms.read(request)
    following = form.get("next", "")
    try:
        async with platform.db.transaction() as conn:
            new = await sessions.complete(
                conn, pending.actor, form.get("code", ""), user_agent=user_agent(request), now=utc_now()
            )
    except Invalid as error:
        return _page(site, pending, following, Faults.of(error))
    except LimitReached as error:
        return _page(site, pending, following, Faults(error.detail, {"code": error.detail}), status=429)
    except Unauthenticated:
        text = "Too many codes were wrong, or this took too long. Please begin again."
        return site.view.page("login.html", status=422, form={}, following=following, faults=Faults(text, {}))
    if new is None:
        return _page(site, pending, following, Faults(_WRONG, {"code": _WRONG}))
    answer = see_other(local_path(following))
    answer.set_cookie(cookie_of(site, new))
    return answer


def _page(
    site: Site, pending: Pending, following: str, faults: Faults = NO_FAULTS, *, status: int = 422
) -> Response[str]:
    return site.view.page(
        "login_code.html",
        status=status if faults.summary else 200,
        csrf=pending.csrf,
        following=following,
        faults=faults,
    )
