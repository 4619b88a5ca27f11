"""Several recipients of one message: whose copy is whose, and whose refusal hurts whom."""

import base64
import os

from app.core.messages import service as messages
from app.core.platform import Platform
from tests.smtp.conftest import Connect, Mx, Town

ATTACHMENT = base64.encodebytes(os.urandom(150_000)).replace(b"\n", b"\r\n")
LARGE = b"Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n" + ATTACHMENT


async def test_each_account_has_a_copy_of_its_own_down_to_the_attachments(
    platform: Platform, mx: Mx, greet: Connect, town: Town
) -> None:
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 10000000")
    peer = await greet(mx)
    await peer.envelope("shop@restante.test", "bob+tag@restante.test", "letters@restante.test", "shop+x@restante.test")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.sources(town.ada) == [("shop@restante.test", LARGE), ("letters@restante.test", LARGE)]
    assert await town.sources(town.bob) == [("bob+tag@restante.test", LARGE)]
    owners = [info.name.partition("/")[0] async for info in platform.blobs.list()]
    assert sorted(owners) == sorted([str(town.ada.account_id), str(town.bob.account_id)])
    # What one of them deletes for good is still there for the other.
    await platform.blobs.delete([info.name async for info in platform.blobs.list(f"{town.ada.account_id}/")])
    assert await town.sources(town.bob) == [("bob+tag@restante.test", LARGE)]


async def test_the_same_content_again_is_stored_once(platform: Platform, mx: Mx, greet: Connect, town: Town) -> None:
    """Also where another, who does not have it, gets it with that message."""
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 10000000")
    peer = await greet(mx)
    for recipients in (["shop@restante.test"], ["shop@restante.test", "bob@restante.test"], ["bob@restante.test"]):
        await peer.envelope(*recipients)
        await peer.send_all(LARGE + b".\r\n")
        assert (await peer.reply()).code == "250 2.6.0"
    # What is not needed is deleted after the reply, and before the next.
    assert await peer.ask("NOOP") == "250 2.0.0"
    owners = [info.name.partition("/")[0] async for info in platform.blobs.list()]
    assert sorted(owners) == sorted([str(town.ada.account_id), str(town.bob.account_id)])
    assert [source for _, source in await town.sources(town.ada)] == [LARGE, LARGE]
    assert [source for _, source in await town.sources(town.bob)] == [LARGE, LARGE]


async def test_the_refusal_of_one_hurts_no_other(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
    answers = {
        "nobody@restante.test": "550 5.1.1",
        "a@elsewhere.example": "550 5.7.1",
        "evil@restante.test": "450 4.2.1",
        "refused@restante.test": "550 5.1.1",
        "deferred@restante.test": "421 4.2.1",
        "dropped@restante.test": "250 2.1.5",
        "bob@restante.test": "250 2.1.5",
    }
    assert {address: await peer.ask(f"RCPT TO:<{address}>") for address in answers} == answers
    assert await peer.ask("DATA") == "354"
    peer.send(b"Subject: hello\r\n.\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.sources(town.bob) == [("bob@restante.test", b"Subject: hello\r\n")]
    assert await town.count() == 1


async def test_a_deferral_does_not_make_clients_hang_up_on_others(mx: Mx, greet: Connect, town: Town) -> None:
    """421 announces the end of the connection, and smtplib's sendmail(), for one, then closes it."""
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
    assert await peer.ask("RCPT TO:<deferred@restante.test>") == "421 4.2.1"
    assert await peer.ask("RCPT TO:<bob@restante.test>") == "250 2.1.5"
    assert await peer.ask("RCPT TO:<deferred@restante.test>") == "450 4.2.1"
    assert await peer.ask("DATA") == "354"
    peer.send(b"Subject: hello\r\n.\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert [recipient for recipient, _ in await town.sources(town.bob)] == ["bob@restante.test"]


async def test_content_too_large_for_the_only_recipient_is_refused_after_data(
    mx: Mx, greet: Connect, town: Town
) -> None:
    peer = await greet(mx)
    await peer.envelope("bob@restante.test")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "452 4.2.2"
    assert await town.leftovers() == []
    await peer.envelope("bob@restante.test")
    peer.send(b"Subject: small\r\n.\r\n")
    assert (await peer.reply()).code == "250 2.6.0"


async def test_where_it_fits_another_all_get_it_and_the_full_mailbox_takes_no_more(
    mx: Mx, greet: Connect, town: Town
) -> None:
    peer = await greet(mx)
    await peer.envelope("bob@restante.test", "shop@restante.test")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.sources(town.bob) == [("bob@restante.test", LARGE)]
    assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
    assert await peer.ask("RCPT TO:<bob@restante.test>") == "452 4.2.2"
    assert await peer.ask("RCPT TO:<shop@restante.test>") == "250 2.1.5"


async def test_postmaster_is_never_full(platform: Platform, mx: Mx, greet: Connect, town: Town) -> None:
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 0")
    peer = await greet(mx)
    await peer.envelope("postmaster@restante.test", sender="")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.count() == 1


async def test_an_alias_disabled_after_rcpt_still_gets_what_was_accepted(
    platform: Platform, mx: Mx, greet: Connect, town: Town
) -> None:
    peer = await greet(mx)
    await peer.envelope("shop@restante.test")
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE aliases SET is_enabled = false")
        lines = await messages.page(conn, town.ada, folder=None, before=None, limit=10)
    assert lines == []
    peer.send(b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.count() == 1
