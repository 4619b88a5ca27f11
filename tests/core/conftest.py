"""Messages received as SMTP does it, but without SMTP, and owners who read them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Account, Kind, NewAccount, NewPassword
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.auth.model import Actor, SignedIn
from app.core.messages import queries, service
from app.core.messages.model import Delivery, MessageLine
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.lib.times import utc_now, utc_today
from app.vault.passwords import PasswordRecord
from tests import mail

# Hashing a real password costs a tenth of a second, and nobody signs in here.
NO_PASSWORD = NewPassword(
    record=PasswordRecord(salt=bytes(16), memory_kib=65536, iterations=1, lanes=1, verifier="none"), key=bytes(32)
)


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """An account with one alias, and what its owner does."""

    platform: Platform
    account: Account
    actor: Actor
    alias: Alias

    @property
    def signed_in(self) -> SignedIn:
        return SignedIn(account=self.account, keyring=self.actor.keyring)

    async def lines(self, limit: int = 50) -> list[MessageLine]:
        async with self.platform.db.connection() as conn:
            return await service.page(conn, self.actor, folder=None, before=None, limit=limit)

    async def newest(self) -> MessageLine:
        return (await self.lines(1))[0]

    async def original(self, line: MessageLine) -> bytes:
        content = await service.source(self.platform, self.actor, line.message_id)
        return b"".join([chunk async for chunk in content.stream])

    async def attachment(self, line: MessageLine, ordinal: int) -> bytes:
        content = await service.attachment(self.platform, self.actor, line.message_id, ordinal)
        return b"".join([chunk async for chunk in content.stream])


async def until_waiting(platform: Platform) -> None:
    """Until a statement waits for a lock that another transaction holds."""
    async with asyncio.timeout(30), platform.db.connection() as conn:
        while True:
            cursor = await conn.execute(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'"""
            )
            if await cursor.fetchone() != (0,):
                return


class Slow(Committer):
    """A process that has done everything but the commit until it is let `go`."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform.db, shard=2)
        self._platform = platform
        self.inserted, self.go = asyncio.Event(), asyncio.Event()

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        async with self._platform.db.transaction() as conn:
            await queries.insert_deliveries(conn, deliveries, shard=2)
            # What COMMIT begins with: here it locks what is named, as a commit under way would.
            await conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
            self.inserted.set()
            await self.go.wait()


MakeOwner = Callable[..., Awaitable[Owner]]
Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def make_owner(platform: Platform) -> MakeOwner:
    """`await make_owner("ada")`: an account with the alias ada-alias@restante.test."""

    async def make(login: str, kind: Kind = "standard") -> Owner:
        new = NewAccount(login=login, password="", kind=kind)
        async with platform.db.transaction() as conn:
            made = await accounts.create(
                conn, platform.instance, new, password=NO_PASSWORD, storage_limit=1 << 30, today=utc_today()
            )
            account, keyring = made.account, made.keyring
            alias = await aliases.create(
                conn, account.account_id, keyring, NewAlias(local_part=f"{login}-alias"), now=utc_now()
            )
        actor = Actor(account_id=account.account_id, login=login, is_admin=False, keyring=keyring, kind=kind)
        return Owner(platform=platform, account=account, actor=actor, alias=alias)

    return make


@pytest.fixture
async def ada(make_owner: MakeOwner) -> Owner:
    return await make_owner("ada")


@pytest.fixture
async def bob(make_owner: MakeOwner) -> Owner:
    return await make_owner("bob")


@pytest.fixture
async def committer(platform: Platform) -> AsyncIterator[Committer]:
    made = Committer(platform.db, shard=0)
    yield made
    await made.close()


@pytest.fixture
def deliver(platform: Platform, committer: Committer) -> Deliver:
    """`await deliver(raw, "ada-alias@restante.test", …)`: as after DATA, by the process whose committer is `via`."""

    async def run(raw: bytes, *to: str, is_sealed: bool = True, via: Committer = committer) -> None:
        await mail.deliver(via, platform, raw, *to, sender="shop@shop.test", is_sealed=is_sealed)

    return run
