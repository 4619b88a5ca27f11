"""The list of a message's attachments, for those with more than fit beside its text."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from app.core.messages import service as messages
from app.web.attachments import fitting_part, listed
from app.web.paging import PartNumber
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite

_ROOM = 35_000


async def show_attachments(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, message_id: FromPath[UUID], number: PartNumber = 1
) -> Response[str]:
    """All attachments of a message, in parts. Marks nothing."""
    opened = await messages.open_message(platform, session.actor, message_id)
    return site.view.page(
        "attachments.html",
        session=session,
        line=opened.line,
        attached=fitting_part(listed(opened.line.summary.attachments, opened.html), number, room=_ROOM),
    )
