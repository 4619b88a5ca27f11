"""A conversation: the newest message open, some older ones folded, and the way to all others."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery

from app.core.filing import service as filing
from app.core.messages.model import MessageLine
from app.core.threads import service as threads
from app.lib.aside import aside
from app.web.fitting import fitting
from app.web.forms import AnyRequest
from app.web.glance import is_seen
from app.web.letters import letters
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite

OPENED = 10
"""Messages with their texts on one page."""
_NAMED_BYTES, _NAME_BYTES = 5_000, 400
"""Of all messages that are only named, and of one."""


async def show_thread(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    thread_id: FromPath[UUID],
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The conversation, from the newest message on or from those before `before`; the one on top is marked read."""
    async with platform.db.connection() as conn:
        found = await threads.lines(conn, session.actor, thread_id)
        start = _start(found, before)
        if is_seen(request):
            await filing.mark_read(conn, session.actor.account_id, found[start].message_id, is_read=True)
    shown = found[start : start + OPENED]
    opened = await threads.opened(platform, session.actor, shown)
    readable = {one.line.message_id for one in opened}
    rest = found[start + OPENED :]
    others = [*(line for line in shown if line.message_id not in readable), *rest]
    return site.view.page(
        "thread.html",
        session=session,
        thread_id=thread_id,
        subject=found[-1].summary.subject,
        letters=await aside(sum(len(one.text or one.html or "") for one in opened), letters, opened),
        others=others[: fitting([_NAME_BYTES] * len(others), _NAMED_BYTES)],
        count=len(found),
        first=start + 1,
        newer=found[start - OPENED - 1].message_id if start > OPENED else None,
        older=shown[-1].message_id if rest else None,
    )


def _start(found: Sequence[MessageLine], before: UUID | None) -> int:
    """The place of the first message before `before`; of the newest where that is none of them, or the last."""
    ids = [line.message_id for line in found]
    start = ids.index(before) + 1 if before in ids else 0
    return start if start < len(ids) else 0
