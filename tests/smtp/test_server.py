"""Mail as a real client sends it, and what lies in the mailbox afterwards."""

import asyncio
import smtplib
from email.message import EmailMessage

from app.core.messages import service as messages
from app.core.platform import Platform
from tests.smtp.conftest import Connect, Mx, Town
from tests.smtp.peer import unverified


def _send(port: int, recipients: list[str], content: bytes) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=30) as client:
        client.starttls(context=unverified())
        return client.sendmail("bounce@shop.example", recipients, content)


async def test_a_message_is_stored_exactly_and_can_be_read(platform: Platform, mx: Mx, town: Town) -> None:
    content = (
        b"From: Shop <news@shop.example>\r\nSubject: Your parcel\r\nMessage-ID: <1@x>\r\n\r\nIt is here.\r\n.dot\r\n"
    )
    refused = await asyncio.to_thread(_send, mx.port, ["shop+spring@restante.test"], content)
    assert refused == {}
    async with platform.db.connection() as conn:
        (line,) = await messages.page(conn, town.ada, folder="inbox", before=None, limit=10)
    summary = line.summary
    assert summary.subject == "Your parcel"
    assert summary.sender is not None
    assert summary.sender.address == "news@shop.example"
    assert summary.envelope_from == "bounce@shop.example"
    assert summary.tls is not None
    assert summary.tls[0].startswith("TLS")
    opened = await messages.open_message(platform, town.ada, line.message_id)
    assert opened.text == "It is here.\r\n.dot\r\n"
    assert await town.sources(town.ada) == [("shop+spring@restante.test", content)]


async def test_a_large_attachment_is_cut_out_and_comes_back(platform: Platform, mx: Mx, town: Town) -> None:
    data = bytes(range(256)) * 4096
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@b.example", "shop@restante.test", "Zürich"
    mail.set_content("see the file")
    mail.add_attachment(data, maintype="image", subtype="png", filename="straße.png")
    content = mail.as_bytes().replace(b"\n", b"\r\n")
    await asyncio.to_thread(_send, mx.port, ["shop@restante.test"], content)
    async with platform.db.connection() as conn:
        (line,) = await messages.page(conn, town.ada, folder=None, before=None, limit=10)
    (attachment,) = line.summary.attachments
    assert (attachment.filename, attachment.size, attachment.cut) == ("straße.png", len(data), 0)
    got = await messages.attachment(platform, town.ada, line.message_id, attachment.ordinal)
    assert b"".join([chunk async for chunk in got.stream]) == data
    assert await town.sources(town.ada) == [("shop@restante.test", content)]


async def test_bytes_that_mail_should_not_hold_are_kept_as_they_are(mx: Mx, greet: Connect, town: Town) -> None:
    content = b"Subject: \x00\xff\r\nX\x01: \xc3\xa9\r\n\r\nNUL \x00, 8-bit \xff\xfe without 8BITMIME, no MIME\r\n"
    peer = await greet(mx)
    await peer.envelope("shop@restante.test")
    peer.send(content + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.sources(town.ada) == [("shop@restante.test", content)]


async def test_a_message_over_the_limit_is_read_to_its_end_and_refused(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    await peer.envelope("shop@restante.test")
    line = b"A" * 76 + b"\r\n"
    await peer.send_all(line * (8 * 1024 * 1024 // len(line) + 1) + b".\r\n")
    assert (await peer.reply()).code == "552 5.3.4"
    assert await peer.ask("NOOP") == "250 2.0.0"
    assert await town.leftovers() == []


async def test_a_message_without_an_end_is_cut_off(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    await peer.envelope("shop@restante.test")
    peer.send(b"x\n")
    peer.send((b"A" * 76 + b"\r\n") * (9 * 1024 * 1024 // 78))
    assert (await peer.reply()).code == "552 5.3.4"
    peer.reset()
    await mx.end()
    assert await town.leftovers() == []
