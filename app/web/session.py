"""Who is signed in: the session cookie, and how handlers are given the session it stands for."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.core.auth import service as auth
from app.core.auth.model import Actor, NewSession
from app.core.platform import Platform
from app.errors import NotFound, Unauthenticated
from app.lib.times import utc_now
from app.web import csrf, forms
from app.web.site import GivenPlatform, GivenSite, Site

_LIFETIME_SECONDS = int(auth.SESSION_LIFETIME / timedelta(seconds=1))
_SECRET = re.compile(r"password|code|secret")
"""Names of fields whose values are never written into a page."""
_MOST_KEPT = 8000
_WAYS_IN = ("/login", "/confirm")
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}\Z")


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in visitor; `csrf` goes into every form of its pages."""

    actor: Actor
    csrf: str

    def __repr__(self) -> str:
        return f"Session({self.actor!r})"


class FreshSession(Session, frozen=True, kw_only=True):
    """A session whose owner has just given the password: what sensitive handlers take, as `fresh`."""


class PasswordNeeded(Unauthenticated):
    """The page of `session` is shown, or its form taken, once the password was given again.

    `path` is where it was to go; `kept` what the form held, less its secrets.
    """

    def __init__(self, session: Session, *, method: str, path: str, kept: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("Give your password once more, then go on.", code="password_needed")
        self.session = session
        self.method = method
        self.path = path
        self.kept = kept


GivenSession = NamedDependency[SkipValidation[Session]]
GivenFreshSession = NamedDependency[SkipValidation[FreshSession]]
GivenLeavingSession = NamedDependency[SkipValidation[Session]]
"""Of an account that is to be deleted; no other handler is given one."""


async def provide_session(request: Request[Any, Any, Any], platform: GivenPlatform, site: GivenSite) -> Session:
    """The session of this request. Raises Unauthenticated, and Forbidden for a form without the session's token.

    A handler that takes the session cannot be reached by a forged form.
    """
    session = await find(request, platform, site)
    if session is None:
        raise Unauthenticated
    if request.method == "POST":
        sent = (await forms.read(request)).get(csrf.FIELD, "")
        assert_of_session(platform, session, sent)
    return session


async def provide_fresh_session(request: Request[Any, Any, Any], session: GivenSession) -> FreshSession:
    """The session, if the password was given within ten minutes. Raises PasswordNeeded, which leads to /confirm."""
    if session.actor.is_fresh(now=utc_now()):
        return FreshSession(actor=session.actor, csrf=session.csrf)
    query = request.scope["query_string"].decode("ascii", "replace")
    path = request.url.path + (f"?{query}" if query else "")
    if request.method != "POST":
        raise PasswordNeeded(session, method="GET", path=path)
    raise PasswordNeeded(session, method="POST", path=path, kept=_kept(await forms.read_all(request)))


def _kept(fields: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """What may stand in a page meanwhile; nothing of a form that is large."""
    kept = [(name, value) for name, value in fields if name != csrf.FIELD and not _SECRET.search(name)]
    return kept if sum(len(name) + len(value) for name, value in kept) <= _MOST_KEPT else ()


async def provide_leaving_session(request: Request[Any, Any, Any], platform: GivenPlatform, site: GivenSite) -> Session:
    """The session of an account that is to be deleted; for everybody else there is nothing here.

    Raises NotFound, and Forbidden for a form without the session's token.
    """
    session = await find(request, platform, site, is_leaving=True)
    if session is None:
        raise NotFound
    if request.method == "POST":
        assert_of_session(platform, session, (await forms.read(request)).get(csrf.FIELD, ""))
    return session


async def find(
    request: Request[Any, Any, Any], platform: Platform, site: Site, *, is_leaving: bool = False
) -> Session | None:
    """The session whose cookie came with this request, if it is one; with `is_leaving` as `auth.by_session` says.

    Raises AccountLeaving, and Forbidden for suspended accounts.
    """
    cookie = request.cookies.get(site.cookie_name)
    if not cookie:
        return None
    try:
        async with platform.db.connection() as conn:
            actor = await auth.by_session(conn, platform.instance, cookie, now=utc_now(), is_leaving=is_leaving)
    except Unauthenticated:
        return None
    if actor.session_id is None:
        return None
    return Session(actor=actor, csrf=csrf.token(platform.instance, actor.session_id))


def assert_of_session(platform: Platform, session: Session, sent: str) -> None:
    """Raise Forbidden unless `sent` is the token of this session's forms."""
    if session.actor.session_id is not None:
        csrf.check_token(platform.instance, session.actor.session_id, sent)


def cookie_of(site: Site, new: NewSession) -> Cookie:
    """The cookie of a new session, for seven days."""
    return _cookie(site, new.cookie, _LIFETIME_SECONDS)


def cookie_removed(site: Site) -> Cookie:
    """What makes the browser forget the cookie."""
    return _cookie(site, "", 0)


def _cookie(site: Site, value: str, max_age: int) -> Cookie:
    return Cookie(
        key=site.cookie_name,
        value=value,
        max_age=max_age,
        path="/",
        secure=site.is_https,
        httponly=True,
        samesite="lax",
    )


def login_path(path: str) -> str:
    """The sign-in page that leads back to `path` afterwards."""
    return f"/login?next={quote(path, safe='/')}"


def confirm_path(path: str) -> str:
    """The page that asks for the password once more, and leads to `path` afterwards."""
    return f"/confirm?next={quote(path, safe='/')}"


def local_path(wanted: str) -> str:
    """Where to go after signing in: `wanted` if it is a path of this site, else the inbox."""
    return wanted if _LOCAL_PATH.match(wanted) and not wanted.startswith(_WAYS_IN) else "/inbox"
