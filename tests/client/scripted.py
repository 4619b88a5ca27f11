"""A server on loopback that answers what a test has written down, and keeps what it was asked."""

import socket
import ssl
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

HANG_UP = b""
_TLS_HANDSHAKE = b"\x16\x03"


def answer(status: str, body: str = "", **headers: str) -> bytes:
    """One HTTP answer."""
    told = {"Content-Length": str(len(body.encode())), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items()), "", body]
    return "\r\n".join(lines).encode()


def problem(status: str, code: str, detail: str, **headers: str) -> bytes:
    """A failure as our servers tell it."""
    return answer(
        status, f'{{"code": "{code}", "detail": "{detail}"}}', Content_Type="application/problem+json", **headers
    )


class Scripted:
    """Answers a connection each with what comes next; then nobody listens any more."""

    def __init__(self, answers: Sequence[bytes], context: ssl.SSLContext | None = None) -> None:
        self._answers, self._context = answers, context
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._listener.close()

    def _serve(self) -> None:
        for one in self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            with connection:
                self._talk(connection, one)

    def _talk(self, connection: socket.socket, one: bytes) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self.asked.append(_request(connection))
                connection.sendall(one)
        except OSError:  # whoever asked did not like our certificate
            return


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
        if data.startswith(_TLS_HANDSHAKE):
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
