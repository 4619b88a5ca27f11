"""A real SMTP server on a free loopback port, in front of the `platform` fixture."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Account
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.platform import Platform
from app.lib.listener import bind_listener
from app.lib.ratelimit import NetworkLimit, NetworkLimits
from app.lib.times import utc_now
from app.smtp import server, tls
from app.smtp.settings import Settings

MakeAlias = Callable[[Account, str], Awaitable[Alias]]


class Mx(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, and how to stop it."""

    port: int
    stop: asyncio.Event
    stopped: asyncio.Task[None]


@pytest.fixture
def smtp_settings() -> Settings:
    return Settings(
        hostname="mx.restante.test",
        max_message_size=8 * 1024 * 1024,
        timeout=300,
        max_connections=100,
        is_proxied=False,
    )


@pytest.fixture
def listener() -> socket.socket:
    return bind_listener("127.0.0.1", 0)


@pytest.fixture
async def mx(
    platform: Platform, smtp_settings: Settings, listener: socket.socket, tmp_path: Path
) -> AsyncIterator[Mx]:
    limit = NetworkLimit(open=50, per_minute=6000)
    limits = NetworkLimits(limit, limit, limit)
    context = tls.context(*tls.self_signed(tmp_path, "mx.restante.test"))
    stop = asyncio.Event()
    stopped = asyncio.create_task(server.serve(platform, smtp_settings, limits, listener, context, stop))
    yield Mx(port=listener.getsockname()[1], stop=stop, stopped=stopped)
    stop.set()
    await stopped


@pytest.fixture
def make_alias(platform: Platform) -> MakeAlias:
    """`await make_alias(account, "shop")`: the alias shop@restante.test."""

    async def make(account: Account, local_part: str) -> Alias:
        async with platform.db.transaction() as conn:
            keyring = await accounts.open_keyring(conn, platform.instance, account.account_id)
            new = NewAlias(local_part=local_part, domain="restante.test")
            return await aliases.create(conn, account.account_id, keyring, new, now=utc_now())

    return make
