"""Invitations as the API tells them: the words of core's values, times as they are local and in UTC."""

import msgspec

from app.core.messages import urls
from app.core.messages.invitations import Attendee, Invitation, When
from app.core.messages.invitations.model import Answer, Kind
from app.lib.times import rfc3339


class WhenResource(msgspec.Struct, frozen=True, kw_only=True):
    """A time of an event. `local` is a date (all day), or a date and time without offset that clocks show in `zone`.

    `zone` is an IANA name, or what the sender calls it; null for none. `utc` is null for dates and where nobody knows.
    """

    local: str
    is_date: bool
    zone: str | None
    utc: str | None


class AttendeeResource(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is invited, or who invites; name and address are the sender's word and may be empty."""

    name: str
    address: str
    answer: Answer
    is_optional: bool
    is_room: bool


class InvitationResource(msgspec.Struct, frozen=True, kw_only=True):
    """An event in a calendar part (RFC 5545, RFC 5546). `end` of whole days is the last of them.

    `occurrence` is the one date of a recurring event that this is about. `attendees` are at most 200; `left_out` counts
    the others. Texts are plain, cut to 1,000 characters, the description to 16,384. `url` and `conference` are http,
    https, mailto or tel, without what only tracks; empty where the sender gives none such.
    """

    kind: Kind
    method: str
    uid: str
    sequence: int
    summary: str
    start: WhenResource | None
    end: WhenResource | None
    occurrence: WhenResource | None
    recurrence: str
    rrule: str
    location: str
    description: str
    comment: str
    url: str
    conference: str
    organiser: AttendeeResource | None
    attendees: list[AttendeeResource]
    left_out: int


def invitation_resource(one: Invitation) -> InvitationResource:
    """An invitation as programs see it."""
    return InvitationResource(
        kind=one.kind,
        method=one.method,
        uid=one.uid,
        sequence=one.sequence,
        summary=one.summary,
        start=_when(one.start),
        end=_when(one.end),
        occurrence=_when(one.occurrence),
        recurrence=one.recurrence,
        rrule=one.rrule,
        location=one.location,
        description=one.description,
        comment=one.comment,
        url=urls.clean(one.url) or "",
        conference=urls.clean(one.conference) or "",
        organiser=_attendee(one.organiser) if one.organiser else None,
        attendees=[_attendee(who) for who in one.attendees],
        left_out=one.left_out,
    )


def _when(one: When | None) -> WhenResource | None:
    if one is None:
        return None
    local = one.local.date().isoformat() if one.is_date else one.local.isoformat()
    return WhenResource(
        local=local, is_date=one.is_date, zone=one.zone or None, utc=rfc3339(one.utc) if one.utc else None
    )


def _attendee(one: Attendee) -> AttendeeResource:
    return AttendeeResource(**msgspec.structs.asdict(one))
