"""Exports of everything: begun, listed, fetched part by part."""

from uuid import UUID

from litestar import Response, delete, get, post
from litestar.params import FromPath
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.exports import ExportResource, NewExportBody, export_resource
from app.api.streams import handed_out
from app.core.auth.model import Actor
from app.core.auth.scopes import SCOPES
from app.core.exports import service as exports
from app.core.exports.model import NewExport
from app.lib.times import utc_now


@get("/exports", scope="account:read")
async def list_exports(request: AuthedRequest, platform: GivenPlatform) -> Page[ExportResource]:
    """The exports of the last seven days, newest first; three at most, so `next` is always null."""
    async with platform.db.connection() as conn:
        found = await exports.listed(conn, request.user)
    return Page(data=[export_resource(one) for one in found], next=None)


@post("/exports", scope="account:write", body=NewExportBody)
async def create_export(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[ExportResource]]:
    """Begin an export of everything: mail, attachments, aliases, rules, settings. It needs every scope for reading.

    It is a list of what is there now; the parts are made as they are fetched. With a fourth the oldest is forgotten.
    """
    body = await read_body(request, NewExportBody)
    _assert_may(request.user)
    new = NewExport() if body.formats is None else NewExport(formats=tuple(body.formats))
    async with platform.db.transaction() as conn:
        export = await exports.create(conn, request.user, new, now=utc_now())
    location = f"{platform.public_url}/api/v1/exports/{export.export_id}"
    return Response(Data(data=export_resource(export)), headers={"Location": location})


@get("/exports/{export_id:uuid}", scope="account:read")
async def get_export(
    request: AuthedRequest, platform: GivenPlatform, export_id: FromPath[UUID]
) -> Data[ExportResource]:
    """One export, and which of its parts were fetched."""
    async with platform.db.connection() as conn:
        return Data(data=export_resource(await exports.get(conn, request.user, export_id)))


@delete("/exports/{export_id:uuid}", scope="account:write")
async def delete_export(request: AuthedRequest, platform: GivenPlatform, export_id: FromPath[UUID]) -> None:
    """Forget an export; what was fetched of it stays good."""
    async with platform.db.transaction() as conn:
        await exports.delete(conn, request.user, export_id)


@get(
    "/exports/{export_id:uuid}/parts/{number:int}",
    scope="account:read",
    answers=exports.MEDIA_TYPE,
    has_ranges=True,
)
async def get_export_part(
    request: AuthedRequest, platform: GivenPlatform, export_id: FromPath[UUID], number: FromPath[int]
) -> Stream:
    """A part as a ZIP archive. It needs every scope for reading.

    The first request for a part reads all of it before the first byte, which takes seconds. The same bytes come each
    time, and ranges are given, unless a message of the part was deleted since: then its `ETag` is another one, and
    only with `If-Range` or `If-Match` is a range given. The first part is made anew each time.
    """
    _assert_may(request.user)
    content, download = await exports.fetch(
        platform, request.user, export_id, number, request.headers, method=request.method
    )
    return handed_out(content, download)


def _assert_may(actor: Actor) -> None:
    """What stands in an export, a key with all of these could read anyway. Raises ScopeMissing."""
    for scope in SCOPES:
        if scope.endswith(":read"):
            actor.assert_may(scope)
