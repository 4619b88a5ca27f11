"""Mail for a domain of one's own, from the proof to the alias that the first message makes."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.core.domains import checking, owned
from app.core.domains.model import CatchAll, CatchAllMode, Pattern
from app.core.platform import Platform
from app.lib.resolver import Resolver
from app.lib.times import utc_now
from tests.dns_server import DnsServer, running_dns
from tests.smtp.conftest import Connect, Mx, StartMx, Town
from tests.smtp.peer import Peer

MAIL = b"Subject: Hello\r\n\r\nFrom afar.\r\n"


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with running_dns() as made:
        yield made


@pytest.fixture
async def own(platform: Platform, town: Town, zone: DnsServer) -> Platform:
    """Ada has proven ada.test."""
    asking = msgspec.structs.replace(platform, resolver=Resolver([zone.server], timeout=20, lifetime=30))
    async with asking.db.transaction() as conn:
        made = await owned.add(asking, conn, town.ada, "ada.test", now=utc_now())
    for record in made.records:
        zone.set(record.name.replace("*.", "restante."), record.type, record.value)
    await checking.check_now(asking, town.ada, "ada.test", now=utc_now())
    return asking


@pytest.fixture
async def mx(own: Platform, start_mx: StartMx) -> Mx:
    return await start_mx(own)


async def catch(own: Platform, town: Town, mode: CatchAllMode, pattern: Pattern | None = None) -> None:
    async with own.db.transaction() as conn:
        await owned.set_catch_all(own, conn, town.ada, "ada.test", CatchAll(mode=mode, pattern=pattern))


async def deliver(peer: Peer, *recipients: str) -> str:
    await peer.envelope(*recipients)
    peer.send(MAIL + b".\r\n")
    return (await peer.reply()).code


async def ask(peer: Peer, recipient: str) -> str:
    """What RCPT is answered; nothing is sent."""
    assert await peer.ask("MAIL FROM:<news@shop.example>") == "250 2.1.0"
    code = await peer.ask(f"RCPT TO:<{recipient}>")
    assert await peer.ask("RSET") == "250 2.0.0"
    return code


async def alias_count(own: Platform) -> int:
    async with own.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM aliases WHERE address LIKE '%@ada.test'")).fetchone()
    assert row is not None
    return int(row[0])


async def test_the_roles_of_ones_own_domain_take_mail(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    assert await deliver(peer, "Postmaster@ADA.test", "abuse@ada.test") == "250 2.6.0"
    assert [address for address, _ in await town.sources(town.ada)] == ["Postmaster@ADA.test", "abuse@ada.test"]
    assert await ask(peer, "other@ada.test") == "550 5.1.1"
    assert await ask(peer, "other@sub.ada.test") == "550 5.7.1"


async def test_the_first_message_makes_the_alias(own: Platform, mx: Mx, greet: Connect, town: Town) -> None:
    await catch(own, town, "make", Pattern("wildcard", "shop*"))
    peer = await greet(mx)
    for number in range(5):
        assert await ask(peer, f"shop{number}@ada.test") == "250 2.1.5"
    assert await ask(peer, "info@ada.test") == "550 5.1.1"
    assert await alias_count(own) == 2
    assert await deliver(peer, "shop1@ada.test", "shop1+a@ada.test", "shop@restante.test") == "250 2.6.0"
    assert await deliver(peer, "SHOP1@ada.test") == "250 2.6.0"
    assert await alias_count(own) == 3
    assert [address for address, _ in await town.sources(town.ada)] == [
        "shop1@ada.test",
        "shop@restante.test",
        "SHOP1@ada.test",
    ]


async def test_first_messages_at_once_make_one_alias_and_are_all_kept(
    own: Platform, mx: Mx, connect: Connect, town: Town
) -> None:
    await catch(own, town, "make")
    peers = [await connect(mx) for _ in range(6)]

    async def send(peer: Peer) -> str:
        await peer.hello()
        return await deliver(peer, "new@ada.test")

    assert await asyncio.gather(*map(send, peers)) == ["250 2.6.0"] * 6
    assert await alias_count(own) == 3
    assert [address for address, _ in await town.sources(town.ada)] == ["new@ada.test"] * 6


async def test_content_that_is_refused_makes_no_alias(own: Platform, mx: Mx, greet: Connect, town: Town) -> None:
    await catch(own, town, "make")
    peer = await greet(mx)
    await peer.envelope("new@ada.test")
    peer.send(b"Subject: smuggled\r\n\r\na\nb\r\n.\r\n")
    assert (await peer.reply()).code.startswith("5")
    assert await alias_count(own) == 2


async def test_a_paused_domain_keeps_mail_waiting_with_its_sender(own: Platform, mx: Mx, greet: Connect) -> None:
    async with own.db.connection() as conn:
        await conn.execute("UPDATE domains SET is_paused = true WHERE domain = 'ada.test'")
    peer = await greet(mx)
    for local_part in ("postmaster", "other"):
        assert await ask(peer, f"{local_part}@ada.test") == "450 4.2.1"
