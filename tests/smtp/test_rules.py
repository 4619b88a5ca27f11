"""Senders who are blocked, held or let in, aliases that have ended, and what their owners read of it."""

import asyncio
from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import sql

from app.core.aliases import service as aliases
from app.core.auth.model import Actor
from app.core.messages import service as messages
from app.core.messages.model import Folder
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.refusals.model import Refusal
from app.core.rules import held
from app.core.rules import service as rules
from app.core.rules.model import NewRule, Rule, Verdict
from app.lib.times import utc_now
from tests.smtp.conftest import Connect, Mx, StartMx, Town
from tests.smtp.peer import Peer


class Owners:
    """What Ada and Bob do and see."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def rule(self, actor: Actor, text: str, verdict: Verdict = "block", alias: str | None = None) -> Rule:
        make = rules.block if verdict == "block" else rules.allow
        async with self._platform.db.transaction() as conn:
            alias_id = await aliases.find(conn, actor.account_id, alias) if alias else None
            assert (alias_id is None) == (alias is None)
            made = await make(self._platform, conn, actor, NewRule(text=text, alias_id=alias_id))
        return made.rule

    async def delete(self, actor: Actor, rule: Rule) -> None:
        async with self._platform.db.transaction() as conn:
            await rules.delete(conn, actor, rule.rule_id, now=utc_now())

    async def hits(self, actor: Actor, rule: Rule) -> int:
        async with self._platform.db.connection() as conn:
            return (await rules.get(conn, actor, rule.rule_id)).hit_count

    async def set_alias(self, address: str, change: LiteralString) -> None:
        async with self._platform.db.connection() as conn:
            statement = sql.SQL("UPDATE aliases SET {} WHERE address = %s").format(sql.SQL(change))
            await conn.execute(statement, (address,))

    async def refused(self, actor: Actor) -> list[Refusal]:
        """Oldest first."""
        async with self._platform.db.connection() as conn:
            return (await refusals.page(conn, actor, alias_id=None, before=None, limit=200))[::-1]

    async def told(self, actor: Actor) -> list[tuple[str, int, str]]:
        return [(one.alias_address.partition("@")[0], one.code, one.reason) for one in await self.refused(actor)]

    async def folder(self, actor: Actor, folder: Folder) -> list[UUID]:
        async with self._platform.db.connection() as conn:
            lines = await messages.page(conn, actor, folder=folder, before=None, limit=200)
        return [line.message_id for line in lines]

    async def release(self, actor: Actor, *ids: UUID) -> None:
        async with self._platform.db.transaction() as conn:
            await held.release(self._platform, conn, actor, ids, is_allowed=True, now=utc_now())


@pytest.fixture
def owners(platform: Platform, town: Town) -> Owners:
    assert town.ada.account_id != town.bob.account_id
    return Owners(platform)


async def send(peer: Peer, *recipients: str, sender: str = "bounce@esp.example", author: str | None = None) -> str:
    """The code of the first refusal, or of the reply after DATA."""
    assert await peer.ask(f"MAIL FROM:<{sender}>") == "250 2.1.0"
    codes = [await peer.ask(f"RCPT TO:<{recipient}@restante.test>") for recipient in recipients]
    if any(code != "250 2.1.5" for code in codes):
        assert await peer.ask("RSET") == "250 2.0.0"
        return next(code for code in codes if code != "250 2.1.5")
    assert await peer.ask("DATA") == "354"
    header = "" if author is None else f"From: {author}\r\n"
    peer.send(f"{header}Subject: hello\r\n\r\nhi\r\n.\r\n".encode())
    return (await peer.reply()).code


async def test_a_blocked_envelope_sender_is_refused_at_rcpt(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    rule = await owners.rule(town.ada, "esp.example", alias="shop@restante.test")
    peer = await greet(mx)
    assert await send(peer, "shop", sender="bounce@mail.esp.example") == "550 5.7.1"
    assert await send(peer, "letters", sender="bounce@mail.esp.example") == "250 2.6.0"
    assert await send(peer, "shop", sender="bounce@other.example") == "250 2.6.0"
    assert await owners.told(town.ada) == [("shop", 550, "sender_blocked")]
    assert await owners.hits(town.ada, rule) == 1
    (one,) = await owners.refused(town.ada)
    assert one.details is not None
    assert one.details.envelope_from == "bounce@mail.esp.example"
    assert one.details.recipient == "shop@restante.test"


async def test_a_blocked_author_is_refused_after_data(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    rule = await owners.rule(town.ada, "news@shop.example")
    peer = await greet(mx)
    for author in (
        "News <NEWS@shop.example>",
        "other@x.example, news@shop.example",
        "=?utf-8?q?News?= <news@shop.example>",
    ):
        assert await send(peer, "shop", author=author) == "550 5.7.1"
    assert await send(peer, "shop", author="other@shop.example") == "250 2.6.0"
    assert await owners.told(town.ada) == [("shop", 550, "sender_blocked")] * 3
    assert await owners.hits(town.ada, rule) == 3
    assert [one.sender for one in await owners.refused(town.ada)][1:] == ["other@x.example", "news@shop.example"]
    assert await town.count() == 1


async def test_nothing_of_a_message_that_nobody_takes_is_left(
    mx: Mx, greet: Connect, town: Town, owners: Owners
) -> None:
    await owners.rule(town.ada, "shop.example")
    peer = await greet(mx)
    await peer.envelope("shop@restante.test", sender="bounce@esp.example")
    body = b"QUJD" * 19 + b"\r\n"
    await peer.send_all(
        b"From: news@shop.example\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body * 4000 + b".\r\n"
    )
    assert (await peer.reply()).code == "550 5.7.1"
    assert await peer.ask("NOOP") == "250 2.0.0"
    assert await town.leftovers() == []


async def test_whom_one_blocks_another_may_know(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    """One reply serves all recipients: mail is taken for those who want it, and the others can read that it came."""
    await owners.rule(town.ada, "shop.example")
    peer = await greet(mx)
    assert await send(peer, "shop", "bob", "letters", author="news@shop.example") == "250 2.6.0"
    assert [recipient for recipient, _ in await town.sources(town.bob)] == ["bob@restante.test"]
    assert await town.sources(town.ada) == []
    assert sorted(await owners.told(town.ada)) == [("letters", 250, "sender_blocked"), ("shop", 250, "sender_blocked")]
    assert await owners.told(town.bob) == []


async def test_the_first_of_several_may_be_the_one_who_blocks(
    mx: Mx, greet: Connect, town: Town, owners: Owners, platform: Platform
) -> None:
    """What was cut out was written under the first recipient's account, who does not get it."""
    await owners.rule(town.ada, "shop.example")
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 10000000")
    peer = await greet(mx)
    await peer.envelope("shop@restante.test", "bob@restante.test", sender="bounce@esp.example")
    mail = b"From: news@shop.example\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (b"QUJD" * 19 + b"\r\n") * 4000
    await peer.send_all(mail + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await peer.ask("NOOP") == "250 2.0.0"
    assert await town.sources(town.bob) == [("bob@restante.test", mail)]
    names = [info.name.partition("/")[0] async for info in platform.blobs.list()]
    assert names == [str(town.bob.account_id)]


async def test_mail_that_one_drops_and_another_blocks_was_taken(
    mx: Mx, greet: Connect, town: Town, owners: Owners
) -> None:
    await owners.rule(town.ada, "shop.example")
    peer = await greet(mx)
    assert await send(peer, "dropped", "shop", author="news@shop.example") == "250 2.6.0"
    assert await owners.told(town.ada) == [("dropped", 250, "alias_disabled"), ("shop", 250, "sender_blocked")]


async def test_an_allowed_sender_passes_a_wider_block(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    await owners.rule(town.ada, "shop.example")
    allowed = await owners.rule(town.ada, "orders@shop.example", "allow", "shop@restante.test")
    peer = await greet(mx)
    assert await send(peer, "shop", sender="orders@shop.example", author="orders@shop.example") == "250 2.6.0"
    assert await send(peer, "shop", author="orders@shop.example") == "250 2.6.0"
    assert await send(peer, "letters", sender="orders@shop.example") == "550 5.7.1"
    assert await send(peer, "shop", author="news@shop.example") == "550 5.7.1"
    await mx.end()
    assert await owners.hits(town.ada, allowed) == 2


async def test_an_allowed_envelope_hides_no_blocked_author(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    await owners.rule(town.ada, "esp.example", "allow")
    await owners.rule(town.ada, "news@shop.example")
    peer = await greet(mx)
    assert await send(peer, "shop", author="news@shop.example") == "550 5.7.1"


async def test_bounces_are_from_whoever_writes_them(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    await owners.rule(town.ada, "shop.example")
    peer = await greet(mx)
    assert await send(peer, "shop", sender="") == "250 2.6.0"
    assert await send(peer, "shop", sender="", author="mailer-daemon@shop.example") == "550 5.7.1"


async def test_postmaster_takes_mail_of_everybody(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    await owners.rule(town.ada, "shop.example")
    await owners.set_alias("postmaster@restante.test", "screening = 'known', messages_left = 0")
    peer = await greet(mx)
    assert await send(peer, "postmaster", sender="news@shop.example", author="news@shop.example") == "250 2.6.0"
    assert len(await owners.folder(town.ada, "inbox")) == 1


async def test_strangers_wait_until_they_are_let_in(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    await owners.set_alias("shop@restante.test", "screening = 'known'")
    peer = await greet(mx)
    assert await send(peer, "shop", author="bob@shop.example") == "250 2.6.0"
    assert await send(peer, "shop", author="eve@shop.example") == "250 2.6.0"
    assert await owners.folder(town.ada, "inbox") == []
    waiting = await owners.folder(town.ada, "held")
    await owners.release(town.ada, waiting[1])
    assert await send(peer, "shop", author="bob@shop.example") == "250 2.6.0"
    assert len(await owners.folder(town.ada, "inbox")) == 2
    assert await owners.folder(town.ada, "held") == waiting[:1]
    assert await owners.told(town.ada) == []


async def test_who_wrote_while_the_alias_was_open_is_known(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    peer = await greet(mx)

    async def folder_of(author: str | None, **by: str) -> str:
        assert await send(peer, "shop", author=author, **by) == "250 2.6.0"
        held = await owners.folder(town.ada, "held")
        inbox = await owners.folder(town.ada, "inbox")
        return "held" if max(held, default=UUID(int=0)) > max(inbox, default=UUID(int=0)) else "inbox"

    assert await folder_of("Bob <bob@shop.example>") == "inbox"
    assert await folder_of(None, sender="cron@shop.example") == "inbox"
    await owners.set_alias("shop@restante.test", "screening = 'known'")
    assert await folder_of("BOB@shop.example") == "inbox"
    assert await folder_of(None, sender="cron@shop.example") == "inbox"
    # Waiting does not make anybody known, nor does the company of a friend or a forged envelope.
    for author in ("eve@shop.example", "eve@shop.example", "bob@shop.example, eve@shop.example", None):
        assert await folder_of(author, sender="eve@shop.example") == "held"
    assert await folder_of("eve@shop.example", sender="bob@shop.example") == "held"
    # What a rule let in is not known without the rule.
    rule = await owners.rule(town.ada, "rob@shop.example", "allow", "shop@restante.test")
    assert await folder_of("rob@shop.example") == "inbox"
    await owners.delete(town.ada, rule)
    assert await folder_of("rob@shop.example") == "held"
    # Another alias has heard of nobody.
    await owners.set_alias("letters@restante.test", "screening = 'known'")
    assert await send(peer, "letters", author="bob@shop.example") == "250 2.6.0"
    assert len(await owners.folder(town.ada, "held")) == 7
    # Once the door was open again, who came in is known.
    await owners.set_alias("shop@restante.test", "screening = 'open'")
    assert await folder_of("eve@shop.example") == "inbox"
    await owners.set_alias("shop@restante.test", "screening = 'known'")
    assert await folder_of("eve@shop.example") == "inbox"
    await owners.rule(town.ada, "bob@shop.example")
    assert await send(peer, "shop", author="bob@shop.example") == "550 5.7.1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("expires_at = now() - interval '1 second'", "alias_expired"),
        ("message_limit = 1, messages_left = 0", "alias_limit"),
        ("idle_days = 1, idle_from = current_date - 2", "alias_idle"),
        ("is_enabled = false", "alias_disabled"),
    ],
)
async def test_an_alias_that_has_ended_answers_as_chosen_and_tells_its_owner(
    mx: Mx, greet: Connect, town: Town, owners: Owners, change: LiteralString, reason: str
) -> None:
    await owners.set_alias("shop@restante.test", change)
    peer = await greet(mx)
    for choice, code in (("refuse", "550 5.1.1"), ("defer", "421 4.2.1"), ("discard", "250 2.6.0")):
        await owners.set_alias("shop@restante.test", f"when_disabled = '{choice}'")
        assert await send(peer, "shop") == code
    assert await owners.told(town.ada) == [("shop", code, reason) for code in (550, 421, 250)]
    assert await town.count() == 0


async def test_mail_keeps_an_alias_from_being_idle(mx: Mx, greet: Connect, owners: Owners) -> None:
    peer = await greet(mx)
    assert await send(peer, "shop") == "250 2.6.0"
    await owners.set_alias("shop@restante.test", "idle_days = 1, idle_from = current_date - 9")
    assert await send(peer, "shop") == "250 2.6.0"


async def test_whatever_else_is_refused_is_told_too(mx: Mx, greet: Connect, town: Town, owners: Owners) -> None:
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<a@b.example> SIZE=200000") == "250 2.1.0"
    assert await peer.ask("RCPT TO:<bob@restante.test>") == "452 4.2.2"
    assert await peer.ask("RSET") == "250 2.0.0"
    await peer.envelope("bob@restante.test", "shop@restante.test")
    peer.send(b"Subject: bare\n\r\n.\r\n")
    assert (await peer.reply()).code == "554 5.6.0"
    await peer.envelope("bob@restante.test")
    await peer.send_all(b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 2000 + b".\r\n")
    assert (await peer.reply()).code == "452 4.2.2"
    assert await owners.told(town.bob) == [
        ("bob", 452, "over_quota"),
        ("bob", 554, "bare_cr_lf"),
        ("bob", 452, "over_quota"),
    ]
    assert await owners.told(town.ada) == [("shop", 554, "bare_cr_lf")]


async def test_of_many_at_once_exactly_as_many_are_taken_as_the_alias_takes(
    start_mx: StartMx, greet: Connect, town: Town, owners: Owners
) -> None:
    """By two servers, and each connection past RCPT before the first message is stored."""
    await owners.set_alias("shop@restante.test", "message_limit = 3, messages_left = 3")
    peers = [await greet(mx) for mx in [await start_mx(), await start_mx()] for _ in range(4)]
    for peer in peers:
        await peer.envelope("shop@restante.test", "bob@restante.test")

    async def finish(peer: Peer) -> str:
        peer.send(b"Subject: hello\r\n\r\nhi\r\n.\r\n")
        return (await peer.reply()).code

    assert await asyncio.gather(*map(finish, peers)) == ["250 2.6.0"] * 8
    assert len(await town.sources(town.ada)) == 3
    assert len(await town.sources(town.bob)) == 8
    assert await owners.told(town.ada) == [("shop", 250, "alias_limit")] * 5
    assert await send(peers[0], "shop") == "550 5.1.1"


async def test_the_last_message_that_came_too_late_is_refused(
    mx: Mx, greet: Connect, town: Town, owners: Owners
) -> None:
    await owners.set_alias("shop@restante.test", "message_limit = 1, messages_left = 1")
    early, late = await greet(mx), await greet(mx)
    await late.envelope("shop@restante.test")
    assert await send(early, "shop") == "250 2.6.0"
    late.send(b"From: eve@shop.example\r\nSubject: late\r\n\r\nhi\r\n.\r\n")
    assert (await late.reply()).code == "550 5.1.1"
    assert await owners.told(town.ada) == [("shop", 550, "alias_limit")]
    assert [one.sender for one in await owners.refused(town.ada)] == ["eve@shop.example"]
    assert await town.count() == 1
