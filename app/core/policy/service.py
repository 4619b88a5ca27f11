"""Looks up what a decision needs and has it made."""

from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.model import Mailbox
from app.core.domains import service as domains
from app.core.platform import Platform
from app.core.policy import recipients
from app.core.policy.model import Decision


async def decide_recipient(platform: Platform, text: str, *, announced_size: int) -> tuple[Decision, Mailbox | None]:
    """Whether mail for `text` (the address in RCPT TO) is taken, and whose it is. Raises Unavailable."""
    async with platform.db.connection() as conn:
        address = addresses.parse(text)
        if address is None and text.lower() == "postmaster":
            # RFC 5321 section 4.5.1: without a domain it means the postmaster of this server.
            shared = await domains.shared(conn)
            address = Address("postmaster", shared[0]) if shared else None
        if address is None:
            return recipients.BAD_ADDRESS, None
        mailbox = await aliases.mailbox(conn, address)
        is_ours = mailbox is not None or await domains.is_ours(conn, address.domain)
    is_role = address.local_part in addresses.ROLE_LOCAL_PARTS
    decision = recipients.decide(mailbox, is_our_domain=is_ours, is_role=is_role, announced_size=announced_size)
    return decision, mailbox
