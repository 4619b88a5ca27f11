"""What pages show of a message's body: its text, or its HTML made safe. For messages and those enclosed in them."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from app.core.messages import images
from app.core.messages.html import SafeHtml, sanitise
from app.core.messages.html.remote import Hosts
from app.core.messages.model import EnclosedLine, OpenMessage
from app.core.platform import Platform
from app.lib.aside import aside
from app.lib.times import utc_now
from app.web.attachments import Listed, fitting_part, listed
from app.web.fitting import Part, TextPart, fitting, text_part, weight
from app.web.session import Session

View = Literal["text", "html"]

_MAX_HOSTS = 100
_MARKUP_BYTES = 100
"""Around each host."""
_HOSTS_BYTES = 5_000
_FILES_BYTES = 6_000
_CARDS_BYTES, _CARD_BYTES = 7_000, 900


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What fits a page of a message: the HTML if it has any, a part of the text if it has any, and the first files."""

    safe: SafeHtml | None
    shown: View
    words: TextPart | None
    blocked: Hosts
    attached: Part[Listed]
    enclosed: Sequence[EnclosedLine]


async def body_of(
    platform: Platform, session: Session, opened: OpenMessage, wanted: View | None, *, part: int = 1
) -> Body:
    """What is wanted of it, if it is there; else the text, unless that is empty or less than the HTML says."""
    safe = await safe_html(platform, session, opened)
    words = None
    if opened.text is not None and has_text(opened):
        words = await aside(len(opened.text), text_part, opened.text, part)
    usual: View = "html" if safe is not None and (words is None or opened.is_html_first) else "text"
    hosts = safe.blocked_hosts[:_MAX_HOSTS] if safe is not None else ()
    return Body(
        safe=safe,
        shown="text" if safe is None else wanted or usual,
        words=words,
        blocked=hosts[: fitting((_MARKUP_BYTES + weight(host) for host, _ in hosts), _HOSTS_BYTES)],
        attached=fitting_part(listed(opened.attachments, opened.html), 1, room=_FILES_BYTES),
        enclosed=opened.enclosed[: fitting(map(_card_bytes, opened.enclosed), _CARDS_BYTES)],
    )


def has_text(opened: OpenMessage) -> bool:
    """Whether it says anything in plain text."""
    return opened.text is not None and bool(opened.text.strip())


async def safe_html(platform: Platform, session: Session, opened: OpenMessage) -> SafeHtml | None:
    """The HTML of a message made safe, its own pictures with paths that are good for five minutes; None for none."""
    if opened.html is None or not opened.html.strip():
        return None
    return await aside(len(opened.html), _sanitised, platform, session, opened, opened.html)


def _sanitised(platform: Platform, session: Session, opened: OpenMessage, html: str) -> SafeHtml:
    return sanitise(html, images.paths(platform, session.actor, opened, now=utc_now()))


def _card_bytes(one: EnclosedLine) -> int:
    names = sum(min(100, weight(attachment.filename)) + 20 for attachment in one.attachments[:5])
    return _CARD_BYTES + min(300, weight(one.subject)) + weight(one.snippet) + names
