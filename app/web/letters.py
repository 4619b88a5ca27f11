"""The messages of a conversation as its page shows them: each with as much of its text as fits. Pure."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from app.core.messages.invitations import Invitation
from app.core.messages.model import MessageLine, OpenMessage
from app.core.messages.rendition import readable
from app.web.fitting import text_part

_ROOM = 27_000
_MOST, _LEAST = 14_000, 1_200
"""Bytes of one text: the first is open and takes what it needs, but leaves something to each of the others."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation; without a text where it has none."""

    line: MessageLine
    html: Markup | None
    is_cut: bool
    is_of_html: bool
    """The text was made of the message's HTML."""
    invitation: Invitation | None
    """The first that it brings."""


def letters(opened: Sequence[OpenMessage]) -> list[Letter]:
    """Their texts, or those of their HTML, quotes folded, in about 27 kB together."""
    made: list[Letter] = []
    left = _ROOM
    for number, message in enumerate(opened, start=1):
        invitation = message.invitations[0] if message.invitations else None
        has_text = message.text is not None and bool(message.text.strip())
        text = (message.text if has_text else readable(message.html or "")) or ""
        if not text.strip():
            made.append(Letter(line=message.line, html=None, is_cut=False, is_of_html=False, invitation=invitation))
            continue
        room = max(_LEAST, min(_MOST, left - _LEAST * (len(opened) - number)))
        part = text_part(text, 1, room=room)
        left -= len(part.html.encode("utf-8", "replace"))
        made.append(
            Letter(
                line=message.line,
                html=part.html,
                is_cut=part.has_more,
                is_of_html=not has_text,
                invitation=invitation,
            )
        )
    return made
