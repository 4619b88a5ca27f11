"""Who is calling: the API key of the Authorization header (RFC 6750 section 2.1), and whether it may."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from app.core.auth import service as auth
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.errors import Unauthenticated
from app.lib.times import utc_now

AuthedRequest = Request[Actor, None, State]
"""A request that has passed `bearer`; its `user` is who calls."""


def bearer(platform: Platform) -> Guard:
    """A guard for a whole router, so that no handler can forget it; one query a request.

    Every route says with `scope` what a key needs for it. Raises Unauthenticated, ScopeMissing, Forbidden when the
    account is suspended, Unavailable.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        key = _key(connection.headers.get("authorization", ""))
        async with platform.db.connection() as conn:
            actor = await auth.by_api_key(conn, platform.instance, key, now=utc_now())
        actor.assert_may(handler.opt["scope"])
        connection.scope["user"] = actor

    return guard


def _key(header: str) -> str:
    scheme, _, key = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Unauthenticated("Send an API key: `Authorization: Bearer <key>`.")
    return key.strip()
