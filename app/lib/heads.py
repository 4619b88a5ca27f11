"""An HTTP/1.1 protocol that bounds what uvicorn's own with httptools does not: heads, trailers, and their time."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 65_536
"""Bytes of a request line and header fields; beside it, what one read from the socket brings (256 KiB at most). As much
again may come at a time between two pieces of a body: chunk sizes and extensions, and trailers.
"""
HEAD_SECONDS = 60.0
"""From the connection, or the first byte of a further request, to the end of its head."""
REQUEST_SECONDS = 600.0
"""From there to the request's end. Who reads a body has a limit of its own, which is shorter."""

_REFUSALS = {
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
    408: b"HTTP/1.1 408 Request Timeout\r\n",
}
_REST = b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 431 (RFC 6585, section 5) or 408, unless an answer is on its way, and closes: once what is no body is
    longer than `MAX_HEAD`, and once a request takes too long.

    The parser joins the pieces of a field again at each read, so without a bound the cost grows with the square.
    """

    _is_in_head = True
    _is_in_request = False
    _was_asked = False
    _beside_size = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client is there."""
        super().connection_made(transport)
        self._give(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._give(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the socket. Those that begin a head may also end a body: only the reads after it are counted."""
        if self._deadline is None and not self._is_in_request:
            self._give(HEAD_SECONDS)
        self._beside_size += len(data)
        super().data_received(data)
        if self._is_in_request and self._beside_size > MAX_HEAD:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Of the parser."""
        self._is_in_head = self._is_in_request = True
        self._beside_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Of the parser."""
        self._is_in_head, self._beside_size = False, 0
        self._give(REQUEST_SECONDS)
        super().on_headers_complete()
        self._was_asked = True

    def on_body(self, body: bytes) -> None:
        """Of the parser."""
        self._beside_size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Of the parser."""
        self._is_in_head = self._is_in_request = False
        self._beside_size = 0
        self._give(None)
        super().on_message_complete()

    def _give(self, seconds: float | None) -> None:
        """So long from now; None: as long as it likes."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        self._give(None)
        if self._is_free() and not self.transport.is_closing():
            self.transport.write(_REFUSALS[status] + _REST)
        self.transport.close()

    def _is_free(self) -> bool:
        """Whether an answer may be written; in a head the newest one is that to the request before."""
        if self._is_in_head:
            return not self._was_asked or self.cycle.response_complete
        return not self.cycle.response_started
