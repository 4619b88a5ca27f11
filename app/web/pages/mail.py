"""Reading mail: a message, its HTML in a frame of its own, its header fields, its original."""

from typing import Literal
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.response.redirect import Redirect

from app.core.filing import service as filing
from app.core.messages import images
from app.core.messages import service as messages
from app.core.senders import service as senders
from app.core.threads import service as threads
from app.errors import NotFound
from app.lib.times import utc_now
from app.web import downloads
from app.web.body import View, body_of, has_text, safe_html
from app.web.fitting import part, weight
from app.web.forms import AnyRequest
from app.web.glance import is_seen
from app.web.headers import MAIL_CSP, PRINT_CSP
from app.web.notices import Notice
from app.web.pages import blocking, lists
from app.web.paging import PartNumber
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_HEADERS_BYTES = 35_000
_ROW_BYTES = 80
"""Around each header field."""


async def show_message(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    message_id: FromPath[UUID],
    view: FromQuery[View | None] = None,
    number: PartNumber = 1,
) -> Response[str]:
    """A message, marked read by being seen: its text, or its HTML in a frame."""
    opened = await messages.open_message(platform, session.actor, message_id)
    async with platform.db.connection() as conn:
        if not opened.line.is_read and is_seen(request):
            await filing.mark_read(conn, session.actor.account_id, message_id, is_read=True)
        in_thread = await threads.size(conn, session.actor.account_id, opened.line.thread_id)
        sender = await blocking.sender_on(platform, conn, session, opened.line)
        leak = await senders.leak_by(conn, session.actor, opened.line.alias_id, sender.who.address)
    # What a stranger wrote is read as text first.
    usual: View | None = "text" if opened.line.folder == "held" and has_text(opened) else None
    return site.view.page(
        "message.html",
        session=session,
        message=opened,
        line=opened.line,
        summary=opened.line.summary,
        place=lists.place_of(opened.line.folder),
        body=await body_of(platform, session, opened, view or usual, part=number),
        in_thread=in_thread,
        sender=sender,
        leak=leak,
        notice=Notice.of(request.query_params),
    )


async def show_html(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, message_id: FromPath[UUID]
) -> Response[str]:
    """A message's HTML, sanitised, under a policy that lets it run nothing and load only its own pictures."""
    opened = await messages.open_message(platform, session.actor, message_id)
    safe = await safe_html(platform, session, opened)
    if safe is None:
        raise NotFound("This message has no HTML.")
    page = site.view.page("mail.html", safe=safe, subject=opened.line.summary.subject)
    page.headers["Content-Security-Policy"] = MAIL_CSP
    return page


async def show_print(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    message_id: FromPath[UUID],
    view: FromQuery[View | None] = None,
) -> Response[str]:
    """A message for paper: nothing around it, under the policy of its HTML. Marks nothing."""
    opened = await messages.open_message(platform, session.actor, message_id)
    body = await body_of(platform, session, opened, view)
    page = site.view.page(
        "print.html",
        message=opened,
        line=opened.line,
        summary=opened.line.summary,
        safe=body.safe,
        shown=body.shown,
    )
    page.headers["Content-Security-Policy"] = PRINT_CSP
    return page


async def show_headers(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, message_id: FromPath[UUID], number: PartNumber = 1
) -> Response[str]:
    """All header fields, as the servers on the way wrote them, in parts."""
    opened = await messages.open_message(platform, session.actor, message_id)
    fields = part(
        opened.headers,
        number,
        room=_HEADERS_BYTES,
        weigh=lambda one: _ROW_BYTES + min(8000, weight(one.value)) + min(200, weight(one.name)),
    )
    return site.view.page(
        "headers.html", session=session, line=opened.line, summary=opened.line.summary, headers=fields
    )


async def show_source(
    request: downloads.AnyRequest,
    platform: GivenPlatform,
    session: GivenSession,
    message_id: FromPath[UUID],
    download: FromQuery[Literal["1"] | None] = None,
) -> Stream:
    """The original, byte for byte, to read or to keep."""
    content = await messages.source(platform, session.actor, message_id)
    return await (downloads.to_keep if download else downloads.to_read)(request, content)


async def show_attachment(
    platform: GivenPlatform, session: GivenSession, message_id: FromPath[UUID], ordinal: FromPath[int]
) -> Redirect:
    """On to a link that is good for five minutes."""
    link = await messages.attachment_link(platform, session.actor, message_id, ordinal, now=utc_now())
    return see_other(link.url)


async def show_linked_attachment(
    request: downloads.AnyRequest, platform: GivenPlatform, token: FromPath[str]
) -> Stream:
    """What such a link hands out, to whoever has it."""
    return await downloads.to_keep(request, await messages.linked_attachment(platform, token, now=utc_now()))


async def show_picture(request: downloads.AnyRequest, platform: GivenPlatform, token: FromPath[str]) -> Stream:
    """A picture inside a message's HTML, to whoever has the frame's path to it."""
    return await downloads.to_look_at(request, await images.picture(platform, token, now=utc_now()))
