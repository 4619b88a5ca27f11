"""A line for each request: its route, how it was answered, how long that took and how much was sent; not to whom."""

import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def logged(app: ASGIApp, log: FilteringBoundLogger) -> ASGIApp:
    """The application, each of whose HTTP answers is told to `log` once it has been sent, or has broken off.

    The route is the template of the path (`/messages/{message_id}`), never the path, whose parts may be ids and
    secrets; `none` where there is no such route. `status` 0: nothing was answered.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        begun, status, sent = time.monotonic(), 0, 0

        async def counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, counted)
        finally:
            log.info(
                "http_request",
                method=scope["method"] if scope["method"] in _METHODS else "other",
                route=scope.get("path_template") or "none",
                status=status,
                ms=round((time.monotonic() - begun) * 1000),
                bytes=sent,
            )

    return serve
