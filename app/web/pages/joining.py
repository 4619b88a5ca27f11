"""Making an account: the form, what is shown once afterwards, and the first step."""

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.accounts.model import Kind, MadeAccount, NewAccount
from app.core.auth import service as auth
from app.core.auth.model import Actor, SignedIn
from app.core.auth.sessions import service as sessions
from app.core.joining import service as joining
from app.core.platform import Platform
from app.errors import Conflict, Forbidden, Invalid, LimitReached
from app.lib.times import utc_now
from app.web import csrf, forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.origins import mark_of, origin_of
from app.web.pending import user_agent
from app.web.session import GivenSession, cookie_of, find
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other


async def show_join(platform: GivenPlatform, site: GivenSite) -> Response[str]:
    """The form, and what it means to fill it in. Raises Forbidden where nobody can join."""
    await joining.assert_open(platform)
    return _form(platform, site, {}, NO_FAULTS, status=200)


async def submit_join(request: AnyRequest, platform: GivenPlatform, site: GivenSite) -> Response[str] | Redirect:
    """Make the account and sign in. A recovery code is on the page that answers, and on none after that."""
    form = await forms.read(request)
    kind: Kind = "sealed" if form.get("kind") == "sealed" else "standard"
    new = NewAccount(login=form.get("login", ""), password=form.get("password", ""), kind=kind)
    origin = origin_of(request, platform, site, new.login)
    try:
        made = await joining.join(platform, new, voucher=form.get("voucher", ""), origin=origin, now=utc_now())
    except (Invalid, Conflict, LimitReached) as error:
        status = 429 if isinstance(error, LimitReached) else 422
        page = _form(platform, site, form, Faults.of(error), status=status)
        if isinstance(error, LimitReached) and error.retry_after is not None:
            page.headers["Retry-After"] = str(error.retry_after)
        return page
    return await _begin(request, platform, site, made)


async def show_welcome(site: GivenSite, session: GivenSession) -> Response[str]:
    """The first step: an alias; then what else there is."""
    return site.view.page("welcome.html", session=session)


async def _present(request: AnyRequest, platform: Platform, site: Site) -> Actor | None:
    """Whoever is signed in in this browser; a suspended account must not keep another from being made."""
    try:
        session = await find(request, platform, site)
    except Forbidden:
        return None
    return session.actor if session else None


def _form(platform: Platform, site: Site, form: Form, faults: Faults, *, status: int) -> Response[str]:
    mode = platform.joining
    return site.view.page("join.html", status=status, form=form, faults=faults, mode=mode)


async def _begin(request: AnyRequest, platform: Platform, site: Site, made: MadeAccount) -> Response[str] | Redirect:
    """The account's first session; one that this browser had ends."""
    signed_in = SignedIn(account=made.account, keyring=made.keyring)
    before = await _present(request, platform, site)
    async with platform.db.transaction() as conn:
        if before is not None:
            await auth.end_session(conn, before)
        new = await sessions.begin(conn, signed_in, user_agent=user_agent(request), now=utc_now())
    answer: Response[str] | Redirect
    if made.recovery_code is None:
        answer = see_other("/welcome")
    else:
        token = csrf.token(platform.instance, new.session_id)
        answer = site.view.page("joined.html", code=made.recovery_code, csrf=token)
    answer.set_cookie(cookie_of(site, new))
    answer.set_cookie(mark_of(request, platform, site, made.account.login))
    return answer
