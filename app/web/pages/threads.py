"""A conversation on one page: the newest message open, the others folded."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from app.core.filing import service as filing
from app.core.threads import service as threads
from app.web.forms import AnyRequest
from app.web.glance import is_seen
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite


async def show_thread(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, thread_id: FromPath[UUID]
) -> Response[str]:
    """The conversation; its newest message is marked read by being seen."""
    async with platform.db.connection() as conn:
        found = await threads.lines(conn, session.actor, thread_id)
        if is_seen(request):
            await filing.mark_read(conn, session.actor.account_id, found[0].message_id, is_read=True)
    opened = await threads.opened(platform, session.actor, found)
    return site.view.page(
        "thread.html",
        session=session,
        subject=found[-1].summary.subject,
        opened=opened,
        others=found[len(opened) :],
        count=len(found),
    )
