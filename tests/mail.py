"""Mail received as SMTP does it after DATA, but without SMTP."""

from uuid import UUID

from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.messages.cut import Cutter
from app.core.messages.envelope import Envelope, Recipient
from app.core.messages.objects import NewObjects
from app.core.messages.receive import receive
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.times import utc_now


async def deliver(
    committer: Committer,
    platform: Platform,
    raw: bytes,
    *to: str,
    sender: str = "shop@shop.example",
    is_sealed: bool = True,
) -> None:
    """Store the message for all of these addresses."""
    recipients = [await _recipient(platform, address) for address in to]
    objects = NewObjects(platform.blobs, recipients[0].mailbox.account_id, is_sealed=is_sealed)
    cutter = Cutter(objects.open)
    await cutter.write(raw)
    cut = await cutter.finish()
    envelope = Envelope(sender=sender, tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384"))
    try:
        await receive(platform, committer, envelope, recipients, cut, objects, now=utc_now())
        await committer.close()
    finally:
        await objects.discard()


async def take(conn: Conn, account_id: UUID, address: Address) -> UUID:
    """An alias of any address, also one that its owner could not choose; its id."""
    alias_id = new_id()
    assert await aliases.claim_unattended(conn, account_id, address, alias_id, reason="service", now=utc_now())
    return alias_id


async def _recipient(platform: Platform, text: str) -> Recipient:
    parsed = addresses.parse(text)
    assert parsed is not None
    async with platform.db.connection() as conn:
        mailbox = await aliases.mailbox(conn, parsed)
    assert mailbox is not None
    return Recipient(address=text, mailbox=mailbox)
