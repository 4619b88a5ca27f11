"""The API behind a real HTTP server on loopback, with accounts, keys and messages to ask for."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypedDict, Unpack
from uuid import UUID

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar, Request, Response

from app.api.errors import give_problems
from app.api.router import api_router
from app.core.accounts import service as accounts
from app.core.accounts.model import Account, NewAccount, NewPassword
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.model import Actor
from app.core.auth.scopes import ALL_SCOPES
from app.core.domains import service as domains
from app.core.messages import service as messages
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.lib.times import utc_now, utc_today
from app.vault.passwords import PasswordRecord
from tests.api.contract import contract_of
from tests.mail import deliver

Serve = Callable[[Litestar], Awaitable["Api"]]

# Hashing a real password costs a tenth of a second, and nobody signs in here.
NO_PASSWORD = NewPassword(
    record=PasswordRecord(salt=bytes(16), memory_kib=65536, iterations=1, lanes=1, verifier="none"), key=bytes(32)
)


class Options(TypedDict, total=False):
    """What a request may carry besides its key."""

    params: dict[str, str]
    headers: dict[str, str]
    json: object
    data: dict[str, str]
    content: bytes


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account with an API key and one alias."""

    account: Account
    actor: Actor
    key: str
    alias: Alias

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


class Api:
    """The served API and what tests ask of it."""

    def __init__(self, app: Litestar, platform: Platform, client: httpx.AsyncClient) -> None:
        self.app = app
        self.platform = platform
        self.client = client

    async def request(
        self, method: str, path: str, user: User | None = None, **options: Unpack[Options]
    ) -> httpx.Response:
        """A request with the user's key; every answer has the headers that keep it out of caches."""
        options["headers"] = (user.headers if user else {}) | options.get("headers", {})
        response = await self.client.request(method, path, **options)
        contract_of(self.platform.public_url).judge(response)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        return response

    async def get(self, path: str, user: User | None = None, **options: Unpack[Options]) -> httpx.Response:
        return await self.request("GET", path, user, **options)

    async def refused(
        self, method: str, path: str, user: User | None = None, **options: Unpack[Options]
    ) -> dict[str, Any]:
        """A request that fails: the problem it is answered with."""
        response = await self.request(method, path, user, **options)
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        assert problem["type"] == "about:blank"
        assert problem["status"] == response.status_code
        assert problem["title"] == response.reason_phrase
        assert problem["detail"].endswith((".", "`"))
        return problem

    async def make_user(self, login: str) -> User:
        platform, new = self.platform, NewAccount(login=login, password="")
        async with platform.db.transaction() as conn:
            made_account = await accounts.create(
                conn, platform.instance, new, password=NO_PASSWORD, storage_limit=1 << 30, today=utc_today()
            )
            account = made_account.account
            owner = await auth.owner(conn, platform.instance, account)
            made = await keys.make(conn, owner, NewKey(name="tests", scopes=ALL_SCOPES), now=utc_now())
            actor = await auth.by_api_key(conn, platform.instance, made.key, now=utc_now())
        return User(account=account, actor=actor, key=made.key, alias=await self.make_alias(actor))

    async def make_alias(self, actor: Actor, description: str = "") -> Alias:
        async with self.platform.db.transaction() as conn:
            new = NewAlias(description=description)
            return await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())

    async def deliver(self, user: User, raw: bytes) -> UUID:
        """Receive a message to the user's alias, as SMTP does; its id."""
        await deliver(Committer(self.platform.db, shard=0), self.platform, raw, user.alias.address)
        async with self.platform.db.connection() as conn:
            (line,) = await messages.page(conn, user.actor, folder=None, before=None, limit=1)
        return line.message_id


def elsewhere(_request: Request[Any, Any, Any], _error: Exception) -> Response[str]:
    """What the pages would answer."""
    return Response("a page", status_code=418, media_type="text/plain")


@pytest.fixture
def app(platform: Platform) -> Litestar:
    app = Litestar(
        route_handlers=[api_router(platform)],
        exception_handlers={Exception: elsewhere},
        openapi_config=None,
        logging_config=None,
    )
    give_problems(app)
    return app


@pytest.fixture
async def serve(platform: Platform) -> AsyncIterator[Serve]:
    """`await serve(app)`: the application behind a server of its own, until the test ends."""
    running: list[tuple[uvicorn.Server, socket.socket, httpx.AsyncClient]] = []

    async def start(app: Litestar) -> Api:
        listener = socket.create_server(("127.0.0.1", 0))
        # asyncio (unlike uvloop) leaves this out for sockets it did not make, which costs 40 ms a request.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        running.append((server, listener, client))
        return Api(app, platform, client)

    yield start
    for server, listener, client in running:
        await client.aclose()
        # The server's own shutdown sleeps a tenth of a second; nothing is under way here.
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        listener.close()


@pytest.fixture
async def api(serve: Serve, app: Litestar, platform: Platform) -> Api:
    async with platform.db.transaction() as conn:
        await domains.ensure_shared(conn, ["restante.test", "second.test"], today=utc_today())
    return await serve(app)


@pytest.fixture
async def ada(api: Api) -> User:
    return await api.make_user("ada")


@pytest.fixture
async def bob(api: Api) -> User:
    return await api.make_user("bob")
