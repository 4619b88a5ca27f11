"""Accounts that bring their domains, and the DNS that vouches for them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.core.auth.model import Actor
from app.core.domains import checking, owned
from app.core.domains.model import OwnDomain
from app.core.platform import Platform
from app.lib.resolver import Resolver
from app.lib.times import utc_now
from tests.conftest import MakeAccount
from tests.dns_server import DnsServer, running_dns

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


class World:
    """The product, the DNS it asks, and a clock that moves when it is told to."""

    def __init__(self, platform: Platform, zone: DnsServer) -> None:
        self.platform = platform
        self.zone = zone
        self.now = START

    def wait(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now

    async def add(self, actor: Actor, name: str = "ada.test") -> OwnDomain:
        async with self.platform.db.transaction() as conn:
            return await owned.add(self.platform, conn, actor, name, now=self.now)

    async def get(self, actor: Actor, name: str = "ada.test") -> OwnDomain:
        async with self.platform.db.connection() as conn:
            return await owned.get(self.platform, conn, actor, name)

    async def check(self, actor: Actor, name: str = "ada.test") -> OwnDomain:
        """As by hand, a minute later."""
        return await checking.check_now(self.platform, actor, name, now=self.wait(minutes=1))

    def publish(self, domain: OwnDomain) -> None:
        """Set every record as it is asked for."""
        for record in domain.records:
            name = record.name.replace("*.", "restante.")
            self.zone.set(name, record.type, record.value)

    async def prove(self, actor: Actor, name: str = "ada.test") -> OwnDomain:
        self.publish(await self.add(actor, name))
        return await self.check(actor, name)

    async def delete(self, actor: Actor, name: str = "ada.test") -> int:
        async with self.platform.db.transaction() as conn:
            return await owned.delete(conn, actor, name, now=utc_now())


@pytest.fixture
async def world(platform: Platform) -> AsyncIterator[World]:
    async with running_dns() as zone:
        resolver = Resolver([zone.server], timeout=20, lifetime=30)
        yield World(msgspec.structs.replace(platform, resolver=resolver), zone)


@pytest.fixture
async def ada(make_account: MakeAccount, actor_of: Callable[..., Awaitable[Actor]]) -> Actor:
    return await actor_of(await make_account("ada"))


@pytest.fixture
async def bob(make_account: MakeAccount, actor_of: Callable[..., Awaitable[Actor]]) -> Actor:
    return await actor_of(await make_account("bob"))
