"""An account is deleted while mail for it arrives on many connections."""

import asyncio
import base64

from app.core.platform import Platform
from app.core.privacy import deletion
from app.lib.times import utc_now
from tests.smtp.conftest import Connect, Mx, Town
from tests.smtp.peer import Peer

FILE = b"\r\n".join(base64.b64encode(bytes([number % 251]) * 57) for number in range(2000))
ATTACHED = b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf\r\n\r\n"
"""Cut out into an object of its own."""
GONE, LATER, NOBODY = "451 4.3.0", "450 4.2.1", "550 5.1.1"


async def send(peer: Peer, recipients: list[str], subject: str) -> tuple[str, list[str]]:
    """(the reply to the message, or "" where nobody took it; the recipients who were accepted)."""
    await peer.ask("RSET")
    await peer.ask("MAIL FROM:<news@shop.example>")
    taken = [one for one in recipients if await peer.ask(f"RCPT TO:<{one}@restante.test>") == "250 2.1.5"]
    if not taken:
        return "", []
    assert await peer.ask("DATA") == "354"
    await peer.send_all(f"Subject: {subject}\r\n".encode() + ATTACHED + FILE + b"\r\n.\r\n")
    return (await peer.reply()).code, taken


async def test_no_message_gets_in_after_and_no_object_is_left(
    platform: Platform, mx: Mx, town: Town, greet: Connect
) -> None:
    both_taken, replies = asyncio.Event(), set[str]()
    for_bob: list[str] = []
    async with platform.db.transaction() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 1 << 30")

    async def sender(number: int) -> None:
        peer, count = await greet(mx), 0
        while True:
            count += 1
            subject = f"{number}-{count}"
            code, taken = await send(peer, ["bob", "shop"] if number % 2 else ["shop"], subject)
            replies.add(code)
            if code.startswith("250") and "bob" in taken:
                for_bob.append(subject)
            if "shop" not in taken:
                await peer.ask("QUIT")
                return
            if code.startswith("250") and count > 1:
                both_taken.set()

    sending = [asyncio.create_task(sender(number)) for number in range(8)]
    await asyncio.wait_for(both_taken.wait(), 60)
    await deletion.delete(platform, town.ada.account_id, now=utc_now())
    await asyncio.wait_for(asyncio.gather(*sending), 60)
    peer = await greet(mx)
    await peer.ask("MAIL FROM:<news@shop.example>")
    assert await peer.ask("RCPT TO:<shop@restante.test>") == NOBODY
    await peer.ask("QUIT")
    await mx.end()
    assert {code for code in replies if code} <= {"250 2.6.0", GONE}
    async with platform.db.connection() as conn:
        cursor = await conn.execute("SELECT DISTINCT account_id FROM messages")
        assert {account_id for (account_id,) in await cursor.fetchall()} <= {town.bob.account_id}
        rows = await (await conn.execute("SELECT account_id, blob_id FROM blobs")).fetchall()
    named = {f"{account_id}/{blob_id}" for account_id, blob_id in rows}
    assert {info.name async for info in platform.blobs.list()} == named
    assert not any(name.startswith(str(town.ada.account_id)) for name in named)
    subjects = [source.partition(b"\r\n")[0].decode() for _, source in await town.sources(town.bob)]
    assert sorted(f"Subject: {one}" for one in for_bob) == sorted(subjects)


async def test_while_its_owner_may_come_back_mail_is_put_off(
    platform: Platform, mx: Mx, town: Town, greet: Connect
) -> None:
    peer = await greet(mx)
    async with platform.db.transaction() as conn:
        await deletion.ask(conn, town.bob, now=utc_now())
    await peer.ask("MAIL FROM:<news@shop.example>")
    assert await peer.ask("RCPT TO:<bob@restante.test>") == LATER
    async with platform.db.transaction() as conn:
        await deletion.come_back(conn, town.bob, now=utc_now())
    assert await peer.ask("RCPT TO:<bob@restante.test>") == "250 2.1.5"
