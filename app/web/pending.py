"""Who has given the password and not yet the second factor: a session that reaches one page alone."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.core.auth import service as auth
from app.core.auth.model import Actor
from app.errors import Unauthenticated
from app.lib.times import utc_now
from app.web import csrf, forms
from app.web.site import GivenPlatform, GivenSite


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor whose second factor is outstanding. No `Session`, so that no other handler takes it."""

    actor: Actor
    csrf: str

    def __repr__(self) -> str:
        return f"Pending({self.actor!r})"


GivenPending = NamedDependency[SkipValidation[Pending]]


async def provide_pending(request: Request[Any, Any, Any], platform: GivenPlatform, site: GivenSite) -> Pending:
    """The pending session of this request. Raises Unauthenticated, and Forbidden for a form without its token."""
    async with platform.db.connection() as conn:
        cookie = request.cookies.get(site.cookie_name, "")
        actor = await auth.by_pending_session(conn, platform.instance, cookie, now=utc_now())
    if actor.session_id is None:
        raise Unauthenticated
    if request.method == "POST":
        sent = (await forms.read(request)).get(csrf.FIELD, "")
        csrf.check_token(platform.instance, actor.session_id, sent)
    return Pending(actor=actor, csrf=csrf.token(platform.instance, actor.session_id))


def code_path(path: str) -> str:
    """The page that asks for the second factor, and leads to `path` afterwards."""
    return f"/login/code?next={quote(path, safe='/')}"


def user_agent(request: Request[Any, Any, Any]) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")
