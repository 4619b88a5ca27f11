"""Requests to URLs that somebody else chose (webhooks): they reach public addresses only, and cost a bounded time and
number of bytes whatever answers there.

Every address is checked at connect time and connected to as it was checked, so a name that leads elsewhere a moment
later (DNS rebinding) leads nowhere. Redirects, cookies and the environment's proxies are never followed, kept or used.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import httpcore
import httpx
import msgspec

from app.lib.logs import logger
from app.lib.outbound.addresses import Network, is_open, is_public, literal
from app.lib.resolver import Resolver
from app.lib.times import utc_now

Fault: TypeAlias = Literal["dns", "refused_address", "connect", "tls", "timeout", "too_slow", "reset", "bad_answer"]
"""Why there is no status: the name has no address; it leads to one that is not public; nobody took the connection; no
TLS with a valid certificate; no connection in 5 s; no answer in 15 s; broken off before the answer; no HTTP answer."""

MAX_ANSWER: Final = 512
"""Bytes that are read of an answer's body."""
_MAX_ADDRESSES = 4
_IDLE_SECONDS = 2.0
"""A connection is used again for so long: shorter than servers keep theirs, so seldom into one that is being closed."""
_MAX_CONNECTIONS = 100


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds by the wall clock, however busily the other side drips."""

    connect: float = 5.0
    """For the name and all of its addresses; half of it for one address; and as much again for TLS."""
    exchange: float = 15.0
    """For all of it."""
    body: float = 2.0
    """For what comes behind the status, which is what decides."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: a status, or a fault and no status."""

    status: int | None = None
    fault: Fault | None = None
    body: bytes = b""
    """At most 512 bytes of the answer as they came, whatever they are."""
    retry_after: float | None = None
    """Seconds that the answer asks to wait (RFC 9110 section 10.2.3), as it says them; not negative."""
    milliseconds: int

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3


class _NoAddressError(Exception):
    """The name has none, or DNS does not answer."""


class _RefusedAddressError(Exception):
    """An address that nothing is sent to."""


