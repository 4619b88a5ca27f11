"""What an owner decides about the sender of a message that lies before him, and where that sender's mail goes then."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.filing import queries as filing
from app.core.filing.model import Step
from app.core.messages import service as messages
from app.core.messages.model import Folder, MessageLine
from app.core.platform import Platform
from app.core.rules import held, senders, service
from app.core.rules.held import Settled, sender_of
from app.core.rules.model import Kind, NewRule, Verdict
from app.core.search import service as search
from app.core.search.model import Query, Term
from app.errors import Invalid
from app.lib.db import Conn
from app.lib.suffixes import organisation

MAX_MOVED = 200
"""Messages of the sender, from inbox and archive, that go along."""
Destination = Literal["trash", "spam"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Block or allow, whom and where. `also`: where a blocked sender's mail in inbox and archive goes."""

    verdict: Verdict
    kind: Kind = "address"
    """`domain`: that of the organisation, with its subdomains."""
    is_everywhere: bool = False
    """For every alias of the account, not only the message's own."""
    also: Destination | None = None
    note: str = ""


class Standpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Whom rules about a message can be about; empty where it names no sender that rules can be about."""

    address: str
    domain: str
    """That of the organisation, or the sender's own where nobody has registered one."""


def standpoint(line: MessageLine) -> Standpoint:
    """The sender of a message as rules know him; the envelope's where the From field has no address to speak of."""
    for text in (sender_of(line.summary), line.summary.envelope_from):
        try:
            subject = senders.subject(text)
        except Invalid:
            continue
        if subject.kind == "address":
            own = subject.text.rpartition("@")[2]
            return Standpoint(address=subject.text, domain=organisation(own) or own)
    return Standpoint(address="", domain="")


async def judge(
    platform: Platform, conn: Conn, actor: Actor, message_id: UUID, judgement: Judgement, *, now: datetime
) -> Settled:
    """Make the rule about a message's sender, let in or send away what is held of him, and move what is asked for.

    `conn` is in a transaction. Raises NotFound, LimitReached, and Invalid for a message that names no sender.
    """
    line = await messages.line(conn, actor, message_id)
    who = standpoint(line)
    if not who.address:
        raise Invalid("This message does not say who sent it, so there is nobody to make a rule about.")
    subject = who.address if judgement.kind == "address" else who.domain
    # A registry's domain of one label is written with its dot.
    text = subject if "." in subject else f".{subject}"
    alias_id = None if judgement.is_everywhere else line.alias_id
    make = service.block if judgement.verdict == "block" else service.allow
    new = NewRule(text=text, alias_id=alias_id, note=judgement.note, is_as_sent=True)
    made = await make(platform, conn, actor, new)
    waiting = await held.held_of(conn, actor, alias_id, subject)
    folder: Folder = "trash" if judgement.verdict == "block" else "inbox"
    settled = await held.move(platform, conn, actor, waiting, folder, (made,), now=now)
    if judgement.verdict == "allow" or judgement.also is None:
        return settled
    ids = await _at_hand(platform, conn, actor, alias_id, subject)
    moved = await filing.move(conn, actor.account_id, ids, judgement.also, now=now)
    came_from: dict[Folder, list[UUID]] = {}
    for one_id, folder in moved:
        came_from.setdefault(folder, []).append(one_id)
    back = (Step(action=folder, message_ids=tuple(of_folder)) for folder, of_folder in came_from.items())
    return msgspec.structs.replace(settled, count=settled.count + len(moved), back=(*settled.back, *back))


async def _at_hand(platform: Platform, conn: Conn, actor: Actor, alias_id: UUID | None, subject: str) -> list[UUID]:
    """The newest 200 messages of a sender, or of a domain, in inbox and archive."""
    term = Term(field="from", text=subject, is_quoted=True, is_negated=False)
    query = Query(terms=(term,), folders=frozenset({"inbox", "archive"}), alias_id=alias_id)
    ids: list[UUID] = []
    before: UUID | None = None
    while len(ids) < MAX_MOVED:
        found = await search.page(platform, conn, actor, query, before=before, limit=search.MAX_PAGE)
        # The search also knows names that look like addresses; rules do not.
        ids += [one.message_id for one in found.lines if subject in senders.candidates(sender_of(one.summary))]
        if found.older is None:
            break
        before = found.older
    return ids[:MAX_MOVED]
