"""Content on its way out, in bounded memory: whole, or the range asked for."""

from collections.abc import AsyncIterator

from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.core.messages import downloads
from app.core.messages.downloads import Download
from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment

_NEVER_RUN = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"}


async def streamed(request: AuthedRequest, content: Content) -> Stream:
    """The content as a download. Raises what its first chunks raise: once a 200 is out, a failure can only hang up."""
    return handed_out(content, await downloads.begin(content, request.headers, method=request.method))


def handed_out(content: Content, download: Download) -> Stream:
    """The same for a download that has begun."""
    # The type as a header, because Litestar lets a handler's own media type win over a stream's.
    told = {"Content-Type": content.content_type, "Content-Disposition": attachment(content.filename)}
    headers = {**_NEVER_RUN, **told, **download.selection.headers}
    return Stream(download.chunks, headers=headers, status_code=download.selection.status)


async def begun(chunks: AsyncIterator[bytes], *, method: str) -> AsyncIterator[bytes]:
    """The chunks, of which the first has been read: what it raises can still be told. Nothing for HEAD."""
    return _one(b"") if method == "HEAD" else _after(await anext(chunks, b""), chunks)


async def _one(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
