"""Messages that came inside others: each on a page of its own, as itself."""

from typing import Literal
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from app.core.messages import service as messages
from app.errors import NotFound
from app.web import downloads
from app.web.body import View, body_of, safe_html
from app.web.headers import MAIL_CSP
from app.web.paging import PartNumber
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite


async def show_enclosed(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    message_id: FromPath[UUID],
    ordinal: FromPath[int],
    view: FromQuery[View | None] = None,
    number: PartNumber = 1,
) -> Response[str]:
    """An enclosed message: its text, or its HTML in a frame, its files, and the messages enclosed in it."""
    opened = await messages.open_enclosed(platform, session.actor, message_id, ordinal)
    return site.view.page(
        "enclosed.html",
        session=session,
        message=opened,
        line=opened.line,
        itself=opened.itself,
        body=await body_of(platform, session, opened, view, part=number),
    )


async def show_enclosed_html(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, message_id: FromPath[UUID], ordinal: FromPath[int]
) -> Response[str]:
    """An enclosed message's HTML, under the same policy as that of any message."""
    opened = await messages.open_enclosed(platform, session.actor, message_id, ordinal)
    safe = await safe_html(platform, session, opened)
    if safe is None:
        raise NotFound("This message has no HTML.")
    page = site.view.page("mail.html", safe=safe, subject=opened.itself.subject)
    page.headers["Content-Security-Policy"] = MAIL_CSP
    return page


async def show_enclosed_source(
    request: downloads.AnyRequest,
    platform: GivenPlatform,
    session: GivenSession,
    message_id: FromPath[UUID],
    ordinal: FromPath[int],
    download: FromQuery[Literal["1"] | None] = None,
) -> Stream:
    """An enclosed message as it lies in the original, to read or to keep."""
    content = await messages.enclosed_source(platform, session.actor, message_id, ordinal)
    return await (downloads.to_keep if download else downloads.to_read)(request, content)
