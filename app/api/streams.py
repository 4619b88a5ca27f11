"""Content on its way out, in bounded memory: whole, or the range asked for."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.core.messages import downloads
from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment
from app.lib.logs import error_fields, logger

_NEVER_RUN = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"}


async def streamed(request: AuthedRequest, content: Content) -> Stream:
    """The content as a download. Raises what its first chunks raise: once a 200 is out, a failure can only hang up."""
    download = await downloads.begin(content, request.headers, method=request.method)
    selection = download.selection
    status = HTTPStatus.OK
    if selection.is_unchanged:
        status = HTTPStatus.NOT_MODIFIED
    elif selection.is_partial:
        status = HTTPStatus.PARTIAL_CONTENT
    # The type as a header, because Litestar lets a handler's own media type win over a stream's.
    told = {"Content-Type": content.content_type, "Content-Disposition": attachment(content.filename)}
    return Stream(_logged(download.chunks), headers={**_NEVER_RUN, **told, **selection.headers}, status_code=status)


async def _logged(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            yield chunk
    except Exception as error:
        logger().error("api_stream_broken", **error_fields(error))
        raise
