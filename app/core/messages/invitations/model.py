"""What an invitation says, as its reader sees it."""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["new", "updated", "cancelled", "reply", "counter", "declined_counter", "added", "refresh", "event"]
"""What its sender wants: RFC 5546's methods, a request split by its SEQUENCE, and `event` for a mere announcement."""
Answer = Literal["needs-action", "accepted", "declined", "tentative", "delegated"]


class When(msgspec.Struct, frozen=True, kw_only=True):
    """A time of an event. `local` is what the clock on the wall shows there; of a whole day only the date counts."""

    local: datetime
    """Without tzinfo."""
    is_date: bool
    zone: str
    """The zone's name (`Europe/Berlin`, `UTC`, or what the sender calls it); empty for a time without a zone."""
    utc: datetime | None
    """The same moment in UTC; None for dates, times without a zone, and zones that nobody knows."""


class Attendee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is invited, or who invites; name and address are the sender's word and either may be empty."""

    name: str
    address: str
    answer: Answer
    is_optional: bool
    is_room: bool
    """A room or a resource, not a person."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a calendar part. Texts are plain and bounded; every one of them may be empty."""

    kind: Kind
    method: str
    """As it was sent, in capitals; empty if there was none."""
    uid: str
    sequence: int
    summary: str
    start: When | None
    end: When | None
    """Of whole days the last one, included."""
    occurrence: When | None
    """The one occurrence of a recurring event that this is about."""
    recurrence: str
    """In words; empty unless it recurs."""
    rrule: str
    """The rule itself (RFC 5545 section 3.3.10)."""
    location: str
    description: str
    comment: str
    """What its sender says to this answer or change."""
    url: str
    conference: str
    """Where to join by video or telephone."""
    organiser: Attendee | None
    attendees: tuple[Attendee, ...]
    left_out: int
    """How many attendees are not among those."""
