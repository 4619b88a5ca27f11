"""Attachments of a sealed account that came while it was standard, and lie in the bucket in clear: sealing them."""

from litestar import Response
from litestar.response.redirect import Redirect

from app.core.messages.clear import service as clear
from app.errors import Conflict
from app.web.forms import AnyRequest
from app.web.notices import Notice, counted, number_in
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_SECONDS = 10.0
"""Of one press of the button; browsers and proxies wait longer than that."""
_MOST = 1_000_000


async def show_clear(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """How many there are, and the button that seals them."""
    async with platform.db.connection() as conn:
        left = await clear.left(conn, session.actor.account_id)
    done = number_in(request.query_params, "done", _MOST)
    return site.view.page(
        "clear.html",
        session=session,
        is_sealed=session.actor.kind == "sealed",
        presigns=platform.blobs.presigns,
        left=left,
        number=f"{'At least ' if left >= clear.MOST_COUNTED else ''}{counted(left, 'attachment')}",
        notice=Notice(text=f"{counted(done, 'attachment')} encrypted." if done else ""),
    )


async def submit_clear(platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Seal as many as some seconds allow."""
    try:
        progress = await clear.seal_some(platform, session.actor, seconds=_SECONDS)
    except Conflict:
        return see_other("/settings/security/attachments")
    return see_other(f"/settings/security/attachments?done={progress.done}")
