"""Who is calling: the API key of the Authorization header (RFC 6750 section 2.1), and whether it may."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import Guard

from app.api.errors import Malformed
from app.core.auth import service as auth
from app.core.auth.model import Actor
from app.core.auth.reach import service as reach
from app.core.auth.reach.model import Kind
from app.core.auth.reach.service import KeyBound
from app.core.platform import Platform
from app.errors import Unauthenticated
from app.lib.db import Conn
from app.lib.times import utc_now

_OF_PATHS: Mapping[str, Kind] = {
    "alias_id": "alias",
    "message_id": "message",
    "rule_id": "rule",
    "refusal_id": "refusal",
}
"""What stands in a path under these names, so that the guard can look it up."""

AuthedRequest = Request[Actor, None, State]
"""A request that has passed `bearer`; its `user` is who calls."""


def bearer(platform: Platform) -> Guard:
    """A guard for a whole router, so that no handler can forget it; one query a request.

    Raises Malformed, Unauthenticated, Forbidden when the account is suspended, Unavailable.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        key = _key(connection.headers.getall("authorization", []))
        async with platform.db.connection() as conn:
            connection.scope["user"] = await auth.by_api_key(conn, platform.instance, key, now=utc_now())

    return guard


def permitted(platform: Platform) -> Guard:
    """A guard behind `bearer`: whether the key may.

    Every route says with `scope` what a key needs for it (None: nothing), and with `for_bound_keys=True` that it shows
    a bound key nothing but its own: of ids in the path the guard makes sure, lists narrow themselves, and what is in a
    body the handler has to look at. All other routes are closed to such keys.
    Raises ScopeMissing, KeyBound, NotFound, Unavailable.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if _is_options(handler):
            return
        actor: Actor = connection.scope["user"]
        if (scope := handler.opt["scope"]) is not None:
            actor.assert_may(scope)
        if actor.is_bound:
            async with platform.db.connection() as conn:
                await _assert_in_reach(conn, actor, handler, connection.path_params)

    return guard


def _is_options(handler: BaseRouteHandler) -> bool:
    """Litestar's own handlers of OPTIONS: they say what a path takes, and nothing of anybody."""
    return isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}


async def _assert_in_reach(conn: Conn, actor: Actor, handler: BaseRouteHandler, path_params: Mapping[str, Any]) -> None:
    if not handler.opt.get("for_bound_keys"):
        raise KeyBound
    for name, kind in _OF_PATHS.items():
        if name in path_params:
            await reach.assert_holds(conn, actor, kind, path_params[name])


def _key(sent: Sequence[str]) -> str:
    if len(sent) > 1:
        # Not one of several by chance: a proxy that adds its own would otherwise decide who is calling.
        raise Malformed("Send one Authorization field.", code="bad_request")
    scheme, _, key = "".join(sent).strip().partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Unauthenticated("Send an API key: `Authorization: Bearer <key>`.")
    return key.strip()
