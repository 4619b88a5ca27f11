"""Aliases as a file: all of them as CSV, and many made out of one."""

import asyncio

from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.body import read_file
from app.api.platform import GivenPlatform
from app.api.schemas.alias_files import ImportResource, import_resource
from app.api.schemas.envelopes import Data
from app.core.aliases.files import importing, reading, writing
from app.core.aliases.files.exporting import export
from app.core.aliases.files.model import Choice, OtherDomains
from app.core.aliases.files.text import MAX_BYTES
from app.lib.blobs.disposition import attachment
from app.lib.times import utc_now

_CSV = "text/csv"


@get("/aliases/export", scope="aliases:read", answers=_CSV)
async def export_aliases(request: AuthedRequest, platform: GivenPlatform) -> Stream:
    """All aliases as CSV (RFC 4180, UTF-8), archived and deleted ones too, oldest first; the first line names columns.

    What a spreadsheet would run begins with an apostrophe, which an import takes away again.
    """
    content = export(platform.db, request.user.account_id, request.user.keyring)
    # The type as a header, because Litestar lets a handler's own media type win over a stream's.
    headers = {"Content-Type": f"{writing.MEDIA_TYPE}; charset=utf-8", "Content-Disposition": attachment("aliases.csv")}
    return Stream(content, headers=headers)


@post(
    "/aliases/import",
    status_code=200,
    request_max_body_size=MAX_BYTES + 1,
    scope="aliases:write",
    accepts=(_CSV,),
    fails=("alias_limit", "alias_rate"),
)
async def import_aliases(
    request: AuthedRequest,
    platform: GivenPlatform,
    others: FromQuery[OtherDomains] = "skip",
    domain: FromQuery[str | None] = None,
    preview: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Data[ImportResource]:
    """Make aliases out of a CSV file in the body (`text/csv`, 4 MiB and 10,000 lines at most), in one transaction.

    Exports of Restante, SimpleLogin and addy.io are understood by their first line, and lists with a column `alias`.
    Addresses on domains that the account cannot use are skipped, or get the `same` name or a random one (`generate`) on
    `domain`. With `preview=true` nothing is made. Each line is told by itself; without room it is `limit`.
    """
    file = await asyncio.to_thread(reading.read, await read_file(request))
    choice, actor, now = Choice(others=others, domain=domain), request.user, utc_now()
    async with platform.db.transaction() as conn:
        if preview:
            report = await importing.preview(conn, actor.account_id, file, choice, now=now)
        else:
            report = await importing.make(conn, actor.account_id, actor.keyring, file, choice, now=now)
    return Data(data=import_resource(file, report, is_preview=preview))
