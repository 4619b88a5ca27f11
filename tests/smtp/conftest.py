"""A real SMTP server on a free loopback port, and the mailboxes behind it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import LiteralString

import msgspec
import pytest

from app.core.accounts.model import Account
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.auth.model import Actor
from app.core.domains.roles import give_roles
from app.core.messages import service as messages
from app.core.platform import Platform
from app.lib.listener import bind_listener
from app.lib.ratelimit import NetworkLimit, NetworkLimits
from app.lib.times import utc_now
from app.smtp import server, tls
from app.smtp.settings import Settings
from tests.conftest import MakeAccount
from tests.smtp.peer import Peer

Connect = Callable[["Mx"], Awaitable[Peer]]
StartMx = Callable[..., Awaitable["Mx"]]

SETTINGS = Settings(
    hostname="mx.restante.test", max_message_size=8 * 1024 * 1024, timeout=300, max_connections=100, is_proxied=False
)


class Mx(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, and how to stop it."""

    port: int
    stop: asyncio.Event
    stopped: asyncio.Task[None]

    async def end(self) -> None:
        """Stop it; what it had under way is over when this returns."""
        self.stop.set()
        await self.stopped


def network_limits(*, most_open: int = 50, exempt_local: bool = True) -> NetworkLimits:
    limit = NetworkLimit(open=most_open, per_minute=6000)
    return NetworkLimits(limit, limit, limit, exempt_local=exempt_local)


@pytest.fixture
async def start_mx(platform: Platform, tmp_path: Path) -> AsyncIterator[StartMx]:
    """`await start_mx(timeout=1)`: a server with these settings, stopped at the test's end."""

    @asynccontextmanager
    async def running(served: Platform, limits: NetworkLimits, settings: Settings) -> AsyncIterator[Mx]:
        listener = bind_listener("127.0.0.1", 0)
        context = tls.context(*tls.self_signed(tmp_path, "mx.restante.test"))
        stop = asyncio.Event()
        stopped = asyncio.create_task(server.serve(served, settings, limits, listener, context, stop))
        mx = Mx(port=listener.getsockname()[1], stop=stop, stopped=stopped)
        try:
            yield mx
        finally:
            await mx.end()

    async with AsyncExitStack() as stack:

        async def start(served: Platform = platform, *, limits: NetworkLimits | None = None, **changes: object) -> Mx:
            settings: Settings = msgspec.structs.replace(SETTINGS, **changes)
            return await stack.enter_async_context(
                running(served, network_limits() if limits is None else limits, settings)
            )

        yield start


@pytest.fixture
async def mx(start_mx: StartMx) -> Mx:
    return await start_mx()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """`await connect(mx)`: a client, hung up at the test's end."""
    async with AsyncExitStack() as stack:

        async def connect(mx: Mx) -> Peer:
            peer = await Peer.connect(mx.port)
            stack.push_async_callback(peer.close)
            return peer

        yield connect


@pytest.fixture
def greet(connect: Connect) -> Connect:
    """`await greet(mx)`: a client that has said EHLO."""

    async def greet(mx: Mx) -> Peer:
        peer = await connect(mx)
        await peer.hello()
        return peer

    return greet


class Town:
    """Ada has shop@, letters@, three disabled aliases and, as administrator, postmaster@; Bob has bob@, Eve evil@.

    Eve is suspended; Bob has 100 kB of room.
    """

    def __init__(self, platform: Platform, objects: Path, *, ada: Actor, bob: Actor) -> None:
        self.ada = ada
        self.bob = bob
        self._platform = platform
        self._objects = objects

    async def sources(self, actor: Actor) -> list[tuple[str, bytes]]:
        """(The recipient as shown, the original) of all messages of the account, oldest first."""
        async with self._platform.db.connection() as conn:
            lines = await messages.page(conn, actor, folder=None, before=None, limit=200)
        found = []
        for line in reversed(lines):
            source = await messages.source(self._platform, actor, line.message_id)
            found.append((line.summary.delivered_to, b"".join([chunk async for chunk in source.stream])))
        return found

    async def count(self) -> int:
        """Rows of messages, whosoever they are."""
        return await self._number("SELECT count(*) FROM messages")

    async def leftovers(self) -> list[object]:
        """What a message that was not taken may have left: rows anywhere, objects, files half written."""
        rows = await self._number(
            """SELECT (SELECT count(*) FROM message_summaries) + (SELECT count(*) FROM message_sources)
                    + (SELECT count(*) FROM message_tokens) + (SELECT count(*) FROM message_blobs)
                    + (SELECT count(*) FROM blobs) + (SELECT count(*) FROM messages)"""
        )
        objects: list[object] = [info.name async for info in self._platform.blobs.list()]
        half_written = await asyncio.to_thread(os.listdir, self._objects / "partial")
        return [rows] * bool(rows) + objects + list(half_written)

    async def _number(self, query: LiteralString) -> int:
        async with self._platform.db.connection() as conn:
            row = await (await conn.execute(query)).fetchone()
        assert row is not None
        return int(row[0])


MakeAlias = Callable[[Account, str], Awaitable[Alias]]


@pytest.fixture
def make_alias(platform: Platform, actor_of: Callable[[Account], Awaitable[Actor]]) -> MakeAlias:
    """`await make_alias(account, "shop")`: the alias shop@restante.test."""

    async def make(account: Account, local_part: str) -> Alias:
        actor = await actor_of(account)
        async with platform.db.transaction() as conn:
            new = NewAlias(local_part=local_part, domain="restante.test")
            return await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())

    return make


@pytest.fixture
async def town(
    platform: Platform,
    tmp_path: Path,
    make_account: MakeAccount,
    make_alias: MakeAlias,
    actor_of: Callable[[Account], Awaitable[Actor]],
) -> Town:
    ada, bob, eve = await make_account("ada", is_admin=True), await make_account("bob"), await make_account("eve")
    for local_part in ("shop", "letters", "refused", "deferred", "dropped"):
        await make_alias(ada, local_part)
    await make_alias(bob, "bob")
    await make_alias(eve, "evil")
    async with platform.db.transaction() as conn:
        await give_roles(conn, now=utc_now())
        await conn.execute("UPDATE accounts SET storage_limit = 100000 WHERE account_id = %s", (bob.account_id,))
        await conn.execute("UPDATE accounts SET status = 'suspended' WHERE account_id = %s", (eve.account_id,))
        for local_part, choice in (("refused", "refuse"), ("deferred", "defer"), ("dropped", "discard")):
            await conn.execute(
                "UPDATE aliases SET is_enabled = false, when_disabled = %s WHERE address = %s",
                (choice, f"{local_part}@restante.test"),
            )
    return Town(platform, tmp_path / "objects", ada=await actor_of(ada), bob=await actor_of(bob))
