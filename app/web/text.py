"""Plain text of mail as HTML: web addresses become links to where they lead in the end, quoted lines are marked.

Nothing else is interpreted.
"""

import re
from itertools import groupby

from markupsafe import Markup, escape

from app.core.messages import urls

_URL = re.compile(r"https?://[^\s<>\"'`\x00-\x20\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]{1,2000}", re.IGNORECASE)
_QUOTES = re.compile(r"(?:>[ ]?){1,20}")
_SIGNATURE = re.compile(r"^-- $", re.MULTILINE)
_DEEPEST = 3
_AFTER_SENTENCE = ".,;:!?*_"
_FOLDED = Markup('<details class="quoted"><summary>Quoted text</summary>{}</details>')
_SIGNED = Markup('<span class="signature">{}</span>')
_LINK = Markup('<a href="{0}" target="_blank" rel="noreferrer noopener nofollow">{0}</a>')


def linked_text(text: str) -> Markup:
    """The text for a <pre>; quoted lines stand in <span class="q1"> to "q3"."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    # Each line ends inside its block: between blocks a newline would show as an empty line.
    blocks = ((depth, "".join(f"{line}\n" for line in group)) for depth, group in groupby(lines, key=_depth))
    return Markup("").join(_block(depth, text) for depth, text in blocks)


def folded_text(text: str) -> Markup:
    """The text for a <div class="words">, each run of quoted lines folded away in a <details>."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    runs = ((is_quoted, "\n".join(group)) for is_quoted, group in groupby(lines, key=lambda line: _depth(line) > 0))
    return Markup("").join(
        _FOLDED.format(linked_text(run)) if quoted else _unquoted(run + "\n") for quoted, run in runs
    )


def _depth(line: str) -> int:
    quotes = _QUOTES.match(line)
    return min(quotes[0].count(">"), _DEEPEST) if quotes else 0


def _block(depth: int, text: str) -> Markup:
    return Markup('<span class="q{}">{}</span>').format(depth, _linked(text)) if depth else _unquoted(text)


def _unquoted(text: str) -> Markup:
    """What stands below a line of two dashes and a space is a signature (RFC 3676 section 4.3)."""
    found = _SIGNATURE.search(text)
    if found is None:
        return _linked(text)
    return _linked(text[: found.start()]) + _SIGNED.format(_linked(text[found.start() :]))


def _linked(text: str) -> Markup:
    pieces, end = [], 0
    for found in _URL.finditer(text):
        url = _without_tail(found[0])
        pieces += [escape(text[end : found.start()]), _LINK.format(urls.clean(url) or url)]
        end = found.start() + len(url)
    return Markup("").join([*pieces, escape(text[end:])])


def _without_tail(url: str) -> str:
    """Without the sentence's own punctuation, and without a bracket that was opened before the address."""
    while url and (url[-1] in _AFTER_SENTENCE or _closes_nothing(url)):
        url = url[:-1]
    return url


def _closes_nothing(url: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}.get(url[-1])
    return opening is not None and url.count(url[-1]) > url.count(opening)
