"""Mail for addresses of an account's domain that are no alias: taken into one alias, or an alias is made for each.

Nothing is made before a message is stored, so asking for addresses alone makes none.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.address import ROLE_LOCAL_PARTS, Address
from app.core.aliases.limits import service as limits
from app.core.aliases.model import Mailbox
from app.core.domains import owned, patterns, queries
from app.core.domains.model import Obstacle, Reception
from app.core.platform import Platform
from app.errors import LimitReached
from app.lib.db import Conn
from app.vault.keyring import unwrap_index_key

MADE_A_DAY = 100
"""Aliases that first mails may make on one domain in 24 hours: a dictionary tried on it makes no more than these."""


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """Whose mail for an unknown address is, or what keeps it out for now; neither: the address is unknown."""

    mailbox: Mailbox | None = None
    obstacle: Obstacle | None = None


NOBODY = Caught()


async def catch(platform: Platform, conn: Conn, address: Address, domain: Reception, *, now: datetime) -> Caught:
    """Where mail for `address`, which is no alias, goes by what the owner of its domain has said."""
    account_id = domain.account_id
    if account_id is None:
        return NOBODY
    if domain.is_paused:
        return Caught(obstacle="domain_paused")
    plain = address.without_tag
    if domain.catch_all == "off" or plain.local_part in ROLE_LOCAL_PARTS:
        return NOBODY
    # An alias that its owner has deleted stays deleted, also where all other mail is caught.
    if await queries.was_given(conn, account_id, list(dict.fromkeys([str(address), str(plain)]))):
        return NOBODY
    if domain.catch_all == "alias":
        alias_id = domain.catch_all_alias_id
        mailbox = await aliases.mailbox_of(conn, account_id, alias_id) if alias_id else None
    else:
        mailbox = await aliases.mailbox_to_make(conn, account_id, plain)
    if mailbox is None or not _is_wanted(platform, mailbox, domain, plain):
        return NOBODY
    if mailbox.is_to_be_made and not await _may_make(conn, account_id, plain.domain, now=now):
        return Caught(obstacle="too_many_new")
    return Caught(mailbox=mailbox)


async def make(platform: Platform, mailboxes: Sequence[Mailbox], *, now: datetime) -> dict[UUID, Mailbox]:
    """Make the aliases that mail is about to be stored for; each mailbox as it is now, by its earlier alias id.

    Whoever makes one at the same moment wins, and the mail goes there. Raises LimitReached (the day's number, or all
    that the account may have), Unavailable.
    """
    made: dict[UUID, Mailbox] = {}
    async with platform.db.transaction() as conn:
        for mailbox in mailboxes:
            address = addresses.parse(mailbox.address)
            if address is None:
                raise ValueError("a mailbox has an address in normal form")
            made[mailbox.alias_id] = await _make(conn, mailbox, address, now=now)
    return made


async def _make(conn: Conn, mailbox: Mailbox, address: Address, *, now: datetime) -> Mailbox:
    account_id = mailbox.account_id
    await limits.hold(conn, account_id)
    if await aliases.claim_unattended(conn, account_id, address, mailbox.alias_id):
        if not await queries.take_making(conn, account_id, address.domain, now=now, a_day=MADE_A_DAY):
            raise LimitReached("Today's number of new aliases on this domain is used up.", code="too_many_new")
        await limits.assert_within(conn, account_id)
        return msgspec.structs.replace(mailbox, is_to_be_made=False)
    there = await aliases.mailbox(conn, address)
    if there is None or there.account_id != account_id:
        raise LimitReached("The address has become somebody else's meanwhile.", code="too_many_new")
    return there


async def _may_make(conn: Conn, account_id: UUID, domain: str, *, now: datetime) -> bool:
    has_room = (await limits.allowance(conn, account_id)).room > 0
    return has_room and await queries.is_making_allowed(conn, account_id, domain, now=now, a_day=MADE_A_DAY)


def _is_wanted(platform: Platform, mailbox: Mailbox, domain: Reception, address: Address) -> bool:
    if domain.catch_all_pattern is None:
        return True
    index_key = unwrap_index_key(platform.instance, mailbox.account_id, mailbox.index_key)
    pattern = owned.opened_pattern(index_key, mailbox.account_id, address.domain, domain.catch_all_pattern)
    return pattern is None or patterns.matches(pattern, address.local_part)
