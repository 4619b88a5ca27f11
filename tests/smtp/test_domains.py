"""Mail for a domain of one's own, from the proof to the alias that the first message makes."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.limits import service as limits
from app.core.domains import catchall, checking, owned
from app.core.domains.model import CatchAll, CatchAllMode, Pattern
from app.core.platform import Platform
from app.core.rules import service as rules
from app.core.rules.model import NewRule
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


async def catch(
    own: Platform, town: Town, mode: CatchAllMode, pattern: Pattern | None = None, *, alias_id: UUID | None = None
) -> None:
    async with own.db.transaction() as conn:
        choice = CatchAll(mode=mode, pattern=pattern, alias_id=alias_id)
        await owned.set_catch_all(own, conn, town.ada, "ada.test", choice)


async def limit_aliases(own: Platform, town: Town, room: int) -> None:
    """Let Ada make so many more."""
    async with own.db.transaction() as conn:
        count = (await limits.allowance(conn, town.ada.account_id)).alias_count
        account = await accounts.get(conn, town.ada.account_id)
        await accounts.change_limits(conn, account, Limits(alias_limit=count + room))


async def deliver(peer: Peer, *recipients: str, mail: bytes = MAIL) -> str:
    await peer.envelope(*recipients)
    peer.send(mail + b".\r\n")
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


@pytest.mark.parametrize("envelope", ["news@shop.example", "bounce@esp.example"])
async def test_mail_of_somebody_blocked_makes_no_alias_and_counts_for_the_rule(
    own: Platform, mx: Mx, greet: Connect, town: Town, envelope: str
) -> None:
    await catch(own, town, "make")
    async with own.db.transaction() as conn:
        made = await rules.block(own, conn, town.ada, NewRule(text="shop.example"))
    peer = await greet(mx)
    assert await peer.ask(f"MAIL FROM:<{envelope}>") == "250 2.1.0"
    code = await peer.ask("RCPT TO:<new@ada.test>")
    if code == "250 2.1.5":
        assert await peer.ask("DATA") == "354"
        peer.send(b"From: news@shop.example\r\n" + MAIL + b".\r\n")
        code = (await peer.reply()).code
    assert code == "550 5.7.1"
    assert await alias_count(own) == 2
    assert await peer.ask("QUIT") == "221 2.0.0"
    await mx.end()
    async with own.db.connection() as conn:
        assert (await rules.get(conn, town.ada, made.rule.rule_id)).hit_count == 1


async def test_mail_that_another_takes_makes_no_alias_for_who_blocks_its_author(
    own: Platform, mx: Mx, greet: Connect, town: Town
) -> None:
    await catch(own, town, "make")
    async with own.db.transaction() as conn:
        await rules.block(own, conn, town.ada, NewRule(text="blog.example"))
    peer = await greet(mx)
    mail = b"From: news@blog.example\r\n" + MAIL
    assert await deliver(peer, "new@ada.test", "bob@restante.test", mail=mail) == "250 2.6.0"
    assert await alias_count(own) == 2
    assert len(await town.sources(town.bob)) == 1


async def test_one_message_makes_no_more_aliases_than_there_is_room_for(
    own: Platform, mx: Mx, greet: Connect, town: Town
) -> None:
    """Or it could never be delivered: it would be accepted for all of them and put off after DATA, each time anew."""
    await catch(own, town, "make")
    await limit_aliases(own, town, 2)
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<news@shop.example>") == "250 2.1.0"
    codes = [await peer.ask(f"RCPT TO:<{local}@ada.test>") for local in ("one", "ONE+tag", "two", "three", "one+x")]
    assert codes == ["250 2.1.5", "250 2.1.5", "250 2.1.5", "450 4.2.1", "250 2.1.5"]
    assert await peer.ask("DATA") == "354"
    peer.send(MAIL + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert [address for address, _ in await town.sources(town.ada)] == ["one@ada.test", "two@ada.test"]
    assert await alias_count(own) == 4
    assert await ask(peer, "three@ada.test") == "450 4.2.1"


async def test_one_message_makes_no_more_aliases_than_the_day_has_left(
    own: Platform, mx: Mx, greet: Connect, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchall, "MADE_A_DAY", 1)
    await catch(own, town, "make")
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<news@shop.example>") == "250 2.1.0"
    codes = [await peer.ask(f"RCPT TO:<{local}@ada.test>") for local in ("one", "two", "ONE")]
    assert codes == ["250 2.1.5", "450 4.2.1", "250 2.1.5"]


async def test_room_that_is_gone_by_the_end_of_a_message_puts_it_off(
    own: Platform, mx: Mx, greet: Connect, town: Town
) -> None:
    await catch(own, town, "make")
    await limit_aliases(own, town, 1)
    early, late = await greet(mx), await greet(mx)
    await late.envelope("late@ada.test", "shop@restante.test")
    assert await deliver(early, "early@ada.test") == "250 2.6.0"
    body = b"Content-Transfer-Encoding: base64\r\n\r\n" + (b"QUJD" * 19 + b"\r\n") * 4000
    await late.send_all(body + b".\r\n")
    assert (await late.reply()).code == "450 4.2.1"
    assert await alias_count(own) == 3
    assert await deliver(late, "shop@restante.test") == "250 2.6.0"
    assert await town.count() == 2
    assert [info.name async for info in own.blobs.list()] == []


@pytest.mark.parametrize("mode", ["make", "alias"])
async def test_what_its_owner_deleted_stays_refused(
    own: Platform, mx: Mx, greet: Connect, town: Town, mode: CatchAllMode
) -> None:
    await catch(own, town, "make")
    peer = await greet(mx)
    assert await deliver(peer, "sold@ada.test") == "250 2.6.0"
    async with own.db.transaction() as conn:
        sold = await aliases.find(conn, town.ada.account_id, "sold@ada.test")
        shop = await aliases.find(conn, town.ada.account_id, "shop@restante.test")
        assert sold is not None
        await bulk.delete(conn, town.ada.account_id, sold, trashes_mail=False, now=utc_now())
    await catch(own, town, mode, alias_id=shop if mode == "alias" else None)
    assert [await ask(peer, to) for to in ("sold@ada.test", "SOLD+x@ada.test")] == ["550 5.1.1"] * 2
    assert await ask(peer, "other@ada.test") == "250 2.1.5"
    assert await alias_count(own) == 3


async def test_a_paused_domain_keeps_mail_waiting_with_its_sender(own: Platform, mx: Mx, greet: Connect) -> None:
    async with own.db.connection() as conn:
        await conn.execute("UPDATE domains SET is_paused = true WHERE domain = 'ada.test'")
    peer = await greet(mx)
    for local_part in ("postmaster", "other"):
        assert await ask(peer, f"{local_part}@ada.test") == "450 4.2.1"
