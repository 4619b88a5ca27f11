"""The settings: what new aliases look like, what the account may have, and the feed (whose forms are in `feed`)."""

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.accounts import service as accounts
from app.core.aliases.limits import service as limits
from app.core.aliases.model import FORMATS
from app.core.aliases.preferences import service as preferences
from app.core.aliases.preferences.model import Preferences
from app.core.domains import service as domains
from app.core.feeds import service as feeds
from app.core.platform import Platform
from app.errors import Invalid
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other


async def show_settings(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """All of them; `saved` says that they have just been changed."""
    return await page(platform, site, session, is_saved="saved" in request.query_params)


async def submit_preferences(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Say what new aliases look like."""
    form = await forms.read(request)
    try:
        style = next((one for one in FORMATS if one == form.get("format")), None)
        if style is None and form.get("format"):
            raise Invalid.field("format", "Choose one of the formats.")
        wanted = Preferences(format=style, domain=form.get("domain") or None)
        async with platform.db.transaction() as conn:
            await preferences.change(conn, session.actor.account_id, wanted)
    except Invalid as error:
        return await page(platform, site, session, form=form, faults=Faults.of(error))
    return see_other("/settings?saved=1")


async def page(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    is_saved: bool = False,
    feed_address: str | None = None,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    """The page; `feed_address` is shown this once."""
    account_id = session.actor.account_id
    async with platform.db.connection() as conn:
        account = await accounts.get(conn, account_id)
        usage = await accounts.usage(conn, account_id)
        allowance = await limits.allowance(conn, account_id)
        preferred = await preferences.get(conn, account_id)
        offered = await domains.offered(conn, account_id)
        feed = await feeds.find(conn, account_id)
    return site.view.page(
        "settings.html",
        status=422 if faults.summary else 200,
        session=session,
        account=account,
        usage=usage,
        allowance=allowance,
        domains=offered,
        feed=feed,
        notice=Notice(text="Saved." if is_saved else ""),
        address=feed_address,
        form=form or {"format": preferred.format or "", "domain": preferred.domain or ""},
        faults=faults,
    )
