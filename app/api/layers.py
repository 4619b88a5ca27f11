"""What surrounds every handler: who may, what is looked at before it, and the steps its answer passes through."""

from collections.abc import Sequence
from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, BeforeRequestHookHandler, Guard, Middleware

from app.api import idempotency
from app.api.answers import Answers
from app.api.auth import AuthedRequest, bearer, permitted
from app.api.compression import compress
from app.api.conditional import Preconditions, tag
from app.api.options import Options
from app.api.parameters import Parameters
from app.api.rates import KeyRates, WrongKeys
from app.api.uses import Uses
from app.core.platform import Platform

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Layers:
    """Those of one application, as plain functions: routers copy what they are given, and functions stay the same.

    `per_minute` is how many requests a key may make in one process.
    """

    def __init__(self, platform: Platform, *, per_minute: int) -> None:
        key_rates, wrong_keys = KeyRates(per_minute), WrongKeys()
        self.guards: list[Guard] = _guards(platform, key_rates, wrong_keys)
        self.before: BeforeRequestHookHandler = _before(platform)
        steps = (idempotency.Settle(platform), tag, wrong_keys.note, key_rates.tell, compress)

        def middleware(app: ASGIApp) -> ASGIApp:
            return Uses(Answers(app, steps), platform)

        self.middleware: Middleware = middleware


def also_head(routes: Sequence[HTTPRouteHandler]) -> None:
    """Have HEAD answered wherever GET is (RFC 9110 section 9.1); the server leaves the body out."""
    for route in routes:
        if "GET" in route.http_methods:
            route.http_methods.add("HEAD")


def _guards(platform: Platform, key_rates: KeyRates, wrong_keys: WrongKeys) -> list[Guard]:
    async def not_guessing(connection: AnyConnection, _handler: object) -> None:
        wrong_keys.check(connection.scope)

    async def not_too_fast(connection: AnyConnection, _handler: object) -> None:
        key_rates.count(connection.scope)

    # Who is refused by `permitted` has made a request as well.
    return [not_guessing, bearer(platform), not_too_fast, permitted(platform)]


def _before(platform: Platform) -> BeforeRequestHookHandler:
    parameters, preconditions, options = Parameters(), Preconditions(platform), Options()

    async def before(request: AuthedRequest) -> Response[bytes] | None:
        """Before a handler and its parameters; an answer stands for the handler's own."""
        parameters.check(request)
        if (allowed := options.answer(request)) is not None:
            return allowed
        preconditions.prepare(request)
        return await idempotency.begin(platform, request)

    return before
