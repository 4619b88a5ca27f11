"""The second factor: setting it up, its backup codes, and doing without. All of it needs a fresh password."""

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.auth.second_factor import service as second_factor
from app.core.platform import Platform
from app.errors import Invalid, NotFound
from app.lib.times import utc_now
from app.web import forms, qr
from app.web.forms import NO_FAULTS, AnyRequest, Faults
from app.web.session import FreshSession, GivenFreshSession
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_PATH = "/settings/security/second-factor"


async def show_setting_up(
    platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession
) -> Response[str] | Redirect:
    """What the owner's app is to be told, and the form for its first code."""
    try:
        return await _page(platform, site, fresh)
    except NotFound:
        return see_other("/settings/security")


async def submit_preparation(platform: GivenPlatform, fresh: GivenFreshSession) -> Redirect:
    """Begin: make what the app is told. One that was begun before is worth nothing from now on."""
    async with platform.db.transaction() as conn:
        await second_factor.prepare(conn, fresh.actor, now=utc_now())
    return see_other(_PATH)


async def submit_first_code(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession
) -> Response[str]:
    """Turn it on; the backup codes are on the page that answers, and on none after that."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            codes = await second_factor.turn_on(conn, fresh.actor, form.get("code", ""), now=utc_now())
    except Invalid as error:
        return await _page(platform, site, fresh, faults=Faults.of(error))
    return site.view.page("backup_codes.html", session=fresh, codes=codes, is_first=True)


async def submit_backup_codes(platform: GivenPlatform, site: GivenSite, fresh: GivenFreshSession) -> Response[str]:
    """Other backup codes, likewise shown once."""
    async with platform.db.transaction() as conn:
        codes = await second_factor.new_backup_codes(conn, fresh.actor, now=utc_now())
    return site.view.page("backup_codes.html", session=fresh, codes=codes, is_first=False)


async def submit_off(platform: GivenPlatform, fresh: GivenFreshSession) -> Redirect:
    """Do without."""
    async with platform.db.transaction() as conn:
        await second_factor.turn_off(conn, fresh.actor.account_id, now=utc_now())
    return see_other("/settings/security?said=off")


async def _page(platform: Platform, site: Site, fresh: FreshSession, *, faults: Faults = NO_FAULTS) -> Response[str]:
    """Raises NotFound where nothing is being set up."""
    async with platform.db.connection() as conn:
        told = await second_factor.enrolment(conn, fresh.actor)
    return site.view.page(
        "second_factor.html",
        status=422 if faults.summary else 200,
        session=fresh,
        enrolment=told,
        drawing=qr.svg(told.address, title="QR code for your authenticator app"),
        faults=faults,
    )
