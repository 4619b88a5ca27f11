"""HTML that would take a parser minutes: how it is told, and what is shown of it instead."""

import re
from collections.abc import Iterable
from html import escape, unescape

# Elements that another of their kind closes: open ones of these do not add up.
_CLOSED_BY_THEIR_LIKE = frozenset("p li dd dt option tr td th tbody thead tfoot".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_REOPENED = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_A_TAG = re.compile(r"<(/?)([a-z][^\s/>]{0,20})", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
_SEPARATOR = re.compile(r"[\s/\"']")
# A tag goes on over < and quoted > (HTML standard section 13.2.5.32 and following).
_WHOLE_TAG = re.compile(r"<[a-z/](?:[^>=]|=\s*+(?:\"[^\"]*\"?|'[^']*'?)?)*+", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_ROWS = frozenset("table tbody thead tfoot tr".split())
_CELLS = frozenset("td th caption".split())
_MAX_DEPTH = 400
_MAX_ATTRIBUTE_STEPS = 300_000_000
_MAX_REOPENED = 1_000_000
_MAX_FOSTERED = 10_000


def is_bomb(html: str) -> bool:
    """Whether parsing would cost far more than the length says.

    Parsers walk all open elements at each tag, all attributes at each attribute, and open a font that was never closed
    anew in each paragraph (HTML standard section 13.2.4.3): a megabyte of that takes minutes and gigabytes. What stands
    in a table outside of its cells is moved before the table, past all that was moved before (section 13.2.6.1).
    """
    if any(_attribute_steps(pieces) > _MAX_ATTRIBUTE_STEPS for pieces in (html.split("<"), _WHOLE_TAG.findall(html))):
        return True
    # What looks like a comment may be none, inside a title for one, so both readings count.
    if any(_fostered(text) > _MAX_FOSTERED for text in (html, _COMMENT.sub("", html))):
        return True
    depth = deepest = fonts = most_fonts = tags = 0
    for slash, name in _A_TAG.findall(html):
        tag, step = name.lower(), -1 if slash else 1
        tags += 1
        if tag in _REOPENED:
            fonts = max(0, fonts + step)
            most_fonts = max(most_fonts, fonts)
        if tag not in _VOID and tag not in _CLOSED_BY_THEIR_LIKE:
            depth = max(0, depth + step)
            deepest = max(deepest, depth)
    return deepest > _MAX_DEPTH or most_fonts * tags > _MAX_REOPENED


def _attribute_steps(tags: Iterable[str]) -> int:
    return sum(len(_SEPARATOR.findall(tag)) ** 2 for tag in tags)


def _fostered(html: str) -> int:
    """The tags in tables, but in none of their cells."""
    count = 0
    is_loose = False
    for slash, name in _A_TAG.findall(html):
        tag = name.lower()
        if tag in _ROWS:
            is_loose = not slash or tag != "table"
        elif tag in _CELLS:
            is_loose = bool(slash)
        else:
            count += is_loose
    return count


def words_of(html: str) -> str:
    """The text between the tags, escaped, under a line that says why there is no more."""
    text = escape(unescape(_MARKUP.sub(" ", html)))
    return (
        f"<p><strong>This mail's HTML is too deeply nested to be shown. These are its words.</strong></p><p>{text}</p>"
    )
