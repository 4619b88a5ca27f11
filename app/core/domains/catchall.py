"""Mail for addresses of an account's domain that are no alias: taken into one alias, or an alias is made for each.

Nothing is made before a message is stored, so asking for addresses alone makes none.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.address import ROLE_LOCAL_PARTS, Address
from app.core.aliases.limits import service as limits
from app.core.aliases.model import Mailbox
from app.core.domains import owned, patterns, queries
from app.core.domains.model import Obstacle, Reception
from app.core.platform import Platform
from app.errors import LimitReached, Unavailable
from app.lib.db import Conn
from app.vault.keyring import unwrap_index_key

MADE_A_DAY = 100
"""Aliases that first mails may make on one domain in 24 hours: a dictionary tried on it makes no more than these."""


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """Whose mail for an unknown address is, or what keeps it out for now; neither: the address is unknown."""

    mailbox: Mailbox | None = None
    obstacle: Obstacle | None = None


NOBODY = Caught()


async def catch(
    platform: Platform, conn: Conn, address: Address, domain: Reception, *, to_come: Sequence[Mailbox], now: datetime
) -> Caught:
    """Where mail for `address`, which is no alias, goes by what the owner of its domain has said.

    `to_come` are the mailboxes that the same message is to make for its earlier recipients: they count as made.
    """
    account_id = domain.account_id
    if account_id is None:
        return NOBODY
    if domain.is_paused:
        return Caught(obstacle="domain_paused")
    plain = address.without_tag
    if domain.catch_all == "off" or plain.local_part in ROLE_LOCAL_PARTS:
        return NOBODY
    if await queries.was_given(conn, account_id, list(dict.fromkeys([str(address), str(plain)]))):
        # An alias that its owner has deleted stays deleted, also where all other mail is caught. One that is there has
        # been made since it was looked for.
        return Caught(mailbox=await aliases.mailbox(conn, address))
    if domain.catch_all == "make":
        return await _to_be_made(
            platform, conn, plain, domain, [one for one in to_come if one.account_id == account_id], now
        )
    alias_id = domain.catch_all_alias_id
    mailbox = await aliases.mailbox_of(conn, account_id, alias_id) if alias_id else None
    return Caught(mailbox=mailbox) if mailbox is not None and _is_wanted(platform, mailbox, domain, plain) else NOBODY


async def make(platform: Platform, mailboxes: Sequence[Mailbox], *, now: datetime) -> dict[UUID, Mailbox]:
    """Make the aliases that mail is about to be stored for; each mailbox as it is now, by its earlier alias id.

    Whoever makes one at the same moment wins, and the mail goes there. Raises LimitReached (the day's number, or all
    that the account may have) where others were faster since `catch`, and Unavailable.
    """
    made: dict[UUID, Mailbox] = {}
    async with platform.db.transaction() as conn:
        # In one order everywhere, so that two messages never wait for each other's accounts in a circle.
        for mailbox in sorted(mailboxes, key=lambda one: (one.account_id, one.address)):
            address = addresses.parse(mailbox.address)
            if address is None:
                raise ValueError("a mailbox has an address in normal form")
            made[mailbox.alias_id] = await _make(conn, mailbox, address, now=now)
    return made


async def _make(conn: Conn, mailbox: Mailbox, address: Address, *, now: datetime) -> Mailbox:
    account_id = mailbox.account_id
    await accounts.hold(conn, account_id)
    if await aliases.claim_unattended(conn, account_id, address, mailbox.alias_id, reason="catch_all", now=now):
        if not await queries.take_making(conn, account_id, address.domain, now=now, a_day=MADE_A_DAY):
            raise LimitReached("Today's number of new aliases on this domain is used up.", code="too_many_new")
        await limits.assert_within(conn, account_id)
        await limits.note(conn, account_id, now=now)
        return msgspec.structs.replace(mailbox, is_to_be_made=False)
    there = await aliases.mailbox(conn, address)
    if there is None or there.account_id != account_id:
        raise Unavailable("The address has become somebody else's, or was deleted, meanwhile.", code="address_moved")
    return there


async def _to_be_made(
    platform: Platform, conn: Conn, address: Address, domain: Reception, to_come: Sequence[Mailbox], now: datetime
) -> Caught:
    there = next((one for one in to_come if one.address == str(address)), None)
    if there is not None:
        return Caught(mailbox=there)
    account_id = domain.account_id
    mailbox = await aliases.mailbox_to_make(conn, account_id, address) if account_id else None
    if mailbox is None or not _is_wanted(platform, mailbox, domain, address):
        return NOBODY
    of_domain = sum(one.address.endswith(f"@{address.domain}") for one in to_come)
    room = (await limits.allowance(conn, mailbox.account_id)).room
    left = await queries.makings_left(conn, mailbox.account_id, address.domain, now=now, a_day=MADE_A_DAY)
    is_full = room <= len(to_come) or left <= of_domain
    return Caught(obstacle="too_many_new") if is_full else Caught(mailbox=mailbox)


def _is_wanted(platform: Platform, mailbox: Mailbox, domain: Reception, address: Address) -> bool:
    if domain.catch_all_pattern is None:
        return True
    index_key = unwrap_index_key(platform.instance, mailbox.account_id, mailbox.index_key)
    pattern = owned.opened_pattern(index_key, mailbox.account_id, address.domain, domain.catch_all_pattern)
    return pattern is None or patterns.matches(pattern, address.local_part)
