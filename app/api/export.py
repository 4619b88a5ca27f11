"""Mail on its way out, to keep elsewhere."""

from datetime import UTC

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, SkipValidation
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.messages import provide_filters
from app.api.platform import GivenPlatform
from app.api.streams import begun
from app.core.messages.export import mbox
from app.core.messages.export.service import as_mbox
from app.core.messages.model import FOLDERS, Filters, Folder
from app.lib.blobs.disposition import attachment
from app.lib.times import utc_now


@get(
    "/export",
    dependencies={"filters": Provide(provide_filters, sync_to_thread=False)},
    scope="messages:read",
    for_bound_keys=True,
    answers=mbox.MEDIA_TYPE,
    tag="files",
)
async def export_messages(
    request: AuthedRequest,
    platform: GivenPlatform,
    filters: NamedDependency[SkipValidation[Filters]],
    folder: FromQuery[Folder | None] = None,
) -> Stream:
    """All mail, held mail too, or that of one folder, as one mbox file (mboxrd, RFC 4155), the oldest first.

    What comes while it is read is not in it. Each message is as it was received, with LF for CRLF, behind a few fields
    that say what its bytes do not. One that is damaged has a note in its place, and a last message names all such. An
    answer that ends early is not whole, and HTTP says so.
    """
    now = utc_now()
    content = as_mbox(platform, request.user, folders=(folder,) if folder else FOLDERS, filters=filters, now=now)
    name = f"restante-{now.astimezone(UTC):%Y-%m-%d}.mbox"
    headers = {"Content-Type": mbox.MEDIA_TYPE, "Content-Disposition": attachment(name)}
    return Stream(await begun(content, method=request.method), headers=headers)
