"""Where a form comes from, as the limits on guessing want it: the browser's network, and whether its account knows it.

The second cookie of this site is here: the mark of a browser that has signed in, set at that moment and never before.
"""

from datetime import timedelta

from litestar.datastructures import Cookie

from app.core.auth import devices
from app.core.auth.guessing import Origin
from app.core.platform import Platform
from app.lib.ratelimit import place_of
from app.lib.times import utc_today
from app.web.forms import AnyRequest
from app.web.session import Session
from app.web.site import Site

_LIFETIME_SECONDS = int(devices.LIFETIME / timedelta(seconds=1))
_NO_ADDRESS = "?"


def origin_of(request: AnyRequest, platform: Platform, site: Site, login: str) -> Origin:
    """Of an attempt to sign in with this login; known to it is a browser with a mark of it."""
    mark = request.cookies.get(site.mark_name, "")
    name = devices.name_in(platform.instance, login, mark, today=utc_today())
    return Origin(network=network_of(request), known_as=name)


def origin_in(session: Session) -> Origin:
    """Of what somebody does who is signed in: each session counts for itself."""
    return Origin(known_as=f"session {session.actor.session_id}")


def network_of(request: AnyRequest) -> str:
    """The /24 or /48 of the browser, empty for this machine itself; all that is no address counts as one."""
    client = request.client
    try:
        return place_of(client.host) if client and client.host else ""
    except ValueError:
        return _NO_ADDRESS


def mark_of(request: AnyRequest, platform: Platform, site: Site, login: str) -> Cookie:
    """The cookie by which this browser is known to the login from now on, set where the password was right."""
    known_as = origin_of(request, platform, site, login).known_as
    return Cookie(
        key=site.mark_name,
        value=devices.new_mark(platform.instance, login, name=known_as, today=utc_today()),
        max_age=_LIFETIME_SECONDS,
        path="/",
        secure=site.is_https,
        httponly=True,
        samesite="strict",
    )


def mark_removed(site: Site) -> Cookie:
    """What makes the browser forget that it was known."""
    return Cookie(
        key=site.mark_name, value="", max_age=0, path="/", secure=site.is_https, httponly=True, samesite="strict"
    )
