"""Looks up what a decision needs and has it made."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.address import ROLE_LOCAL_PARTS, Address
from app.core.aliases.model import Mailbox
from app.core.domains import catchall
from app.core.domains import service as domains
from app.core.platform import Platform
from app.core.policy import contents, recipients
from app.core.policy.model import Judgement, Ruling
from app.core.rules import queries as rules
from app.core.rules import senders
from app.core.rules.matching import Finding, digests, finding
from app.core.rules.model import Match
from app.core.senders import queries as acquaintances
from app.core.senders.reading import sender_digest
from app.lib.db import Conn
from app.vault.keyring import unwrap_index_key


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a message that is to be judged: whose it would be, and what RCPT found out about the envelope."""

    mailbox: Mailbox
    envelope: Finding | None


async def decide_recipient(
    platform: Platform,
    text: str,
    *,
    sender: str,
    announced_size: int,
    to_come: Sequence[Mailbox] = (),
    now: datetime,
) -> Ruling:
    """Whether mail of `sender` (MAIL FROM) for `text` (the address in RCPT TO) is taken, and whose it is.

    `to_come` are the mailboxes of this message's earlier recipients whose aliases it is to make. One query, and one
    more for accounts that have rules; for addresses that are no alias one about the domain, and two to four more where
    its owner catches such mail. Raises Unavailable.
    """
    async with platform.db.connection() as conn:
        address = addresses.parse(text)
        if address is None and text.lower() == "postmaster":
            # RFC 5321 section 4.5.1: without a domain it means the postmaster of this server.
            shared = await domains.shared(conn)
            address = Address("postmaster", shared[0]) if shared else None
        if address is None:
            return Ruling(decision=recipients.BAD_ADDRESS)
        mailbox = await aliases.mailbox(conn, address)
        domain = None if mailbox else await domains.reception(conn, address.domain)
        caught = catchall.NOBODY
        if domain is not None:
            caught = await catchall.catch(platform, conn, address, domain, to_come=to_come, now=now)
        mailbox = mailbox or caught.mailbox
        is_role = address.local_part in ROLE_LOCAL_PARTS
        if is_role and mailbox is not None:
            mailbox = recipients.unconditional(mailbox)
        found = None if mailbox is None else await _of_envelope(platform, conn, mailbox, sender)
    decision = recipients.decide(
        mailbox,
        is_our_domain=mailbox is not None or domain is not None,
        obstacle=caught.obstacle,
        is_role=is_role,
        announced_size=announced_size,
        verdict=None if found is None else found.verdict,
        now=now,
    )
    return Ruling(decision=decision, mailbox=mailbox, finding=found)


async def judge(platform: Platform, copies: Sequence[Copy], *, sender: str, authors: Sequence[str]) -> list[Judgement]:
    """Whether each copy of a message is kept, now that the addresses of its From field are known; in their order.

    Where the field names nobody, the envelope's sender is the author. Asks the database where an account has rules and
    the field names somebody else than the envelope does, and where an alias takes mail of known senders only. Raises
    Unavailable.
    """
    of_envelope = senders.normal(sender)
    names = list(dict.fromkeys(filter(None, map(senders.normal, authors or [sender]))))
    said = {} if names == [of_envelope] else await _of_authors(platform, copies, names)
    known = await _known(platform, copies, names)
    judgements = []
    for copy in copies:
        alias_id = copy.mailbox.alias_id
        findings = said.get(alias_id, [copy.envelope if name == of_envelope else None for name in names])
        people = [
            contents.Author(finding=found, is_known=(alias_id, name) in known)
            for name, found in zip(names, findings, strict=True)
        ]
        judgements.append(contents.decide(copy.mailbox, envelope=copy.envelope, authors=people))
    return judgements


def is_choosy(mailbox: Mailbox) -> bool:
    """Whether it matters to this mailbox whom mail is from."""
    return mailbox.has_rules or mailbox.screening == "known"


async def _of_envelope(platform: Platform, conn: Conn, mailbox: Mailbox, sender: str) -> Finding | None:
    if not mailbox.has_rules or not sender:
        return None
    sought = digests(unwrap_index_key(platform.instance, mailbox.account_id, mailbox.index_key), sender)
    met = await rules.matches(conn, mailbox.account_id, [mailbox.alias_id], sought)
    return finding(met, mailbox.alias_id, sought)


async def _of_authors(
    platform: Platform, copies: Sequence[Copy], names: Sequence[str]
) -> Mapping[UUID, list[Finding | None]]:
    """By alias, what its rules say of each of the names; aliases of accounts without rules are left out."""
    found: dict[UUID, list[Finding | None]] = {}
    choosy = [copy.mailbox for copy in copies if copy.mailbox.has_rules]
    for account_id, index_key, alias_ids in _by_account(platform, choosy) if names else ():
        sought = [digests(index_key, name) for name in names]
        met = await _matches(platform, account_id, alias_ids, sought)
        found |= {alias_id: [finding(met, alias_id, one) for one in sought] for alias_id in alias_ids}
    return found


async def _known(platform: Platform, copies: Sequence[Copy], names: Sequence[str]) -> set[tuple[UUID, str]]:
    """(alias, name) of the names that aliases which take mail of known senders only have heard from before that."""
    found: set[tuple[UUID, str]] = set()
    screening = [copy.mailbox for copy in copies if copy.mailbox.screening == "known"]
    for account_id, index_key, alias_ids in _by_account(platform, screening) if names else ():
        by_digest = {sender_digest(index_key, name): name for name in names}
        async with platform.db.connection() as conn:
            there = await acquaintances.known(conn, account_id, alias_ids, list(by_digest))
        found |= {(alias_id, by_digest[digest]) for alias_id, digest in there}
    return found


def _by_account(platform: Platform, mailboxes: Sequence[Mailbox]) -> Iterator[tuple[UUID, bytes, list[UUID]]]:
    """(account, its index key, those of the aliases that are the account's)."""
    for account_id, wrapped in dict.fromkeys((mailbox.account_id, mailbox.index_key) for mailbox in mailboxes):
        index_key = unwrap_index_key(platform.instance, account_id, wrapped)
        yield account_id, index_key, [one.alias_id for one in mailboxes if one.account_id == account_id]


async def _matches(
    platform: Platform, account_id: UUID, alias_ids: Sequence[UUID], sought: Sequence[Sequence[bytes]]
) -> list[Match]:
    every = list(dict.fromkeys(matcher for one in sought for matcher in one))
    async with platform.db.connection() as conn:
        return await rules.matches(conn, account_id, alias_ids, every)
