"""Attachments as a page lists them: what kind of file each is, and first those that are not already seen. Pure."""

from collections.abc import Sequence

import msgspec

from app.core.messages.model import Attachment
from app.web.fitting import Part, part, weight
from app.web.kinds import kind

_MARKUP_BYTES = 200
"""Around each name."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment on a page; one that is inline stands where the HTML of the message shows it."""

    attachment: Attachment
    kind: str
    is_inline: bool


def listed(attachments: Sequence[Attachment], html: str | None) -> list[Listed]:
    """In their order, but those that the HTML refers to last."""
    found = [
        Listed(
            attachment=one,
            kind=kind(one.content_type, one.filename),
            is_inline=one.role == "picture" or bool(one.content_id and html and f"cid:{one.content_id}" in html),
        )
        for one in attachments
    ]
    return sorted(found, key=lambda one: (one.is_inline, one.attachment.role != "file"))


def fitting_part(found: Sequence[Listed], number: int, *, room: int) -> Part[Listed]:
    """Part `number` of a list of attachments, in so many bytes."""
    return part(
        found,
        number,
        room=room,
        weigh=lambda one: _MARKUP_BYTES + weight(one.attachment.filename) + weight(one.kind),
    )
