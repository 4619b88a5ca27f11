"""What a whole document has beside its content, found before it is cleaned as a fragment: its sheets and its body.

Browsers' rules are followed only as far as honest mail needs; whatever comes out of here is cleaned like all else.
"""

import re

import msgspec

from app.core.messages.html.selectors import ROOT
from app.core.messages.html.styles import padded

_ROOT = f'<div class="{ROOT}'
_STYLE_OF_ROOT = re.compile(rf'({_ROOT}[^"]*"(?: [\w-]+="[^"]*")*? style=")([^"]*)"')
_CLASSES = re.compile(r"[^<>]{0,500}?\sclass\s*=\s*[\"']?([\w -]{1,200})", re.IGNORECASE)
_OPENING = re.compile(r"<!--|<(style|html|body)(?=[\s/>])", re.IGNORECASE)
_REST_OF_TAG = re.compile(r"[^>]{0,500}>")
_END_OF_SHEET = re.compile(r"</style[\s/>]", re.IGNORECASE)
_HINT = re.compile(
    r"\s(bgcolor|text|link|topmargin|leftmargin|marginheight|marginwidth)\s*=\s*[\"']?\s*(#?\w{1,20})(?=[\s\"'/>]|\Z)",
    re.IGNORECASE,
)
_BARE_HEX = re.compile(r"[0-9a-f]{6}\Z", re.IGNORECASE)
_RULES_OF_HINTS = {"bgcolor": "body{{background-color:{}}}", "text": "body{{color:{}}}", "link": "a{{color:{}}}"}
_MAX_TAG_CHARS = 4000
_OF_OTHER_MEDIA = re.compile(r"\bmedia\s*=\s*[\"']?\s*(?:print|speech|tty)\b", re.IGNORECASE)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's content, with elements in the place of <html> and <body>, and its style sheets."""

    content: str
    sheets: str


def taken_apart(html: str) -> Document:
    """The content with <div> for <html> and <body>, and the text of the sheets. Comments go; the time is linear."""
    pieces: list[str] = []
    sheets: list[str] = []
    names = {"html", "body"}
    end = 0
    while found := _OPENING.search(html, end):
        pieces.append(html[end : found.start()])
        name = (found[1] or "").lower()
        if name == "style":
            end = _end_of_sheet(html, found.end(), sheets)
        elif name in names:
            names.remove(name)
            end = found.end()
            if name == "body":
                sheets.insert(0, _hints(html, end))
            pieces.append(_root(html, end) if name == "body" else "<div")
        elif name:
            pieces.append(found[0])
            end = found.end()
        else:
            close = html.find("-->", found.end() - 2)
            end = close + 3 if close >= 0 else len(html)
    return Document(content="".join([*pieces, html[end:]]), sheets="\n".join(sheets))


def rooted(clean: str) -> str:
    """Cleaned HTML, below an element in the place of a body if it has none; a body's margins become padding."""
    if _ROOT not in clean:
        return f'{_ROOT}">{clean}</div>'
    return _STYLE_OF_ROOT.sub(lambda tag: f'{tag[1]}{padded(tag[2])}"', clean, count=1)


def _root(html: str, end: int) -> str:
    """The front of the tag in the body's place, the body's classes added: of two such attributes the first counts."""
    classes = _CLASSES.match(html, end)
    return f'{_ROOT} {" ".join(classes[1].split())}"' if classes and classes[1].strip() else f'{_ROOT}"'


def _hints(html: str, start: int) -> str:
    """The rules that the colours and margins in the attributes of <body> stand for (HTML standard section 15.3.2)."""
    rules = []
    for name, value in _HINT.findall(html[start : html.find(">", start, start + _MAX_TAG_CHARS)]):
        colour = f"#{value}" if _BARE_HEX.match(value) else value
        rules.append(_RULES_OF_HINTS.get(name.lower(), "body{{margin:{}px}}").format(colour))
    return "\n".join(rules)


def _end_of_sheet(html: str, start: int, sheets: list[str]) -> int:
    """Where the element that begins before `start` ends; its text is added to `sheets`."""
    opening = _REST_OF_TAG.match(html, start)
    closing = _END_OF_SHEET.search(html, opening.end() if opening else start)
    if opening is None or closing is None:
        return len(html)
    if not _OF_OTHER_MEDIA.search(opening[0]):
        sheets.append(html[opening.end() : closing.start()])
    return html.find(">", closing.end() - 1) + 1 or len(html)
