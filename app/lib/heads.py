"""An HTTP/1.1 protocol that bounds the head of a request, as uvicorn's own with httptools does not."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 65_536
"""Bytes of a request line and header fields; beside it, what one read from the socket brings (256 KiB at most)."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 431 (RFC 6585, section 5) and closes once a head that has not ended is longer than `MAX_HEAD`.

    The parser joins the pieces of a field again at each read, so without a bound the cost grows with the square.
    """

    _is_in_head = False
    _head_size = 0

    def data_received(self, data: bytes) -> None:
        """Bytes of the socket. Those that begin a head may also end a body: only the reads after it are counted."""
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Of the parser."""
        self._is_in_head, self._head_size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Of the parser."""
        self._is_in_head = False
        super().on_headers_complete()
