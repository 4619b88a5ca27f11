"""The layer around every route: an answer that is whole passes through steps before it is sent; streams go as they are.

What a step does is its own module's; here is only how it gets at the answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.lib.db import Company, accompanied

_COMPANY = "company"
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Answer:
    """An answer on its way out, which steps change. `body` is None where it is streamed: then only headers count."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes | None) -> None:
        self.status = status
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    def header(self, name: bytes) -> bytes:
        """The field's value, or nothing."""
        return next((value for one, value in self.headers if one == name), b"")

    def set_header(self, name: bytes, value: bytes | None) -> None:
        """Give the field this value alone; None takes it away."""
        self.headers = [field for field in self.headers if field[0] != name]
        if value is not None:
            self.headers.append((name, value))


Step = Callable[[HTTPScope, Answer], Awaitable[None]]


class Answers:
    """ASGI middleware. Its steps see each answer once, in their order, before anything of it is sent."""

    def __init__(self, app: ASGIApp, steps: Sequence[Step]) -> None:
        self._app = app
        self._steps = steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and the answer back."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        with accompanied() as company:
            scope["state"][_COMPANY] = company
            await self._app(scope, receive, _Sender(scope, send, self._steps))


class _Sender:
    """`send` for the application inside: holds the start back until it is clear whether the body comes in one piece."""

    def __init__(self, scope: HTTPScope, send: Send, steps: Sequence[Step]) -> None:
        self._scope = scope
        self._send = send
        self._steps = steps
        self._held: Answer | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = Answer(message["status"], list(message["headers"]), None)
            if answer.header(b"content-length") or answer.status in _WITHOUT_BODY:
                self._held = answer
            else:  # a stream, whose first piece may be long in coming
                await self._start(answer)
            return
        if self._held is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        held, self._held = self._held, None
        if message.get("more_body", False):
            await self._start(held)
            await self._send(message)
            return
        held.body = message["body"]
        await self._start(held)
        await self._send({"type": "http.response.body", "body": held.body, "more_body": False})

    async def _start(self, answer: Answer) -> None:
        for step in self._steps:
            await step(self._scope, answer)
        if answer.body is not None and answer.header(b"content-length"):
            answer.set_header(b"content-length", str(len(answer.body)).encode())
        await self._send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})


def company(scope: Scope) -> Company:
    """What goes along with the transactions of this request."""
    found: Company = scope["state"][_COMPANY]
    return found
