"""The feed of unread mail, and the forms of the settings page by which its address is made, renewed and removed."""

import hashlib
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.feeds import service as feeds
from app.core.filing.service import MOST_COUNTED
from app.errors import Invalid, NotFound
from app.lib.times import utc_now, utc_today
from app.web import forms
from app.web.forms import AnyRequest
from app.web.headers import FILE_CSP
from app.web.pages import settings
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_SUFFIX = ".xml"


async def submit_feed(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Make, renew, change or remove it. A new address is shown in the answer itself: it is stored nowhere."""
    form = await forms.read(request)
    actor, shows_mail, choice = session.actor, form.get("shows_mail") == "yes", form.get("do")
    async with platform.db.transaction() as conn:
        if choice == "make":
            secret = await feeds.make(conn, actor, shows_mail=shows_mail, today=utc_today())
        elif choice == "change":
            await feeds.change(conn, actor, shows_mail=shows_mail)
            return see_other("/settings?saved=1")
        elif choice == "remove":
            await feeds.remove(conn, actor.account_id)
            return see_other("/settings?saved=1")
        else:
            raise Invalid.field("do", "Choose one of the buttons.")
    address = f"{platform.public_url}/feed/{secret}{_SUFFIX}"
    return await settings.page(platform, site, session, feed_address=address)


async def show_feed(platform: GivenPlatform, site: GivenSite, name: FromPath[str]) -> Response[str]:
    """Unread mail as an Atom feed (RFC 4287), for whoever knows the address."""
    if not name.endswith(_SUFFIX):
        raise NotFound
    secret = name.removesuffix(_SUFFIX)
    async with platform.db.connection() as conn:
        reading = await feeds.read(conn, platform.instance, secret)
    feed_id = UUID(bytes=hashlib.sha256(secret.encode()).digest()[:16])
    text = site.view.text(
        "feed.xml",
        reading=reading,
        feed_id=feed_id,
        unread=f"{MOST_COUNTED - 1}+" if reading.unread >= MOST_COUNTED else str(reading.unread),
        updated=reading.entries[0].received_at if reading.entries else utc_now(),
        origin=platform.public_url,
    )
    headers = {"Content-Security-Policy": FILE_CSP}
    return Response(text, media_type="application/atom+xml; charset=utf-8", headers=headers)
