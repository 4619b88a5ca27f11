"""Content on its way out, in bounded memory."""

from collections.abc import AsyncIterator

from litestar.response import Stream

from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment
from app.lib.logs import error_fields, logger


async def streamed(content: Content) -> Stream:
    """The content as a download. Raises what its first chunk raises: once a 200 is out, a failure can only hang up."""
    first = await anext(content.stream, b"")
    # As a header, because Litestar lets a handler's own media type win over a stream's.
    headers = {"Content-Type": content.content_type, "Content-Disposition": attachment(content.filename)}
    if content.size is not None:
        headers["Content-Length"] = str(content.size)
    return Stream(_chunks(first, content.stream), headers=headers)


async def _chunks(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for chunk in rest:
            yield chunk
    except Exception as error:
        logger().error("api_stream_broken", **error_fields(error))
        raise
