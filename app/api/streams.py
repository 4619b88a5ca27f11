"""Content on its way out, in bounded memory: whole, or the range asked for."""

from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.core.messages import downloads
from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment

_NEVER_RUN = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"}


async def streamed(request: AuthedRequest, content: Content) -> Stream:
    """The content as a download. Raises what its first chunks raise: once a 200 is out, a failure can only hang up."""
    download = await downloads.begin(content, request.headers, method=request.method)
    # The type as a header, because Litestar lets a handler's own media type win over a stream's.
    told = {"Content-Type": content.content_type, "Content-Disposition": attachment(content.filename)}
    headers = {**_NEVER_RUN, **told, **download.selection.headers}
    return Stream(download.chunks, headers=headers, status_code=download.selection.status)
