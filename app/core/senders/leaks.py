"""Whether an alias that was made for one site has leaked: who writes to it and should not know it. Pure.

Decided when it is shown, never when mail comes: the site that an alias was made for is sealed, what its owner says
settles old mail too, and a better rule corrects every earlier mark. docs/leaks.md says how well it does.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from app.core.senders import kinship
from app.core.senders.model import Evidence, Leak

_MOST_KNOWN = 5
"""Of those who wrote before, as evidence."""
_SIGN_UP = timedelta(days=1)
"""Nobody sells an address sooner; whoever writes within it was asked to by signing up."""
_SETTLING = timedelta(days=30)
"""While a site has not written under its own name, the first who writes is taken for its mailer."""
_LEAST_MESSAGES = 4
_LEAST_DAYS = timedelta(days=14)
"""From an organisation alone, before an alias without a site is taken for its own."""
_BURST = 3
_TIMES_FASTER = 4
"""So many strangers, in a quarter of the time from one to the next that the first let pass: one message each tells."""
_LONG_ALONE = timedelta(days=60)
_REGULAR_MESSAGES = 6
"""Who writes so often was most likely given the address."""
_LEAST_OF_STRANGER = 2
"""Messages of a single stranger to an alias without a site: anybody may write once."""
_SHORTEST_WORD = 3


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An alias, as far as it says whom it was given to."""

    site: str
    """The registered domain of the site it was made for; empty where none was named."""
    words: frozenset[str]
    """Of its local part and its description, in lower case."""
    made_on: date


class Correspondence(msgspec.Struct, frozen=True, kw_only=True):
    """All mail of one organisation to one alias. `claims`: what its first messages named as their own, unverified."""

    organisation: str
    claims: frozenset[str]
    first_on: date
    message_count: int
    is_expected: bool
    is_bounce: bool
    is_answer: bool
    """Its first message belongs to a conversation that the alias had before."""


def judge(place: Place, heard: Sequence[Correspondence]) -> dict[str, Leak]:
    """The leaks by stranger, out of all the organisations that the alias has heard from, in the order they came."""
    telling = [one for one in heard if not (kinship.is_shared(one.organisation) or one.is_bounce)]
    home = _home(place, telling, heard)
    if home is None:
        return {}
    source, is_named = home
    trusted = [source, *(one.organisation for one in heard if one.is_expected)]
    known: list[Correspondence] = []
    strangers: list[tuple[Correspondence, tuple[Correspondence, ...]]] = []
    for one in telling:
        if _is_trusted(one, trusted) or _belongs(place, one, known):
            known.append(one)
            if _is_mailer_of(place, one, known) and one.organisation not in trusted:
                trusted.append(one.organisation)
        else:
            strangers.append((one, tuple(known)))
    if not is_named and not _is_for_one(source, known, strangers):
        return {}
    tells_once = is_named or len(strangers) >= _BURST
    return {
        one.organisation: _leak(source, one, before, is_named=is_named)
        for one, before in strangers
        if tells_once or one.message_count >= _LEAST_OF_STRANGER
    }


def _home(place: Place, telling: Sequence[Correspondence], heard: Sequence[Correspondence]) -> tuple[str, bool] | None:
    """(whose the alias is, whether its owner said so): the site, else who is called as the alias is, else the first."""
    if place.site:
        return place.site, True
    # Mail through a sending service names its firm in claims alone.
    names = (name for one in heard for name in (one.organisation, *sorted(one.claims)) if not kinship.is_shared(name))
    named = next((name for name in names if _is_called(name, place.words)), None)
    if named is not None:
        return named, True
    return (telling[0].organisation, False) if telling else None


def _is_called(organisation: str, words: frozenset[str]) -> bool:
    name = kinship.brand(organisation)
    return len(name) >= _SHORTEST_WORD and (name in words or name.replace("-", "") in words)


def _is_trusted(one: Correspondence, trusted: Iterable[str]) -> bool:
    """Theirs by name, or by what the message says of itself, which can be forged but hardly ever is to be quiet."""
    claims = [claim for claim in one.claims if not kinship.is_mailer(claim)]
    return any(
        one.organisation == name or name in claims or kinship.are_related(one.organisation, name) for name in trusted
    )


def _belongs(place: Place, one: Correspondence, known: Sequence[Correspondence]) -> bool:
    """Whether somebody of another name writes because of the site: at sign-up, in its place, or in a conversation."""
    if one.is_expected or one.is_answer or one.first_on - place.made_on <= _SIGN_UP:
        return True
    return not known and one.first_on - place.made_on <= _SETTLING


def _is_mailer_of(place: Place, one: Correspondence, known: Sequence[Correspondence]) -> bool:
    """Whether names like this one's are the site's from now on: it wrote at sign-up, or was the first."""
    return len(known) == 1 or one.first_on - place.made_on <= _SIGN_UP


def _is_for_one(
    source: str, known: Sequence[Correspondence], strangers: Sequence[tuple[Correspondence, tuple[Correspondence, ...]]]
) -> bool:
    """Whether an alias of which nobody said whose it is has been one organisation's until strangers came.

    An address that was given to many hears from new ones all the time; one that leaked is quiet for long, and then is
    not: so several strangers tell by how fast they follow each other, few by coming late and not staying.
    """
    count = sum(one.message_count for one in known if kinship.are_related(one.organisation, source))
    if not strangers or count < _LEAST_MESSAGES:
        return False
    days = [one.first_on for one, _ in strangers]
    alone = days[0] - known[0].first_on
    if len(strangers) < _BURST:
        return alone >= _LONG_ALONE and all(one.message_count < _REGULAR_MESSAGES for one, _ in strangers)
    regulars = sum(one.message_count >= _REGULAR_MESSAGES for one, _ in strangers)
    gap = (days[-1] - days[0]) / (len(days) - 1)
    return regulars * 2 <= len(strangers) and alone >= max(_LEAST_DAYS, _TIMES_FASTER * gap)


def _leak(source: str, one: Correspondence, before: Sequence[Correspondence], *, is_named: bool) -> Leak:
    by_source = [other for other in before if other.organisation == source]
    others = [other for other in before if other.organisation != source]
    known = [
        Evidence(organisation=other.organisation, since=other.first_on, message_count=other.message_count)
        for other in (*by_source, *others)
    ]
    if not by_source:
        known.insert(0, Evidence(organisation=source, since=None, message_count=0))
    return Leak(
        source=source,
        stranger=one.organisation,
        first_on=one.first_on,
        message_count=one.message_count,
        is_named=is_named,
        known=tuple(known[:_MOST_KNOWN]),
    )
