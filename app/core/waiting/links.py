"""The web addresses of a mail, as its links lead to them in the end, with the words that they stand behind."""

import html
import re

import msgspec
import nh3

from app.core.messages import urls
from app.core.messages.html import is_bomb

MAX_LINKS = 100
"""The first of a mail; more is a newsletter."""
_MAX_URL_CHARS = 8192
_MAX_WORDS_CHARS = 200
_UNSEEN = {"head", "noscript", "script", "style", "template", "title"}
# What the cleaner writes: one spelling, no other elements.
_ANCHOR = re.compile(r'<a(?: href="([^"]*)")?>((?:[^<]|<(?!/a>))*)</a>')


class FoundLink(msgspec.Struct, frozen=True, kw_only=True):
    """Where a link leads, and its words; empty where the address itself stood in the text."""

    url: str
    text: str


def links_of(markup: str | None, text: str | None) -> list[FoundLink]:
    """The http and https links of a mail's HTML, then those that only its text has: each address once, at most 100.

    Redirectors that are known are replaced by their targets, parameters that only track are left out
    (`messages.urls.clean`). Nothing is fetched.
    """
    found: dict[str, str] = {}
    for href, words in _anchors(markup or ""):
        _add(found, href, " ".join(words.split())[:_MAX_WORDS_CHARS])
    for written in (text or "", _words(markup or "")):
        for _, url in urls.found_in(written):
            _add(found, url, "")
    return [FoundLink(url=url, text=words) for url, words in found.items()]


def _add(found: dict[str, str], url: str, words: str) -> None:
    clean = urls.clean(url)
    if clean is None or not clean.lower().startswith("http") or len(clean) > _MAX_URL_CHARS or not urls.host(clean):
        return
    if clean in found:
        found[clean] = found[clean] or ("" if words == clean else words)
    elif len(found) < MAX_LINKS:
        found[clean] = "" if words in {url, clean} else words


def _anchors(markup: str) -> list[tuple[str, str]]:
    """(address, words) of each link, in their order; none of what would take a parser minutes."""
    if "href" not in markup.lower() or is_bomb(markup):
        return []
    clean = nh3.clean(
        markup,
        tags={"a"},
        attributes={"a": {"href"}},
        clean_content_tags=_UNSEEN,
        link_rel=None,
        url_schemes={"http", "https"},
    )
    return [(html.unescape(href), html.unescape(words)) for href, words in _ANCHOR.findall(clean)]


def _words(markup: str) -> str:
    """The text outside of tags: addresses that are written there and are no links."""
    if "http" not in markup.lower() or is_bomb(markup):
        return ""
    return html.unescape(nh3.clean(markup, tags=set(), clean_content_tags=_UNSEEN))
