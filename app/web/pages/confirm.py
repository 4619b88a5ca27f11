"""The password once more, before what is sensitive: the page that asks for it, and the way on afterwards."""

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter
from litestar.response.redirect import Redirect

from app.core.auth.sessions import service as sessions
from app.errors import Invalid, LimitReached
from app.lib.times import utc_now
from app.web import confirmation, csrf, forms
from app.web.forms import AnyRequest, Faults
from app.web.pending import user_agent
from app.web.session import GivenSession, cookie_of, local_path
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other


async def show_confirm(
    site: GivenSite,
    session: GivenSession,
    following: Annotated[str, QueryParameter(name="next")] = "",
) -> Response[str]:
    """The form that asks for the password."""
    return confirmation.page(site.view, session, path=local_path(following))


async def submit_confirm(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """With the right password a new session, and on: to the page, or to the form that is to be sent once more."""
    fields = await forms.read_all(request)
    form = dict(fields)
    path = local_path(form.get("next", ""))
    kept = confirmation.kept_in(fields) if form.get("method") == "POST" else None
    try:
        await confirmation.check_password(platform, session, form.get("password", ""))
    except (Invalid, LimitReached) as error:
        status = 429 if isinstance(error, LimitReached) else 422
        return confirmation.page(site.view, session, path=path, kept=kept, faults=Faults.of(error), status=status)
    async with platform.db.transaction() as conn:
        new = await sessions.renew(conn, session.actor, user_agent=user_agent(request), now=utc_now())
    answer: Response[str] | Redirect
    if kept is None:
        answer = see_other(path)
    else:
        token = csrf.token(platform.instance, new.session_id)
        answer = site.view.page("confirmed.html", path=path, kept=kept, csrf=token)
    answer.set_cookie(cookie_of(site, new))
    return answer
