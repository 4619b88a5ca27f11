"""Another password, and who holds the key of the mail: sealing the account and back, and the recovery code."""

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.accounts import strength
from app.core.auth import passwords
from app.core.auth.sessions import changes
from app.errors import Invalid, LimitReached
from app.lib.times import utc_now
from app.web import confirmation, csrf, forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults
from app.web.origins import origin_in
from app.web.pending import user_agent
from app.web.session import GivenFreshSession, GivenSession, Session, cookie_of
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other


async def show_password(site: GivenSite, session: GivenSession) -> Response[str]:
    """The form for another password."""
    return _password_page(site, session)


async def submit_password(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Change it, end all other sessions, and go on in one with another id."""
    form = await forms.read(request)
    new = form.get("new_password", "")
    try:
        strength.check_password(new, login=session.actor.login, field="new_password")
        await confirmation.check_password(platform, session, form.get("password", ""))
        hashed = await platform.hasher.set(new, origin_in(session))
    except (Invalid, LimitReached) as error:
        return _password_page(site, session, Faults.of(error), status=422 if isinstance(error, Invalid) else 429)
    async with platform.db.transaction() as conn:
        changed = await changes.change_password(
            conn, session.actor, hashed, user_agent=user_agent(request), now=utc_now()
        )
    answer = see_other("/settings/security?said=password")
    answer.set_cookie(cookie_of(site, changed.session))
    return answer


async def show_sealing(site: GivenSite, session: GivenSession) -> Response[str]:
    """What a sealed account is, and the form that makes this one sealed, or standard again."""
    return _sealing_page(site, session)


async def submit_sealing(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """Seal the account; the recovery code is on the page that answers, and on none after that."""
    form = await forms.read(request)
    password = form.get("password", "")
    try:
        await confirmation.check_password(platform, session, password)
        hashed = await platform.hasher.set(password, origin_in(session))
    except (Invalid, LimitReached) as error:
        return _sealing_page(site, session, Faults.of(error), status=422 if isinstance(error, Invalid) else 429)
    async with platform.db.transaction() as conn:
        sealed, new = await changes.seal_account(
            conn, session.actor, hashed, user_agent=user_agent(request), now=utc_now()
        )
    shown = Session(actor=session.actor, csrf=csrf.token(platform.instance, new.session_id))
    answer = site.view.page("recovery_code.html", session=shown, code=sealed.recovery_code, sealed=sealed)
    answer.set_cookie(cookie_of(site, new))
    return answer


async def submit_unsealing(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Let the service hold the key again."""
    form = await forms.read(request)
    try:
        await confirmation.check_password(platform, session, form.get("password", ""))
    except (Invalid, LimitReached) as error:
        return _sealing_page(site, session, Faults.of(error), status=422 if isinstance(error, Invalid) else 429)
    async with platform.db.transaction() as conn:
        new = await changes.unseal_account(
            conn, platform.instance, session.actor, user_agent=user_agent(request), now=utc_now()
        )
    answer = see_other("/settings/security?said=unsealed")
    answer.set_cookie(cookie_of(site, new))
    return answer


async def submit_recovery_code(platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession) -> Response[str]:
    """Make one, shown on the page that answers and on none after that."""
    async with platform.db.transaction() as conn:
        code = await changes.new_recovery_code(conn, fresh.actor, now=utc_now())
    return site.view.page("recovery_code.html", session=fresh, code=code, sealed=None)


async def submit_code_removal(platform: GivenPlatform, fresh: GivenFreshSession) -> Redirect:
    """Do without one."""
    async with platform.db.transaction() as conn:
        await passwords.remove_recovery_code(conn, fresh.actor)
    return see_other("/settings/security?said=removed")


def _password_page(site: Site, session: Session, faults: Faults = NO_FAULTS, *, status: int = 200) -> Response[str]:
    return site.view.page("password.html", status=status, session=session, faults=faults)


def _sealing_page(site: Site, session: Session, faults: Faults = NO_FAULTS, *, status: int = 200) -> Response[str]:
    is_sealed = session.actor.kind == "sealed"
    return site.view.page("sealing.html", status=status, session=session, is_sealed=is_sealed, faults=faults)
