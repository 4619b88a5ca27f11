"""A forgotten password: a new one by the recovery code."""

import time

from litestar import Response

from app.core.accounts import strength
from app.core.auth import passwords
from app.core.auth.sessions import changes
from app.errors import Forbidden, Invalid, LimitReached, Unauthenticated
from app.lib.times import utc_now
from app.web import csrf, forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults
from app.web.origins import mark_of, origin_of
from app.web.pending import code_path, user_agent
from app.web.session import cookie_of
from app.web.site import GivenPlatform, GivenSite


async def show_recover(site: GivenSite) -> Response[str]:
    """The form, and what can be recovered."""
    return site.view.page("recover.html", form={}, faults=NO_FAULTS)


async def submit_recover(request: AnyRequest, platform: GivenPlatform, site: GivenSite) -> Response[str]:
    """Set the new password and sign in; another recovery code is on the page that answers, and on none after that."""
    form = await forms.read(request)
    login, code, new = form.get("login", ""), form.get("code", ""), form.get("new_password", "")
    origin = origin_of(request, platform, site, login)
    try:
        platform.guesses.admit_code(origin, now=time.monotonic())
        strength.check_password(new, login=login, field="new_password")
        signed_in = await passwords.check_recovery_code(platform, login, code)
        hashed = await platform.hasher.set(new, origin)
        async with platform.db.transaction() as conn:
            recovered, session = await changes.recover(
                conn, signed_in, code, hashed, user_agent=user_agent(request), now=utc_now()
            )
    except (Invalid, LimitReached, Unauthenticated, Forbidden) as error:
        faults = Faults.of(error) if isinstance(error, Invalid | LimitReached) else Faults(error.detail, {})
        status = 429 if isinstance(error, LimitReached) else 422
        kept = {"login": login, "code": code}
        return site.view.page("recover.html", status=status, form=kept, faults=faults)
    answer = site.view.page(
        "recovered.html",
        code=recovered.recovery_code,
        csrf=csrf.token(platform.instance, session.session_id),
        following=code_path("/inbox") if session.is_pending else "/inbox",
        is_pending=session.is_pending,
    )
    answer.set_cookie(cookie_of(site, session))
    answer.set_cookie(mark_of(request, platform, site, login))
    return answer
