"""Coming in and going out: the first account, signing in, signing out."""

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, QueryParameter
from litestar.response.redirect import Redirect

from app.core.accounts import service as accounts
from app.core.accounts.model import NewAccount
from app.core.administration import suspensions
from app.core.auth import service as auth
from app.core.auth.model import AccountSuspended, SignedIn
from app.core.auth.sessions import service as sessions
from app.core.domains.roles import give_roles
from app.core.joining import service as joining
from app.core.platform import Platform
from app.errors import Forbidden, Invalid, LimitReached, NotFound, Unauthenticated
from app.lib.times import utc_now, utc_today
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.origins import mark_of, origin_of
from app.web.pending import code_path, user_agent
from app.web.reasons import suspension_text
from app.web.session import GivenSession, Session, cookie_of, cookie_removed, find, local_path
from app.web.setup import is_setup_token
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other


async def show_setup(platform: GivenPlatform, site: GivenSite, token: FromPath[str]) -> Response[str]:
    """The form for the first account."""
    await _check_setup(platform, token)
    return site.view.page("setup.html", form={}, faults=NO_FAULTS)


async def submit_setup(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, token: FromPath[str]
) -> Response[str] | Redirect:
    """Make the first account, an administrator, and sign in."""
    await _check_setup(platform, token)
    form = await forms.read(request)
    new = NewAccount(login=form.get("login", ""), password=form.get("password", ""), is_admin=True)
    try:
        accounts.check_new(new)
    except Invalid as error:
        return site.view.page("setup.html", status=422, form=form, faults=Faults.of(error))
    origin = origin_of(request, platform, site, new.login)
    hashed = await platform.hasher.set(new.password, origin)
    async with platform.db.transaction() as conn:
        made = await accounts.create_first(
            conn,
            platform.instance,
            new,
            password=hashed,
            storage_limit=platform.storage_limit,
            alias_limit=platform.alias_limit,
            domain_limit=platform.domain_limit,
            today=utc_today(),
        )
        await give_roles(conn, now=utc_now())
    signed_in = SignedIn(account=made.account, keyring=made.keyring)
    return await _signed_in(request, platform, site, signed_in, "/aliases", before=None)


async def show_login(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    following: Annotated[str, QueryParameter(name="next")] = "",
) -> Response[str] | Redirect:
    """The sign-in form; who is signed in already goes on."""
    if await _present(request, platform, site):
        return see_other(local_path(following))
    return await _login_form(platform, site, {}, following, NO_FAULTS, status=200)


async def submit_login(request: AnyRequest, platform: GivenPlatform, site: GivenSite) -> Response[str] | Redirect:
    """Sign in, always with a new session."""
    form = await forms.read(request)
    login, following = form.get("login", ""), form.get("next", "")
    origin = origin_of(request, platform, site, login)
    try:
        signed_in = await auth.check_password(platform, login, form.get("password", ""), origin)
    except (Unauthenticated, Forbidden, LimitReached) as error:
        status = 429 if isinstance(error, LimitReached) else 422
        faults = Faults(await _why(platform, error), {})
        page = await _login_form(platform, site, form, following, faults, status=status)
        if isinstance(error, LimitReached) and error.retry_after is not None:
            page.headers["Retry-After"] = str(error.retry_after)
        return page
    before = await _present(request, platform, site)
    return await _signed_in(request, platform, site, signed_in, local_path(following), before=before)


async def _login_form(
    platform: Platform, site: Site, form: Form, following: str, faults: Faults, *, status: int
) -> Response[str]:
    is_open = await joining.is_open(platform)
    return site.view.page("login.html", status=status, form=form, following=following, faults=faults, is_open=is_open)


async def submit_logout(platform: GivenPlatform, site: GivenSite, session: GivenSession) -> Redirect:
    """End this session."""
    async with platform.db.transaction() as conn:
        await auth.end_session(conn, session.actor)
    answer = see_other("/")
    answer.set_cookie(cookie_removed(site))
    return answer


async def _why(platform: Platform, error: Unauthenticated | Forbidden | LimitReached) -> str:
    """What is told to who cannot sign in; of a suspended account why, since the password was right."""
    if isinstance(error, AccountSuspended):
        async with platform.db.connection() as conn:
            suspension = await suspensions.of_account(conn, platform.instance, error.account_id)
        if suspension is not None:
            return suspension_text(suspension)
    return error.detail


async def _present(request: AnyRequest, platform: Platform, site: Site) -> Session | None:
    """The session this browser has now; that of a suspended account must not keep another from signing in."""
    try:
        return await find(request, platform, site)
    except Forbidden:
        return None


async def _check_setup(platform: Platform, token: str) -> None:
    """Raise NotFound unless the token is right and nobody has an account yet."""
    if not is_setup_token(platform.instance, token):
        raise NotFound
    async with platform.db.connection() as conn:
        if await accounts.is_set_up(conn):
            raise NotFound


async def _signed_in(
    request: AnyRequest, platform: Platform, site: Site, signed_in: SignedIn, path: str, *, before: Session | None
) -> Redirect:
    """Start a session, end the one this browser had, and go on, by way of the second factor where there is one."""
    async with platform.db.transaction() as conn:
        if before is not None:
            await auth.end_session(conn, before.actor)
        new = await sessions.begin(conn, signed_in, user_agent=user_agent(request), now=utc_now())
    answer = see_other(code_path(path) if new.is_pending else path)
    answer.set_cookie(cookie_of(site, new))
    answer.set_cookie(mark_of(request, platform, site, signed_in.account.login))
    return answer
