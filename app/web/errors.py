"""Errors as calm pages: ours, Litestar's own, and the unexpected, of which only type and place are logged."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ExceptionHandlersMap

from app.core.auth.model import AccountLeaving
from app.errors import (
    CannotOpen,
    Conflict,
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
from app.web import confirmation
from app.web.session import PasswordNeeded, confirm_path, login_path
from app.web.view import View, see_other

_STATUS: Mapping[type[RestanteError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CannotOpen: HTTPStatus.INTERNAL_SERVER_ERROR,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
}
_TITLES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "That request made no sense",
    HTTPStatus.FORBIDDEN: "That is not allowed",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "That does not work here",
    HTTPStatus.CONFLICT: "Something has changed meanwhile",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That was too much",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is not right yet",
    HTTPStatus.TOO_MANY_REQUESTS: "Please wait a little",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available for a moment",
}
_ROUTING: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "Something in the address is not as it should be. Go back and try another way.",
    HTTPStatus.NOT_FOUND: "The address may be mistyped, or what was here is gone.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that kind of request.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "What you sent is larger than this page takes. Send less.",
}
_UNEXPECTED = "This is our fault, not yours. It has been noted, without anything of your mail. Please try again later."
_RETRY_SECONDS = 5

AnyRequest = Request[Any, Any, Any]


def error_pages(view: View, too_large: Mapping[str, str], *, cookie_name: str) -> ExceptionHandlersMap:
    """Answers for every exception. `too_large`: by the path of a form what it says of one that was larger.

    `cookie_name`: of the session. A browser without it is not led to the inbox.

    By class, not by status: the closest class wins, so nothing that an outer layer registers comes between. A
    function, because Litestar copies the handlers it is given, and copies an object with all that it holds.
    """

    def answer(request: AnyRequest, error: Exception) -> Response[Any]:
        if isinstance(error, PasswordNeeded):
            is_form = error.method == "POST"
            return confirmation.instead_of_form(view, error) if is_form else see_other(confirm_path(error.path))
        if isinstance(error, AccountLeaving):
            return see_other("/leaving")
        if isinstance(error, Unauthenticated):
            return _to_login(request)
        tell = partial(_page, view, is_known=cookie_name in request.cookies)
        if isinstance(error, RequestEntityTooLarge) and request.url.path in too_large:
            path = request.url.path
            return tell(error.status_code, too_large[path], {}, form=path)
        return _told(tell, error)

    return {RestanteError: answer, HTTPException: answer, Exception: answer}


def _told(tell: Callable[[int, str, Mapping[str, str]], Response[str]], error: Exception) -> Response[str]:
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        text = _ROUTING.get(error.status_code, _ROUTING[HTTPStatus.BAD_REQUEST])
        allow = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
        return tell(error.status_code, text, allow)
    status = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), None)
    if isinstance(error, LimitReached) and error.retry_after is None:
        status = HTTPStatus.FORBIDDEN  # waiting does not help
    if isinstance(error, RestanteError) and status is not None:
        if isinstance(error, Unavailable):
            logger().warning("page_unavailable", reason=error.code, **error_fields(error))
        elif isinstance(error, CannotOpen):
            logger().error("page_failed", **error_fields(error))
        return tell(status, error.detail, _headers(error))
    logger().error("page_failed", **error_fields(error))
    return tell(HTTPStatus.INTERNAL_SERVER_ERROR, _UNEXPECTED, {})


def _page(
    view: View, status: int, text: str, headers: Mapping[str, str], *, is_known: bool, form: str = ""
) -> Response[str]:
    title = _TITLES.get(status, "Something went wrong")
    page = view.page(
        "error.html", status=status, code=int(status), title=title, text=text, form=form, is_known=is_known
    )
    page.headers.update(headers)
    return page


def _to_login(request: AnyRequest) -> Response[Any]:
    if request.method != "GET":
        return see_other(login_path("/inbox"))
    query = request.scope["query_string"].decode("ascii", "replace")
    return see_other(login_path(request.url.path + (f"?{query}" if query else "")))


def _headers(error: RestanteError) -> dict[str, str]:
    if isinstance(error, Unavailable):
        return {"Retry-After": str(_RETRY_SECONDS)}
    if isinstance(error, LimitReached) and error.retry_after is not None:
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}  # RFC 9110 section 15.5.17
    return {}
