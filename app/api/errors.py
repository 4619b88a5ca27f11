"""Every failure below /api as a problem (RFC 9457): ours, Litestar's own, and the unexpected, which tells nothing."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.responses import create_exception_response
from litestar.types import ExceptionHandlersMap

from app.api.schemas.envelopes import Problem
from app.core.auth.scopes import ScopeMissing
from app.core.idempotency.service import StillRunning
from app.errors import (
    CannotOpen,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    PreconditionFailed,
    RestanteError,
    Unauthenticated,
    Unavailable,
)
from app.lib.logs import error_fields, logger
from app.lib.ranges import RangeNotSatisfiable

SECURITY_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer of the API, good or bad."""

PROBLEM_TYPE = "application/problem+json"
_PREFIX = "/api/"
_RETRY_SECONDS = 5
_RENAMED = {"shown": "state", "event_type": "type"}
"""Query parameters by what handlers call them: Litestar keeps the name `state` for itself."""
"""What a client waits when we cannot know; the database pool gives up after as long."""


class Malformed(RestanteError):
    """The body is not even what its content type says (400)."""

    def __init__(self, detail: str, *, code: str = "malformed") -> None:
        super().__init__(detail, code=code)


class TooSlow(RestanteError):
    """The body was too long in coming (408)."""

    def __init__(self) -> None:
        super().__init__("The body took too long. Send it again.", code="too_slow")


class UnsupportedMediaType(RestanteError):
    """The body is of a type that this address does not read (415)."""

    def __init__(self, accepted: Sequence[str], *, is_patch: bool = False) -> None:
        super().__init__(f"Send the body as {' or '.join(accepted)}.", code="unsupported_media_type")
        self.accepted = tuple(accepted)
        self.is_patch = is_patch


class UnsupportedCoding(RestanteError):
    """The body is compressed (415)."""

    def __init__(self) -> None:
        super().__init__("Send the body as it is, without Content-Encoding.", code="unsupported_content_coding")


_STATUS: Mapping[type[RestanteError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CannotOpen: HTTPStatus.INTERNAL_SERVER_ERROR,
    Malformed: HTTPStatus.BAD_REQUEST,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    UnsupportedCoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
}
_ROUTING: Mapping[int, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request cannot be read."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address does not take this method; see `Allow`."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The body is too large."),
}
_ALWAYS: Mapping[type[RestanteError], Mapping[str, str]] = {
    Unavailable: {"Retry-After": str(_RETRY_SECONDS)},
    UnsupportedCoding: {"Accept-Encoding": "identity"},  # RFC 9110 section 12.5.3
    TooSlow: {"Connection": "close"},
}
"""Header fields that tell of an error, whatever it says."""
"""What is left of the body is not read."""
_encode = msgspec.json.Encoder().encode

ApiRequest = Request[Any, Any, Any]
Handler = Callable[[ApiRequest, Exception], Response[Any]]


def answer(request: ApiRequest, error: Exception) -> Response[bytes]:
    """The problem that tells of `error`. What we did not foresee is logged by type and place, and told by nothing."""
    if isinstance(error, ValidationException):
        return _ours(_invalid_parameters(error))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _routing(request, error)
    if isinstance(error, RestanteError):
        return _ours(error)
    return _unexpected(error)


HANDLERS: ExceptionHandlersMap = {RestanteError: answer, HTTPException: answer, Exception: answer}
"""By class, not by status: the closest class wins, so nothing that an outer layer registers comes in between."""


def give_problems(app: Litestar) -> None:
    """Have the application itself answer with problems below /api; all other paths keep what it answers them with.

    Litestar finds the route before it enters any router, so unknown paths and methods never reach ours. Called once,
    before the application serves.
    """
    handlers = app.exception_handlers
    handlers.setdefault(Exception, create_exception_response)
    for cause, elsewhere in list(handlers.items()):
        handlers[cause] = _below_api(elsewhere)


def _below_api(elsewhere: Handler) -> Handler:
    def handle(request: ApiRequest, error: Exception) -> Response[Any]:
        return answer(request, error) if request.scope["path"].startswith(_PREFIX) else elsewhere(request, error)

    return handle


def _ours(error: RestanteError) -> Response[bytes]:
    fields = error.fields if isinstance(error, Invalid | Conflict) else ()
    # Many clients show `detail` alone, so it names the faults too.
    told = [fault.message for fault in fields if fault.message not in error.detail]
    status = _status(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        logger().error("api_request_failed", **error_fields(error))
    elif isinstance(error, Unavailable):
        logger().warning("api_unavailable", reason=error.code, **error_fields(error))
    return _problem(
        status, code=error.code, detail=" ".join([error.detail, *told]), errors=fields, headers=_headers(error)
    )


def _status(error: RestanteError) -> HTTPStatus:
    if isinstance(error, LimitReached) and error.retry_after is None:
        return HTTPStatus.FORBIDDEN  # waiting does not help
    return next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def _headers(error: RestanteError) -> Mapping[str, str]:
    if isinstance(error, Unauthenticated):
        # RFC 6750 section 3.1: the error attribute only where credentials were sent.
        sent = ', error="invalid_token"' if error.code != "unauthenticated" else ""
        return {"WWW-Authenticate": f'Bearer realm="restante"{sent}'}
    if isinstance(error, ScopeMissing):
        told = f'error="insufficient_scope", scope="{error.scope}"'  # RFC 6750 section 3.1
        return {"WWW-Authenticate": f'Bearer realm="restante", {told}'}
    if isinstance(error, UnsupportedMediaType):
        # RFC 9110 section 15.5.16, RFC 5789 section 2.2
        return dict.fromkeys(("Accept", "Accept-Patch") if error.is_patch else ("Accept",), ", ".join(error.accepted))
    if isinstance(error, LimitReached | StillRunning) and error.retry_after is not None:
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}  # RFC 9110 section 15.5.17
    return next((_ALWAYS[cls] for cls in type(error).__mro__ if cls in _ALWAYS), {})


def _invalid_parameters(error: ValidationException) -> Invalid:
    """Litestar's findings on the query; its own text quotes the URL, so it is left out."""
    found = error.extra if isinstance(error.extra, list) else []
    told = [(str(one.get("key", "")), f"{one['message']}.") for one in found]
    faults = [FieldError(field=_RENAMED.get(name, name), message=message) for name, message in told]
    return Invalid("The parameters are not right.", fields=faults)


def _routing(request: ApiRequest, error: HTTPException) -> Response[bytes]:
    status = HTTPStatus(error.status_code)
    code, detail = _ROUTING.get(status, (status.name.lower(), f"{status.phrase}."))
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE and "route_handler" in request.scope:
        limit = request.route_handler.resolve_request_max_body_size() or 0
        detail = f"The body is too large: it may have {limit // 1024} KiB here."
    allow = {name.lower(): value for name, value in (error.headers or {}).items()}.get("allow")
    return _problem(status, code=code, detail=detail, headers={"Allow": allow} if allow else {})


def _unexpected(error: Exception) -> Response[bytes]:
    logger().error("api_request_failed", **error_fields(error))
    detail = "Something went wrong on our side. It has been noted; please try again later."
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, code="internal", detail=detail)


def _problem(
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    problem = Problem(
        title=status.phrase, status=status.value, detail=detail, code=code, errors=tuple(errors) or msgspec.UNSET
    )
    return Response(
        _encode(problem),
        status_code=status.value,
        media_type=PROBLEM_TYPE,
        headers={**SECURITY_HEADERS, **(headers or {})},
    )
