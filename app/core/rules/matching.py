"""Which rule decides about a sender: the most specific. Pure."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from app.core.rules import senders
from app.core.rules.model import Match, Verdict


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules of one alias say of one sender."""

    verdict: Verdict
    rule_id: UUID


def digests(index_key: bytes, sender: str) -> list[bytes]:
    """What rules about the sender are found by, the most specific first; nothing for the null sender of bounces."""
    return [senders.matcher(index_key, candidate) for candidate in senders.candidates(sender)]


def finding(met: Iterable[Match], alias_id: UUID, sought: Sequence[bytes]) -> Finding | None:
    """What the rules that were met say of the sender with these digests, for this alias; None when they say nothing.

    An address beats a domain. Of two about the address, the alias's beats the account's. Of those about domains, any of
    the alias's beats all of the account's, and of those in one place the longer domain wins.
    """
    places = {matcher: place for place, matcher in enumerate(sought)}
    about = [one for one in met if one.matcher in places and one.alias_id in {None, alias_id}]
    if not about:
        return None
    first = min(about, key=lambda one: (one.kind == "domain", one.alias_id is None, places[one.matcher]))
    return Finding(verdict=first.verdict, rule_id=first.rule_id)
