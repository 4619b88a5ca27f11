"""A message as its reader sees it, made from what was read of it: its words, its notes, what it brings along."""

from collections.abc import Sequence

import msgspec

from app.core.messages import calendars, headers, labels, rendition, shown
from app.core.messages.downloads import span_in_original
from app.core.messages.model import (
    FIRST_ENCLOSED,
    Attachment,
    EnclosedLine,
    Layout,
    MessageLine,
    OpenEnclosed,
    OpenMessage,
    Summary,
)
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Enclosed, Reading
from app.core.messages.winmail import leaf_ordinal
from app.errors import NotFound
from app.lib.aside import aside

MAX_SHOWN_BYTES = 1024 * 1024
"""Of the text or the HTML on a page or in the API; the source has all."""
_SNIPPET_BYTES = 4096
_RENDERING = 20
"""Making text out of HTML takes as long as other work on so many times as many bytes."""


async def opened(line: MessageLine, reading: Reading, cuts: StoredCuts) -> OpenMessage:
    """The message with its text, HTML and header fields. Raises CannotOpen, Unavailable."""
    text, html, is_truncated = await shown.bodies(reading, cuts, limit=MAX_SHOWN_BYTES)
    return OpenMessage(
        line=line,
        headers=await aside(headers.size(reading.message), headers.all_headers, reading.message),
        text=text,
        html=html,
        is_truncated=is_truncated,
        is_html_first=reading.is_html_first,
        notes=tuple(dict.fromkeys([*reading.notes, *labels.notes_in(text or "")])),
        attachments=own_attachments(reading, line.summary.attachments),
        enclosed=tuple([await _line(enclosed, line.summary, cuts) for enclosed in reading.enclosed]),
        invitations=await calendars.invitations(reading, cuts),
    )


async def opened_enclosed(line: MessageLine, reading: Reading, cuts: StoredCuts, ordinal: int) -> OpenEnclosed:
    """A message enclosed in another. Raises NotFound, CannotOpen, Unavailable."""
    enclosed = find_enclosed(reading, ordinal)
    inner = await opened(line, enclosed.reading, cuts)
    return OpenEnclosed(
        **{name: getattr(inner, name) for name in OpenMessage.__struct_fields__},
        within=_within(reading, ordinal),
        itself=await _line(enclosed, line.summary, cuts),
    )


async def with_text(message: OpenMessage) -> OpenMessage:
    """The same; where it has HTML alone, with the text that a reader sees of it (`rendition`)."""
    if message.text is not None or not message.html:
        return message
    text = await aside(len(message.html) * _RENDERING, rendition.readable, message.html)
    return msgspec.structs.replace(message, text=text)


def find_enclosed(reading: Reading, ordinal: int) -> Enclosed:
    """The message enclosed in it, at any depth, of this ordinal. Raises NotFound."""
    found = next((enclosed for enclosed in reading.all_enclosed if enclosed.ordinal == ordinal), None)
    if found is None:
        raise NotFound("There is no such message inside this one.")
    return found


def find_leaf(reading: Reading, ordinal: int) -> Leaf:
    """The leaf that an attachment of this ordinal is, or is a member of. Raises NotFound.

    It was listed when the message came; a reader of that time may have found other parts than today's does.
    """
    found = next((leaf for leaf in reading.leaves if leaf.ordinal == leaf_ordinal(ordinal)), None)
    if found is None:
        raise NotFound("This part of the message cannot be told apart any more. The original has it.")
    return found


def own_attachments(reading: Reading, listed: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Of all attachments that were listed when the message came, those that lie in no message enclosed in this one."""
    own = {leaf.ordinal for leaf in reading.own_leaves} - {leaf.ordinal for leaf in reading.shown}
    return tuple(one for one in listed if one.ordinal < FIRST_ENCLOSED and leaf_ordinal(one.ordinal) in own)


def _within(reading: Reading, ordinal: int) -> int | None:
    for enclosed in reading.all_enclosed:
        if any(inner.ordinal == ordinal for inner in enclosed.reading.enclosed):
            return enclosed.ordinal
    return None


def _size(enclosed: Enclosed, layout: Layout) -> int | None:
    if enclosed.span is None:
        return None
    start, end = span_in_original(enclosed.span, layout)
    return end - start


async def _line(enclosed: Enclosed, outer: Summary, cuts: StoredCuts) -> EnclosedLine:
    reading, listed = enclosed.reading, outer.attachments
    head = await aside(headers.size(reading.message), headers.head, reading.message)
    body = await shown.words(reading, cuts, limit=_SNIPPET_BYTES)
    inside = {leaf.ordinal for leaf in reading.leaves} - {leaf.ordinal for leaf in reading.shown}
    return EnclosedLine(
        ordinal=enclosed.ordinal,
        sender=head.people[0] if head.people else None,
        to=head.to,
        cc=head.cc,
        subject=head.subject,
        snippet=shown.snippet(body),
        sent_at=head.sent_at,
        size=_size(enclosed, outer.layout),
        attachments=tuple(
            one for one in listed if one.ordinal < FIRST_ENCLOSED and leaf_ordinal(one.ordinal) in inside
        ),
    )
