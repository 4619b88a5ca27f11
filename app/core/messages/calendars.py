"""The calendar parts of a message as invitations; which parts those are, and how much of them is read."""

import asyncio
from collections.abc import Sequence

from app.core.messages import content
from app.core.messages.invitations import MAX_CALENDAR_BYTES, Attendee, Invitation, read_calendar
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Reading

MAX_INVITATIONS = 20
"""Of one message; each part has at most ten."""
_MAX_PARTS = 5
_TYPES = frozenset({"application/ics", "text/calendar"})


async def invitations(reading: Reading, cuts: StoredCuts) -> tuple[Invitation, ...]:
    """The events that a message brings, each once: mailers send them as text and as a file. Raises CannotOpen,
    Unavailable; what cannot be read is a file only.
    """
    found: dict[object, Invitation] = {}
    for leaf in [leaf for leaf in reading.own_leaves if _is_calendar(leaf)][:_MAX_PARTS]:
        text, is_cut = await content.text(leaf, cuts, limit=MAX_CALENDAR_BYTES)
        if is_cut:
            continue
        for one in await asyncio.to_thread(read_calendar, text):
            found.setdefault((one.uid, one.occurrence) if one.uid else one, one)
    return tuple(found.values())[:MAX_INVITATIONS]


def words(found: Sequence[Invitation]) -> str:
    """What they say, for the index and where a message says nothing else."""
    return "\n".join(
        " ".join(filter(None, [one.summary, one.location, one.comment, one.description, _names(one)])) for one in found
    )


def _names(invitation: Invitation) -> str:
    people: list[Attendee] = [*([invitation.organiser] if invitation.organiser else []), *invitation.attendees]
    return " ".join(filter(None, [text for one in people for text in (one.name, one.address)]))


def _is_calendar(leaf: Leaf) -> bool:
    return leaf.content_type in _TYPES or leaf.filename.lower().endswith(".ics")
