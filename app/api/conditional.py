"""Entity tags (RFC 9110 sections 8.8.3 and 13): what has not changed is not sent, what has is not overwritten.

A tag is a digest of the answer. Signed links in it are new each time and do not count; but as a 304 must not leave
anybody with links that have ended, the tag then also names a stretch of time, and is weak.
"""

import re
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from time import time
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from litestar.types import HTTPScope, Scope

from app.api.answers import Answer, company
from app.api.auth import AuthedRequest
from app.core.messages.service import LINK_LIFETIME
from app.core.platform import Platform
from app.errors import PreconditionFailed

_WINDOW_SECONDS = int(LINK_LIFETIME.total_seconds()) // 2
"""Who has an answer confirmed has links that live for as long again at least."""
_DIGITS = 24
_LINK = re.compile(rb'"url":"[^"]*","url_expires_at":"[^"]*"')
"""Cannot begin inside a JSON string: there a quote has a backslash before it. Links of ours have neither."""
_TAG = re.compile(r'(W/)?"([0-9a-f]{24})((?:\.[0-9a-f]+)?)(?:-gzip|-zstd)?"')
_SAFE = frozenset({"GET", "HEAD"})
_CHANGES = frozenset({"PATCH", "PUT", "DELETE"})


def tag_of(body: bytes, *, seconds: float) -> str:
    """The tag of an answer with this body at this time (Unix seconds)."""
    state, links = _LINK.subn(b"", body)
    digest = sha256(state).hexdigest()[:_DIGITS]  # processors have instructions for it
    return f'W/"{digest}.{int(seconds) // _WINDOW_SECONDS:x}"' if links else f'"{digest}"'


def names(field: str, tag: str, *, is_weak: bool) -> bool:
    """Whether a list of tags, or `*`, names this one, in whatever content coding it was sent.

    Weak: by If-None-Match, for which the answer must be the same. Else by If-Match, for which the resource must be: the
    tag has to be as we gave it, but its stretch of time may be over.
    """
    if field.strip() == "*":
        return True
    now = _TAG.fullmatch(tag)
    for found in _TAG.finditer(field):
        if now is not None and found[2] == now[2] and (found[3] == now[3] if is_weak else found[1] == now[1]):
            return True
    return False


async def tag(scope: HTTPScope, answer: Answer) -> None:
    """A step: give what was looked up a tag, and say 304 to who has it already (sections 13.1.2 and 15.4.5)."""
    if scope["method"] not in _SAFE or answer.status != HTTPStatus.OK or answer.body is None:
        return
    if answer.header(b"content-type") != b"application/json":
        return
    current = tag_of(answer.body, seconds=time())
    answer.set_header(b"etag", current.encode())
    asked = _field(scope, b"if-none-match")
    if asked is not None and names(asked, current, is_weak=True):
        answer.status, answer.body = HTTPStatus.NOT_MODIFIED, b""
        for name in (b"content-type", b"content-length"):
            answer.set_header(name, None)


class Preconditions:
    """What a change waits for; the routes of one application are looked up when first needed."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._getters: dict[str, HTTPRouteHandler] = {}

    def prepare(self, request: AuthedRequest) -> None:
        """Have the change look first, in its own transaction, whether its If-Match or If-None-Match holds.

        What it compares with is what GET would answer then. Without a GET there is no tag, and nothing matches.
        """
        if request.method in _CHANGES and ("if-match" in request.headers or "if-none-match" in request.headers):
            company(request.scope).first = partial(self._look, request)

    async def _look(self, request: AuthedRequest) -> None:
        current = await self._current(request)
        wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
        if wanted is not None and not names(wanted, current, is_weak=False):
            raise PreconditionFailed
        if unwanted is not None and names(unwanted, current, is_weak=True):
            raise PreconditionFailed

    async def _current(self, request: AuthedRequest) -> str:
        if not self._getters:
            self._getters = {
                route.path_format: route.route_handler_map["GET"][0]
                for route in request.app.routes
                if isinstance(route, HTTPRoute) and "GET" in route.route_handler_map
            }
        getter = self._getters.get(request.scope["path_template"])
        if getter is None:
            return ""
        looked_up: Any = await getter.fn(request=request, platform=self._platform, **request.path_params)
        return tag_of(encode_json(looked_up), seconds=time())


def _field(scope: Scope, name: bytes) -> str | None:
    values = [value.decode("latin-1") for one, value in scope["headers"] if one == name]
    return ", ".join(values) if values else None
