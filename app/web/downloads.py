"""Content on its way to a browser, in bounded memory, as something to keep and never as something to run."""

from typing import Any

from litestar import Request
from litestar.response import Stream

from app.core.messages import downloads
from app.core.messages.downloads import Download
from app.core.messages.model import Content
from app.lib.blobs.disposition import attachment
from app.web.headers import FILE_CSP

AnyRequest = Request[Any, Any, Any]


async def to_keep(request: AnyRequest, content: Content) -> Stream:
    """To be saved under its name, whole or the range asked for.

    Raises what its first chunks raise: after a 200 a failure can only hang up.
    """
    disposition = {"Content-Disposition": attachment(content.filename)}
    return await _streamed(request, content, content.content_type, disposition)


def handed_out(content: Content, download: Download) -> Stream:
    """The same as `to_keep` for a download that has begun."""
    return _stream(download, content.content_type, {"Content-Disposition": attachment(content.filename)})


async def to_read(request: AnyRequest, content: Content) -> Stream:
    """To be read as it is, byte for byte. Raises what its first chunks raise."""
    return await _streamed(request, content, "text/plain", {})


async def to_look_at(request: AnyRequest, content: Content) -> Stream:
    """To be shown in a frame without an origin, to which even this site is another one."""
    return await _streamed(request, content, content.content_type, {"Cross-Origin-Resource-Policy": "cross-origin"})


async def _streamed(request: AnyRequest, content: Content, content_type: str, headers: dict[str, str]) -> Stream:
    download = await downloads.begin(content, request.headers, method=request.method)
    return _stream(download, content_type, headers)


def _stream(download: Download, content_type: str, headers: dict[str, str]) -> Stream:
    headers = {"Content-Security-Policy": FILE_CSP, **headers, **download.selection.headers}
    return Stream(download.chunks, media_type=content_type, headers=headers, status_code=download.selection.status)
