"""What went wrong between this program and the server, in a sentence that says what to do."""

import math
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import msgspec

from app.client.text import line
from app.errors import FieldError, Invalid, LimitReached, NotFound, RestanteError, Unauthenticated, Unavailable

_MAX_PROBLEM = 64 * 1024
_NOT_OURS = "This does not look like a Restante server, or it is older than this program."


class Unreachable(Unavailable):
    """Nobody answers there; `is_broken` where somebody did and then hung up."""

    def __init__(self, detail: str, *, is_broken: bool = False) -> None:
        super().__init__(detail, code="unreachable")
        self.is_broken = is_broken


class Foreign(RestanteError):
    """Whoever answers does not speak as our servers do."""

    def __init__(self, detail: str = _NOT_OURS) -> None:
        super().__init__(detail, code="foreign")


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of RFC 9457's object."""

    detail: str
    code: str
    errors: list[FieldError] = []


def of_response(response: httpx.Response) -> RestanteError:
    """What an answer other than success says. Its words are the server's, made safe to show."""
    status = response.status_code
    if response.is_redirect:
        return Foreign(f"The server is elsewhere: run `restante login --url {line(_target(response))}`.")
    try:
        problem = msgspec.json.decode(response.content[:_MAX_PROBLEM], type=_Problem)
    except msgspec.DecodeError:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(f"The server has a fault of its own ({status}). Try again later.", code="server_fault")
        return Foreign()
    return _of_problem(response, problem)


def _of_problem(response: httpx.Response, problem: _Problem) -> RestanteError:
    detail, code = line(problem.detail), line(problem.code)
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED:
            return Unauthenticated(f"{detail} Log in with a key that is: `restante login`.", code=code)
        case HTTPStatus.NOT_FOUND:
            return NotFound(detail, code=code)
        case HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response)
            later = f" Try again in {_span(seconds)}." if seconds else ""
            return LimitReached(detail + later, code=code, retry_after=seconds)
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return Unavailable(detail, code=code)
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            fields = [FieldError(field=line(one.field), message=line(one.message)) for one in problem.errors]
            return Invalid(detail, code=code, fields=fields)
    return RestanteError(detail, code=code)


def of_transport(error: httpx.TransportError, host: str) -> Unreachable:
    """Why there was no answer."""
    causes = list(_causes(error))
    certificate = next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return Unreachable(
            f"The certificate of {host} is not to be trusted: {certificate.verify_message}. "
            "If it is from an authority of your own, name its file in SSL_CERT_FILE."
        )
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return Unreachable(f"{host} does not speak TLS as it should. Is it served over http:// only?")
    if any(isinstance(one, socket.gaierror) for one in causes):
        return Unreachable(f"There is no host named {host}, or this machine is offline.")
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"{host} does not answer in time.")
    if isinstance(error, httpx.ConnectError):
        return Unreachable(f"Nobody answers at {host}: {_reason(causes)}. Is the server running there?")
    return Unreachable(f"{host} hung up before its answer was complete.", is_broken=True)


def retry_after(response: httpx.Response) -> int | None:
    """The seconds that the server asks to wait: a number, or a time of its clock (RFC 9110 section 10.2.3)."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return int(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0, math.ceil((moment - (served_at(response) or datetime.now(UTC))).total_seconds()))


def served_at(response: httpx.Response) -> datetime | None:
    """The server's clock (RFC 9110 section 6.6.1)."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None


def _target(response: httpx.Response) -> str:
    try:
        url = response.request.url.join(response.headers.get("Location", ""))
    except httpx.InvalidURL:
        return "URL"
    return str(url.copy_with(path="/", query=None, fragment=None)).rstrip("/")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _reason(causes: list[BaseException]) -> str:
    found = next((one.strerror for one in causes if isinstance(one, OSError) and one.strerror), None)
    return found.lower() if found else "no connection"


def _span(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return f"{seconds} seconds" if seconds < 100 else f"{minutes} minutes"  # noqa: PLR2004 - beyond it nobody counts seconds
