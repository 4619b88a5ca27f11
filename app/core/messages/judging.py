"""Which copies of a message that was read are kept: by whom it is from, and by what their aliases still take."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.aliases import service as aliases
from app.core.domains import catchall
from app.core.messages.envelope import Envelope, Received, Recipient, Turned
from app.core.messages.model import Correspondent
from app.core.platform import Platform
from app.core.policy import service as policy
from app.core.policy.recipients import stopped
from app.core.policy.service import Copy


async def judged(
    platform: Platform, envelope: Envelope, recipients: Sequence[Recipient], people: Sequence[Correspondent]
) -> tuple[list[Recipient], Received]:
    """The recipients whose copies are stored, each with its folder, and what became of the others.

    `people` are those of the From field. Raises Unavailable.
    """
    authors = tuple(person.address for person in people if person.address)
    if not any(policy.is_choosy(one.mailbox) for one in recipients):
        return list(recipients), Received(authors=authors)
    copies = [Copy(mailbox=one.mailbox, envelope=one.finding) for one in recipients]
    judgements = await policy.judge(platform, copies, sender=envelope.sender, authors=authors)
    kept: list[Recipient] = []
    turned: list[Turned] = []
    allowed = []
    for one, judgement in zip(recipients, judgements, strict=True):
        finding = judgement.finding
        rule_id = None if finding is None else finding.rule_id
        if not judgement.decision.accept:
            turned.append(Turned(recipient=one, decision=judgement.decision, rule_id=rule_id))
            continue
        is_held = judgement.decision.reason == "held"
        kept.append(msgspec.structs.replace(one, folder="held") if is_held else one)
        if rule_id is not None:
            allowed.append((one.mailbox.account_id, rule_id))
    held = sum(one.folder == "held" for one in kept)
    return kept, Received(turned=tuple(turned), allowed=tuple(allowed), held=held, authors=authors)


async def with_aliases(platform: Platform, recipients: Sequence[Recipient], *, now: datetime) -> list[Recipient]:
    """The same, now that the aliases are made which this message makes (a catch-all).

    Raises LimitReached where others were faster and there is no room left, and Unavailable.
    """
    new = [one.mailbox for one in recipients if one.mailbox.is_to_be_made]
    if not new:
        return list(recipients)
    made = await catchall.make(platform, new, now=now)
    copies: dict[UUID, Recipient] = {}
    for one in recipients:
        mailbox = made.get(one.mailbox.alias_id, one.mailbox)
        # Somebody may have made it since, and this message may name it by that, too.
        copies.setdefault(mailbox.alias_id, msgspec.structs.replace(one, mailbox=mailbox))
    return list(copies.values())


async def without_used_up(
    platform: Platform, recipients: Sequence[Recipient], received: Received
) -> tuple[list[Recipient], Received]:
    """The same, less the copies for aliases that have taken their last message meanwhile. Raises Unavailable."""
    limited = [one.mailbox for one in recipients if one.mailbox.messages_left is not None]
    async with platform.db.connection() as conn:
        full = await aliases.used_up(conn, [(mailbox.account_id, mailbox.alias_id) for mailbox in limited])
    kept = [one for one in recipients if one.mailbox.alias_id not in full]
    turned = [
        Turned(recipient=one, decision=stopped(one.mailbox, "alias_limit"))
        for one in recipients
        if one.mailbox.alias_id in full
    ]
    held = sum(one.folder == "held" for one in kept)
    return kept, msgspec.structs.replace(received, turned=(*received.turned, *turned), held=held)
