"""Plain text of mail as HTML: web addresses become links to where they lead in the end, quoted lines are marked.

Nothing else is interpreted.
"""

import re
from itertools import groupby

from markupsafe import Markup, escape

from app.core.messages import urls

_QUOTES = re.compile(r"(?:>[ ]?){1,20}")
_SIGNATURE = re.compile(r"^-- $", re.MULTILINE)
_DEEPEST = 3
# A text may have 100,000 quotes and links, and what Markup does takes several times as long as joining.
_QUOTED = tuple(f'<span class="q{depth}">' for depth in range(_DEEPEST + 1))
# The newline after <pre> is none of the text's (HTML, 13.1.2.5), which may begin with one of its own.
_PLAIN = "<pre>\n{}</pre>"
_FOLDED = f'<details class="quoted"><summary>Quoted text</summary>{_PLAIN}</details>'
_SIGNED = '<span class="signature">{}</span>'
_LINK = '<a href="{0}" target="_blank" rel="noreferrer noopener nofollow">{0}</a>'


def linked_text(text: str) -> Markup:
    """The text for a <pre>; quoted lines stand in <span class="q1"> to "q3"."""
    return Markup(_marked(text))  # noqa: S704 - every piece of the text was escaped


def folded_text(text: str) -> Markup:
    """The text for a <div class="words">: in <pre>, for browsers without style; runs of quoted lines in <details>."""
    runs = ((is_quoted, "\n".join(group)) for is_quoted, group in groupby(_lines(text), key=_is_quoted))
    marked = (_FOLDED.format(_marked(run)) if quoted else _PLAIN.format(_unquoted(run + "\n")) for quoted, run in runs)
    return Markup("".join(marked))  # noqa: S704 - every piece of the text was escaped


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def _depth(line: str) -> int:
    quotes = _QUOTES.match(line)
    return min(quotes[0].count(">"), _DEEPEST) if quotes else 0


def _is_quoted(line: str) -> bool:
    return line.startswith(">")


def _marked(text: str) -> str:
    # Each line ends inside its block: between blocks a newline would show as an empty line.
    blocks = ((depth, "\n".join([*group, ""])) for depth, group in groupby(_lines(text), key=_depth))
    return "".join([_block(depth, text) for depth, text in blocks])


def _block(depth: int, text: str) -> str:
    return f"{_QUOTED[depth]}{_linked(text)}</span>" if depth else _unquoted(text)


def _unquoted(text: str) -> str:
    """What stands below a line of two dashes and a space is a signature (RFC 3676 section 4.3)."""
    found = _SIGNATURE.search(text)
    if found is None:
        return _linked(text)
    return _linked(text[: found.start()]) + _SIGNED.format(_linked(text[found.start() :]))


def _linked(text: str) -> str:
    """The text escaped, but for the links."""
    pieces: list[str] = []
    end = 0
    for start, url in urls.found_in(text):
        pieces += [escape(text[end:start]), _LINK.format(str(escape(urls.clean(url) or url)))]
        end = start + len(url)
    return "".join([*pieces, escape(text[end:])])
