"""HTML mail as plain text to be read: paragraphs, lists and quotations kept. For the index there is `plain`."""

import re
from html.parser import HTMLParser

import nh3

from app.core.messages import plain
from app.core.messages.html import is_bomb

_APART = frozenset("blockquote h1 h2 h3 h4 h5 h6 ol p pre table ul".split())
"""Elements with an empty line before and after."""
_LINES = frozenset("address article dd div dl dt footer header hr li main section tr".split())
_CELLS = frozenset({"td", "th"})
_UNSEEN = {"head", "noscript", "script", "style", "template", "title"}
_SPACES = re.compile(r"[ \t\r\n\f]+")
_DEEPEST = 20
"""Quotations inside each other; deeper ones are marked like this."""


def readable(markup: str) -> str:
    """The text of HTML mail with `> ` before quoted lines and `- ` before items. The time is linear; never raises."""
    if is_bomb(markup):
        return plain.from_html(markup)
    tags = {*_APART, *_LINES, *_CELLS, "br"}
    clean = nh3.clean(markup, tags=tags, attributes={}, clean_content_tags=_UNSEEN, strip_comments=True)
    writer = _Writer()
    writer.feed(clean)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    """Takes HTML that the cleaner wrote, so that every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._depth = 0
        self._pre = 0
        self._is_apart = False
        self._last_depth = 0

    def text(self) -> str:
        """What was written."""
        self._end_line()
        return "\n".join(self._lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's signature
        if tag == "br":
            self._write()
            return
        self._begin(tag)
        self._depth += tag == "blockquote"
        self._pre += tag == "pre"
        if tag == "li":
            self._line.append("- ")
        elif tag in _CELLS and self._line:
            self._line.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._begin(tag)
        self._depth -= tag == "blockquote"
        self._pre -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if self._pre:
            first, *others = data.split("\n")
            self._line.append(first)
            for line in others:
                self._write()
                self._line.append(line)
            return
        data = _SPACES.sub(" ", data)
        self._line.append(data if self._line and not self._line[-1].endswith(" ") else data.lstrip(" "))

    def _begin(self, tag: str) -> None:
        if tag in _APART or tag in _LINES:
            self._end_line()
        self._is_apart |= tag in _APART

    def _end_line(self) -> None:
        if "".join(self._line).strip():
            self._write()
        self._line = []

    def _write(self) -> None:
        if self._is_apart and self._lines:
            self._lines.append(_quoted("", min(self._depth, self._last_depth)))
        self._lines.append(_quoted("".join(self._line).rstrip(), self._depth))
        self._line, self._is_apart, self._last_depth = [], False, self._depth


def _quoted(line: str, depth: int) -> str:
    return f"{'>' * min(depth, _DEEPEST)} {line}".rstrip() if depth else line
