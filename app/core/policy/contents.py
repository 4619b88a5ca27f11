"""Whether a copy of a message that was read is kept, and where. Pure: facts in, a Decision out."""

from collections.abc import Sequence

import msgspec

from app.core.aliases.model import Mailbox
from app.core.policy.model import Decision, Judgement
from app.core.policy.recipients import BLOCKED, OK
from app.core.rules.matching import Finding

HELD = Decision(accept=True, code=250, enhanced="2.6.0", text="Message stored", reason="held")


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the From field."""

    finding: Finding | None
    """What the rules say of it."""
    is_known: bool = False
    """Mail of it came to the alias while that took everybody's."""


def decide(mailbox: Mailbox, *, envelope: Finding | None, authors: Sequence[Author]) -> Judgement:
    """Decide on one copy by what the rules say of the envelope's sender, and by the From field's authors.

    Blocked is who is blocked in any of them. An alias that takes mail of known senders only holds all other mail; known
    is whose envelope address is allowed, or all of whose From addresses are allowed or have written before.
    """
    said = [one for one in (*(author.finding for author in authors), envelope) if one is not None]
    blocked = next((one for one in said if one.verdict == "block"), None)
    if blocked is not None:
        return Judgement(decision=BLOCKED, finding=blocked)
    # None of these blocks, so each allows.
    is_known = envelope is not None or (bool(authors) and all(one.finding or one.is_known for one in authors))
    if mailbox.screening == "known" and not is_known:
        return Judgement(decision=HELD)
    return Judgement(decision=OK, finding=next(iter(said), None))
