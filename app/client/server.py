"""The server's API over HTTP: one request at a time, tried again where that is safe."""

import itertools
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import msgspec

from app.client import failures
from app.client import login as logins
from app.client.failures import Foreign
from app.client.login import Login
from app.client.output import tell
from app.errors import RestanteError

_TIMEOUT = httpx.Timeout(30, connect=10)
_TRIES = 4
_PATIENCE_SECONDS = 60
"""Of all pauses of one request together; who is told to wait longer is told to come back."""
_BROKEN_PAUSE = 1
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

Params = Mapping[str, str]


class Server:
    """A server, with a key. `tell` is given a sentence when there is a pause, `pause` makes it (seconds)."""

    def __init__(
        self, login: Login, *, tell: Callable[[str], None] = tell, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.tell, self.pause, self.url = tell, pause, login.url
        self._http = httpx.Client(
            base_url=f"{login.url}/api/v1",
            headers={"Authorization": f"Bearer {login.key}", "User-Agent": f"restante/{version('restante')}"},
            timeout=_TIMEOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, params: Params | None = None) -> Any:  # noqa: ANN401 - any JSON value
        """The answer's JSON. Raises what `failures` makes of any other."""
        return json_of(self.answer("GET", path, params=params))

    def post(self, path: str, body: Mapping[str, object]) -> tuple[int, Any]:
        """(status, the answer's JSON). Sent again where the answer was lost: its Idempotency-Key makes that once."""
        response = self.answer("POST", path, body=body)
        return response.status_code, json_of(response)

    def patch(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON value
        """The answer's JSON."""
        return json_of(self.answer("PATCH", path, body=body))

    def send(self, path: str, params: Params, content: bytes, content_type: str, *, timeout: float) -> Any:  # noqa: ANN401
        """The answer's JSON to a POST of these bytes, which the server itself takes once only."""
        body = (content, content_type)
        return json_of(self.answer("POST", path, params=params, content=body, timeout=timeout))

    @contextmanager
    def stream(self, path: str, params: Params | None = None) -> Iterator[Iterator[bytes]]:
        """The bytes of an answer; whatever cuts them short is raised."""
        with self.opened(path, params) as response:
            yield response.iter_bytes()

    @contextmanager
    def opened(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        also: Collection[HTTPStatus] = (),
    ) -> Iterator[httpx.Response]:
        """An answer before its bytes: a success, or one of `also`. Whatever cuts it short is raised."""
        wanted = {"Accept-Encoding": "identity", **(headers or {})}
        patience = _TIMEOUT if timeout is None else httpx.Timeout(timeout, connect=_TIMEOUT.connect)
        try:
            with self._http.stream("GET", path, params=params, headers=wanted, timeout=patience) as response:
                if not response.is_success and response.status_code not in also:
                    response.read()
                    raise failures.of_response(response)
                yield response
        except httpx.TransportError as error:
            raise failures.of_transport(error, self._host) from error

    def answer(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Mapping[str, object] | None = None,
        content: tuple[bytes, str] | None = None,
        timeout: float | None = None,
        tries: int = _TRIES,
    ) -> httpx.Response:
        """A success; the body is JSON, or `content` (bytes and their type). `timeout` in seconds without a byte,
        `tries` in all. Raises what `failures` makes of all else.
        """
        data, headers = (content[0], {"Content-Type": content[1]}) if content else (None, None)
        request = self._http.build_request(method, path, params=params, json=body, content=data, headers=headers)
        if method == "POST":
            request.headers["Idempotency-Key"] = str(uuid4())
        if timeout is not None:
            request.extensions["timeout"] = httpx.Timeout(timeout, connect=_TIMEOUT.connect).as_dict()
        waited = 0
        for attempt in itertools.count(1):
            failure: RestanteError
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                failure = unreachable = failures.of_transport(error, self._host)
                wanted = _BROKEN_PAUSE if unreachable.is_broken else None
            else:
                if response.is_success:
                    return response
                failure = failures.of_response(response)
                wanted = failures.retry_after(response) if response.status_code in _BUSY else None
            if wanted is None or attempt == tries or waited + wanted > _PATIENCE_SECONDS:
                raise failure
            self.tell(f"{failure.detail} Waiting {wanted} s.")
            self.pause(wanted)
            waited += wanted
        raise AssertionError  # the count never ends

    @property
    def _host(self) -> str:
        return self._http.base_url.netloc.decode()


def logged_in() -> Server:
    """The server of the login. Raises Unauthenticated, Invalid."""
    return Server(logins.current(os.environ))


def data_of(answer: Any) -> Any:  # noqa: ANN401 - any JSON value
    """What is in the envelope. Raises Foreign."""
    if not isinstance(answer, dict) or "data" not in answer:
        raise Foreign
    return answer["data"]


def json_of(response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON value
    """The answer's JSON. Raises Foreign."""
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Foreign from None