class _Guard(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and hands the library nothing to resolve."""

    def __init__(
        self, resolver: Resolver, networks: Sequence[Network], patience: Patience, *, is_public_allowed: bool
    ) -> None:
        self._resolver = resolver
        self._patience = patience
        self._networks = tuple(networks)
        self._is_public_allowed = is_public_allowed
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - the library's signature; ours holds for all addresses
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of the host's addresses that takes the connection, in time."""
        try:
            async with asyncio.timeout(self._patience.connect):
                return await self._first(await self._addresses(host), port, local_address, socket_options)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    async def _first(
        self, addresses: Sequence[str], port: int, local_address: str | None, socket_options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        fault: Exception = _NoAddressError()
        for address in addresses:
            try:
                half = self._patience.connect / 2
                return await self._sockets.connect_tcp(address, port, half, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault

    async def _addresses(self, host: str) -> list[str]:
        """All of them are allowed, or nothing is sent: a name that leads inside as well is a try or a mistake."""
        found = [address] if (address := literal(host)) else await self._resolved(host)
        if not all(self._is_allowed(address) for address in found):
            raise _RefusedAddressError
        return found[:_MAX_ADDRESSES]

    async def _resolved(self, host: str) -> list[str]:
        name = host.rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return ["127.0.0.1", "::1"]  # RFC 6761 section 6.3: DNS is not asked
        answer = await self._resolver.addresses(host)
        if not answer.records:
            raise _NoAddressError
        return list(answer.records)

    def _is_allowed(self, address: str) -> bool:
        return (self._is_public_allowed and is_public(address)) or is_open(address, self._networks)


class Outbound:
    """Sends requests; a process has one. `networks` that are not public may be reached all the same, also by plain
    HTTP. `tls`: whom to trust; without it the usual authorities, or those of SSL_CERT_FILE.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        networks: Sequence[Network] = (),
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._resolver = resolver
        self._patience = patience or Patience()
        self.networks = tuple(networks)
        self._tls = tls

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST `body` to a URL that `urls.read_url` gave. Takes 15 s at most and never raises for what it meets."""
        started = time.perf_counter()
        progress = _Progress()
        request = httpcore.Request(
            "POST",
            url,
            headers=_headers(url, headers, len(body)),
            content=body,
            extensions={
                "trace": progress.note,
                "timeout": {"connect": self._patience.connect, "pool": self._patience.exchange},
            },
        )
        fault: Fault | None = None
        try:
            async with asyncio.timeout(self._patience.exchange):
                await self._exchange(request, progress)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's server brings about is a fault
            fault = progress.fault_of(error)
        return progress.answer(fault, milliseconds=int((time.perf_counter() - started) * 1000))

    async def close(self) -> None:
        """Close the connections that are kept."""
        for name in ("_encrypted", "_plain"):
            if name in self.__dict__:
                await self.__dict__[name].aclose()

    async def _exchange(self, request: httpcore.Request, progress: "_Progress") -> None:
        pool = self._encrypted if request.url.scheme == b"https" else self._plain
        response = await pool.handle_async_request(request)
        try:
            progress.response = response
            # Broken off, drips or lies about its length: the status has come, and decides.
            with suppress(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError):
                async with asyncio.timeout(self._patience.body):
                    await progress.read_body()
        finally:
            await response.aclose()

    @cached_property
    def _encrypted(self) -> httpcore.AsyncConnectionPool:
        return _pool(self._guard(is_public_allowed=True), self._tls or httpx.create_ssl_context())

    @cached_property
    def _plain(self) -> httpcore.AsyncConnectionPool:
        return _pool(self._guard(is_public_allowed=False), None)

    def _guard(self, *, is_public_allowed: bool) -> _Guard:
        return _Guard(self._resolver, self.networks, self._patience, is_public_allowed=is_public_allowed)


class _Progress:
    """How far a request has come, which tells whose fault it is when it comes no further."""

    def __init__(self) -> None:
        self.response: httpcore.Response | None = None
        self._step = ""
        self._body = b""

    async def note(self, event: str, _info: object) -> None:
        """The library's trace: `connection.start_tls.started` and so on."""
        _, step, state = event.split(".")
        if state == "started":
            self._step = step

    async def read_body(self) -> None:
        """The first bytes of the answer, kept as they come."""
        if self.response is not None:
            async for chunk in self.response.aiter_stream():
                self._body += chunk[: MAX_ANSWER - len(self._body)]
                if len(self._body) >= MAX_ANSWER:
                    return

    def fault_of(self, error: Exception) -> Fault:
        """The fault in a word."""
        match error:
            case _NoAddressError():
                return "dns"
            case _RefusedAddressError():
                return "refused_address"
            case httpcore.ConnectTimeout() | httpcore.PoolTimeout():
                return "timeout"
            case TimeoutError() | httpcore.TimeoutException():
                return "too_slow"
        if self._step == "start_tls":
            return "tls"
        if self._step == "connect_tcp":
            return "connect"
        if isinstance(error, httpcore.NetworkError):
            return "reset"
        if not isinstance(error, httpcore.RemoteProtocolError):
            logger().error(
                "request_failed", error=type(error).__name__, step=self._step
            )  # a fault of ours, or a new one
        return "bad_answer"

    def answer(self, fault: Fault | None, *, milliseconds: int) -> Answer:
        """What came of it; a status that has come counts whatever happened behind it."""
        if self.response is None:
            return Answer(fault=fault, milliseconds=milliseconds)
        return Answer(
            status=self.response.status,
            body=self._body,
            retry_after=_retry_after(self.response.headers),
            milliseconds=milliseconds,
        )


def _pool(guard: _Guard, tls: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=tls,
        max_connections=_MAX_CONNECTIONS,
        max_keepalive_connections=_MAX_CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=guard,
    )


def _headers(url: str, headers: Mapping[str, str], size: int) -> list[tuple[str, str]]:
    own = {
        "Host": httpx.URL(url).netloc.decode("ascii"),
        "Content-Length": str(size),
        "Accept": "*/*",
        "Accept-Encoding": "identity",  # what is read of the answer is 512 bytes, not what they unpack to
        "User-Agent": "Restante",
    }
    return [*own.items(), *headers.items()]


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    text = next((value for name, value in headers if name.lower() == b"retry-after"), b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - utc_now()).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
