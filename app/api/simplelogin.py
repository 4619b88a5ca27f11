"""What password managers made for SimpleLogin send to make an alias: their address, header and shapes, not ours."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from litestar import Response, Router, post
from litestar.datastructures import ResponseHeader
from litestar.params import FromQuery
from litestar.types import ASGIApp, ExceptionHandlersMap, Guard, Middleware, Receive, Scope, Send

from app.api import errors
from app.api.auth import AuthedRequest
from app.api.body import JSON, MAX_BYTES, read_body, whole_body
from app.api.platform import GivenPlatform, provide_platform
from app.core.aliases import service as aliases
from app.core.aliases import sites
from app.core.aliases.model import NewAlias
from app.core.auth.reach import service as reach
from app.core.platform import Platform
from app.errors import Unauthenticated
from app.lib.times import utc_now

PATH = "/alias/random/new"
_FORMATS: dict[str, Literal["uuid", "words"]] = {"uuid": "uuid", "word": "words"}
_NO_KEY = "Send an API key: `Authentication: <key>`."
_encode = msgspec.json.Encoder().encode


class NewRandomBody(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said about the alias; their clients may send more."""

    note: str | None = None


class MadeAlias(msgspec.Struct, frozen=True, kw_only=True):
    """What their clients read of the answer."""

    alias: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A failure in their shape."""

    error: str


@post(PATH, scope="aliases:write", for_bound_keys=True, body=NewRandomBody, accepts=(JSON,))
async def create_random_alias(
    request: AuthedRequest,
    platform: GivenPlatform,
    hostname: FromQuery[str] = "",
    mode: FromQuery[Literal["uuid", "word"] | None] = None,
) -> MadeAlias:
    """Make an alias at random for the site `hostname`; it looks as `mode` says, else as the account prefers.

    A `hostname` that is none (an app's, a browser's own page) is passed over: the note has it as well.
    """
    body = await read_body(request, NewRandomBody) if await whole_body(request) else NewRandomBody()
    site = hostname if sites.normal_site(hostname) else ""
    new = NewAlias(description=body.note or "", site=site, format=_FORMATS[mode] if mode else None)
    actor = request.user
    new = reach.placed(actor, new)
    async with platform.db.transaction() as conn:
        alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())
    return MadeAlias(alias=alias.address)


def simplelogin_router(platform: Platform, guards: Sequence[Guard], middleware: Middleware) -> Router:
    """Below /api; `guards` and `middleware` are those of our own routes, which find the key where they look for it."""
    return Router(
        path="/",
        route_handlers=[create_random_alias],
        guards=list(guards),
        dependencies={"platform": provide_platform(platform)},
        middleware=[_as_bearer, middleware],
        exception_handlers=HANDLERS,
        response_headers=[ResponseHeader(name=name, value=value) for name, value in errors.SECURITY_HEADERS.items()],
        request_max_body_size=MAX_BYTES,
    )


def _as_bearer(app: ASGIApp) -> ASGIApp:
    """The key of the field `Authentication` as the credentials that it is."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        keys = [value for name, value in scope["headers"] if name == b"authentication"]
        if keys:
            others = [field for field in scope["headers"] if field[0] not in {b"authentication", b"authorization"}]
            scope["headers"] = [*others, *((b"authorization", b"Bearer " + key) for key in keys)]
        await app(scope, receive, send)

    return middleware


def _answer(request: errors.ApiRequest, error: Exception) -> Response[Any]:
    """The same failure as our own routes tell it, in their shape."""
    found = errors.answer(request, error)
    is_without_key = isinstance(error, Unauthenticated) and error.code == "unauthenticated"
    detail = _NO_KEY if is_without_key else msgspec.json.decode(found.content)["detail"]
    return Response(
        _encode(Told(error=detail)), status_code=found.status_code, media_type=JSON, headers=dict(found.headers)
    )


HANDLERS: ExceptionHandlersMap = dict.fromkeys(errors.HANDLERS, _answer)
"""In place of our own."""
