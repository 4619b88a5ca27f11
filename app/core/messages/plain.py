"""The words of an HTML mail as plain text, for the snippet and the search index; never for display."""

import html
import re

import nh3

_BLOCK = re.compile(
    r"<(?=/?(?:address|article|blockquote|br|dd|div|dt|h[1-6]|hr|li|ol|p|pre|section|t[dhr]|table|ul)\b)", re.IGNORECASE
)
_UNSEEN = {"head", "noscript", "script", "style", "template", "title"}


def from_html(markup: str) -> str:
    """The text that a reader sees, words of neighbouring blocks kept apart."""
    spaced = _BLOCK.sub(" <", markup)
    return html.unescape(nh3.clean(spaced, tags=set(), clean_content_tags=_UNSEEN, strip_comments=True))
