"""Everything to take along: an export is begun, and fetched part by part."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.response.redirect import Redirect

from app.core.accounts import service as accounts
from app.core.exports import service as exports
from app.core.exports.model import FORMATS, NewExport
from app.lib.times import utc_now
from app.web import forms
from app.web.downloads import handed_out
from app.web.forms import AnyRequest
from app.web.session import GivenFreshSession, GivenSession
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_ROWS = 100
"""Parts a page: 25 GB."""


async def show_exports(platform: GivenPlatform, site: GivenSite, session: GivenSession) -> Response[str]:
    """What there is, and the form that begins another."""
    async with platform.db.connection() as conn:
        found = await exports.listed(conn, session.actor)
        usage = await accounts.usage(conn, session.actor.account_id)
    return site.view.page("exports.html", session=session, exports=found, usage=usage, formats=FORMATS)


async def submit_export(request: AnyRequest, platform: GivenPlatform, fresh: GivenFreshSession) -> Redirect:
    """Begin one."""
    chosen = {name for name, value in await forms.read_all(request) if value}
    new = NewExport(formats=tuple(one for one in FORMATS if one in chosen))
    async with platform.db.transaction() as conn:
        export = await exports.create(conn, fresh.actor, new, now=utc_now())
    return see_other(f"/settings/export/{export.export_id}")


async def show_export(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    export_id: FromPath[UUID],
    part: FromQuery[int] = 1,
) -> Response[str]:
    """Its parts from `part` on, a hundred of them, and which were fetched."""
    async with platform.db.connection() as conn:
        export = await exports.get(conn, session.actor, export_id)
    first = min(max(1, part), len(export.parts))
    return site.view.page(
        "export.html",
        session=session,
        export=export,
        parts=export.parts[first - 1 : first - 1 + _ROWS],
        earlier=max(1, first - _ROWS) if first > 1 else None,
        later=first + _ROWS if first + _ROWS <= len(export.parts) else None,
    )


async def show_part(
    request: AnyRequest,
    platform: GivenPlatform,
    session: GivenSession,
    export_id: FromPath[UUID],
    number: FromPath[int],
) -> Stream:
    """A part, whole or the range asked for: a browser that was interrupted goes on where it was."""
    content, download = await exports.fetch(
        platform, session.actor, export_id, number, request.headers, method=request.method
    )
    return handed_out(content, download)


async def submit_forgetting(platform: GivenPlatform, session: GivenSession, export_id: FromPath[UUID]) -> Redirect:
    """Forget one."""
    async with platform.db.transaction() as conn:
        await exports.delete(conn, session.actor, export_id)
    return see_other("/settings/export")
