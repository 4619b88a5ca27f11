"""Content on its way to a browser, in bounded memory, as something to keep and never as something to run."""

from collections.abc import AsyncIterator

from litestar.response import Stream

from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment
from app.lib.logs import error_fields, logger
from app.web.headers import FILE_CSP


async def to_keep(content: Content) -> Stream:
    """To be saved under its name. Raises what its first chunk raises: after a 200 a failure can only hang up."""
    return await _streamed(content, content.content_type, {"Content-Disposition": attachment(content.filename)})


async def to_read(content: Content) -> Stream:
    """To be read as it is, byte for byte. Raises what its first chunk raises."""
    return await _streamed(content, "text/plain", {})


async def to_look_at(content: Content) -> Stream:
    """To be shown in a frame without an origin, to which even this site is another one."""
    return await _streamed(content, content.content_type, {"Cross-Origin-Resource-Policy": "cross-origin"})


async def _streamed(content: Content, content_type: str, headers: dict[str, str]) -> Stream:
    first = await anext(content.stream, b"")
    headers["Content-Security-Policy"] = FILE_CSP
    if content.size is not None:
        headers["Content-Length"] = str(content.size)
    return Stream(_chunks(first, content.stream), media_type=content_type, headers=headers)


async def _chunks(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for chunk in rest:
            yield chunk
    except Exception as error:
        logger().error("download_broke_off", **error_fields(error))
        raise
