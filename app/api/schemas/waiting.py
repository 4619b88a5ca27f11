"""A message that was waited for, over the wire. No lookups, no I/O."""

from collections.abc import Sequence

import msgspec

from app.api.schemas.messages import WholeMessage, whole_message
from app.core.messages.model import Link
from app.core.waiting.model import Found


class LinkResource(msgspec.Struct, frozen=True, kw_only=True):
    """An http or https link of a message, past redirectors that are known; `text` is empty for bare addresses."""

    url: str
    text: str


class WaitedMessage(WholeMessage, frozen=True, kw_only=True):
    """A message with what automation looks for in it.

    `links` are at most 100, those of the HTML first; `code` is the probable one-time code, without spaces and dashes
    where it is of digits. Both are found by rules of thumb, and say nothing about who wrote the message.
    """

    links: list[LinkResource]
    code: str | None


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """What was waited for; `next` as `after` of the next request waits for those that follow, and loses none."""

    data: WaitedMessage
    next: str


def waited_message(found: Found, links: Sequence[Link]) -> WaitedMessage:
    """`links` in the order of its attachments."""
    return WaitedMessage(
        **msgspec.structs.asdict(whole_message(found.opened, links)),
        links=[LinkResource(url=one.url, text=one.text) for one in found.links],
        code=found.code,
    )
