"""The dialogue as real clients hold it, and what lies in the mailbox afterwards."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage

from app.core.messages import service as messages


def _send(port: int, sender: str, recipients: list[str], content: bytes, **options: object) -> dict:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test") as client:
        if options.get("tls"):
            client.starttls(context=ssl._create_unverified_context())
        return client.sendmail(sender, recipients, content)


async def test_a_message_is_stored_exactly_and_can_be_read(platform, mx, make_account, make_alias, actor_of):
    ada = await make_account("ada")
    await make_alias(ada, "shop")
    content = b"From: Shop <news@shop.example>\r\nSubject: Your parcel\r\nMessage-ID: <1@x>\r\n\r\nIt is here.\r\n.dot\r\n"
    refused = await asyncio.to_thread(_send, mx.port, "bounce@shop.example", ["shop@restante.test"], content, tls=True)
    assert refused == {}
    actor = await actor_of(ada)
    async with platform.db.connection() as conn:
        (line,) = await messages.page(conn, actor, folder="inbox", before=None, limit=10)
    assert line.summary.subject == "Your parcel"
    assert line.summary.sender.address == "news@shop.example"
    assert line.summary.tls[0].startswith("TLS")
    opened = await messages.open_message(platform, actor, line.message_id)
    assert opened.text == "It is here.\r\n.dot\r\n"
    source = await messages.source(platform, actor, line.message_id)
    assert b"".join([chunk async for chunk in source.stream]) == content


async def test_a_large_attachment_is_cut_out_and_comes_back(platform, mx, make_account, make_alias, actor_of):
    ada = await make_account("ada")
    await make_alias(ada, "shop")
    data = bytes(range(256)) * 4096
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@b.example", "shop@restante.test", "Zürich"
    mail.set_content("see the file")
    mail.add_attachment(data, maintype="image", subtype="png", filename="straße.png")
    content = mail.as_bytes().replace(b"\n", b"\r\n")
    await asyncio.to_thread(_send, mx.port, "a@b.example", ["shop@restante.test"], content)
    actor = await actor_of(ada)
    async with platform.db.connection() as conn:
        (line,) = await messages.page(conn, actor, folder=None, before=None, limit=10)
    (attachment,) = line.summary.attachments
    assert (attachment.filename, attachment.size, attachment.cut) == ("straße.png", len(data), 0)
    got = await messages.attachment(platform, actor, line.message_id, attachment.ordinal)
    assert b"".join([chunk async for chunk in got.stream]) == data
    source = await messages.source(platform, actor, line.message_id)
    assert b"".join([chunk async for chunk in source.stream]) == content
