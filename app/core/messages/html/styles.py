"""Styles of hostile mail, parsed and written anew from what is known to be harmless.

A declaration is kept if its property and every token of its value are on the lists; a rule if its selector is; both
styles in attributes and whole sheets. What comes out loads nothing, leaves the flow of the mail nowhere, and holds for
what is inside the mail's own element alone.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import tinycss2
from tinycss2.color4 import parse_color

from app.core.messages.html.selectors import scoped

PROPERTIES = frozenset(
    """align-items background-color background-image background-position background-repeat background-size border
    border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style
    border-bottom-width border-collapse border-color border-left border-left-color border-left-style border-left-width
    border-radius border-right border-right-color border-right-style border-right-width border-spacing border-style
    border-top border-top-color border-top-left-radius border-top-right-radius border-top-style border-top-width
    border-width box-shadow box-sizing caption-side clear color color-scheme column-gap direction display empty-cells
    flex flex-direction flex-wrap float font font-family font-size font-style font-variant font-weight gap height
    hyphens justify-content letter-spacing line-height list-style list-style-position list-style-type margin
    margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width opacity overflow
    overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right padding-top table-layout
    text-align text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent
    text-overflow text-shadow text-transform unicode-bidi vertical-align visibility white-space width word-break
    word-spacing word-wrap""".split()
)
_COLOURING = frozenset({"background-color", "background-image", "color"})
_COLOURS = frozenset({"rgb", "rgba", "hsl", "hsla"})
_FUNCTIONS = _COLOURS | frozenset(
    "calc min max clamp linear-gradient radial-gradient repeating-linear-gradient".split()
)
# Negative lengths draw over the surroundings or far outside; calc() may be negative.
_NEVER_NEGATIVE = frozenset({"text-indent", "letter-spacing", "word-spacing"})
_WORD = re.compile(r"-?[a-z][a-z0-9-]{0,40}\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\Z")
_UNIT = re.compile(r"(?:px|pt|pc|em|ex|ch|rem|in|cm|mm|vw|vh|vmin|vmax|deg|turn|fr)\Z", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\Z", re.IGNORECASE)
_FAMILY = re.compile(r"[\w .,&+-]{1,60}\Z")
_FEATURES = frozenset(
    """max-width min-width max-device-width min-device-width max-height min-height prefers-color-scheme
    orientation""".split()
)
_MEDIA_WORDS = frozenset({"all", "screen", "print", "and", "only"})
_MAX_DEPTH = 4
_MAX_RULES = 4000
MAX_SHEET_CHARS = 256 * 1024
"""Of all sheets of a mail together; more is not read. The parser takes about 3 µs a character."""
MAX_ATTRIBUTE_CHARS = 512 * 1024
"""Of all different style attributes of a mail together."""

_Node = Any  # tinycss2 has no types


class StyleCleaner:
    """Cleans the styles of one mail: `has_colours` once a declaration that is kept sets some."""

    def __init__(self) -> None:
        self.has_colours = False
        self._known: dict[str, str | None] = {}
        self._left = MAX_ATTRIBUTE_CHARS

    def attribute(self, style: str) -> str | None:
        """The harmless declarations of a style attribute, or None."""
        if style in self._known:
            return self._known[style]
        self._left -= len(style)
        if self._left < 0:
            return None
        clean = self._declarations(tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True))
        return self._known.setdefault(style, clean or None)

    def sheet(self, css: str) -> str:
        """The harmless rules of a style sheet, for what is inside the mail's own element."""
        nodes = tinycss2.parse_stylesheet(css[:MAX_SHEET_CHARS], skip_comments=True, skip_whitespace=True)
        return "\n".join(self._rules(nodes, in_media=False))

    def _rules(self, nodes: Iterable[_Node], *, in_media: bool) -> list[str]:
        rules = []
        for node in nodes:
            if node.type == "qualified-rule":
                rules.append(self._rule(node))
            elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content and not in_media:
                rules.append(self._media(node))
        return [rule for rule in rules if rule][:_MAX_RULES]

    def _rule(self, node: _Node) -> str:
        selector = scoped(node.prelude)
        if not selector:
            return ""
        body = self._declarations(tinycss2.parse_blocks_contents(node.content, skip_whitespace=True))
        return f"{selector}{{{body}}}" if body else ""

    def _media(self, node: _Node) -> str:
        query = _media_query(node.prelude)
        if not query:
            return ""
        inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
        rules = self._rules(inner, in_media=True)
        return f"@media {query}{{{''.join(rules)}}}" if rules else ""

    def _declarations(self, nodes: Iterable[_Node]) -> str:
        kept = []
        for node in nodes:
            if node.type != "declaration":
                continue
            name, value = _declaration(node.lower_name, node.value)
            if value:
                self.has_colours = self.has_colours or name in _COLOURING
                kept.append(f"{name}:{value}{'!important' if node.important else ''}")
        return ";".join(kept)


def has_dark_scheme(css: str) -> bool:
    """Whether a sheet that was cleaned brings colours of its own for dark."""
    return "prefers-color-scheme:dark" in css


def _declaration(name: str, tokens: Sequence[_Node]) -> tuple[str, str]:
    """The property and its value, empty if anything in it is not known to be harmless."""
    if name == "background":
        return _background(tokens)
    if name not in PROPERTIES:
        return name, ""
    is_signed = name not in _NEVER_NEGATIVE and not name.startswith("margin")
    return name, _value(tokens, is_signed=is_signed)


def _background(tokens: Sequence[_Node]) -> tuple[str, str]:
    """Of the shorthand a gradient alone, or the colour: pictures do not load, what they lie on stays."""
    values = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if len(values) == 1 and values[0].type == "function" and values[0].lower_name.endswith("gradient"):
        return "background-image", _value(values, is_signed=True)
    for token in values:
        is_colour = token.type == "hash" or (token.type == "function" and token.lower_name in _COLOURS)
        is_name = token.type == "ident" and parse_color(token) is not None
        if is_colour or is_name:
            return "background-color", _value([token], is_signed=True)
    return "background-color", "transparent" if [v.value for v in values if v.type == "ident"] == ["none"] else ""


def _value(tokens: Sequence[_Node], *, is_signed: bool, depth: int = 0) -> str:
    parts = [_token(token, is_signed=is_signed, depth=depth) for token in tokens]
    return "" if None in parts else re.sub(r" ?, ?", ",", re.sub(r" +", " ", "".join(filter(None, parts)))).strip()


def _token(token: _Node, *, is_signed: bool, depth: int) -> str | None:
    """As it is written anew, or None if it is not known to be harmless."""
    kind = token.type
    if kind in {"whitespace", "comment"}:
        return " "
    if kind == "ident":
        return token.value if _WORD.match(token.value) else None
    if kind in {"number", "percentage", "dimension"}:
        return _number(token, is_signed=is_signed or depth > 0)
    if kind == "hash":
        return f"#{token.value}" if _HEX.match(token.value) else None
    if kind == "string":
        return f"'{token.value}'" if _FAMILY.match(token.value) else None
    if kind == "literal":
        return token.value if token.value in {",", "/"} or (depth and token.value in {"+", "-", "*"}) else None
    if kind == "function" and token.lower_name in (_FUNCTIONS if is_signed else _COLOURS) and depth < _MAX_DEPTH:
        inside = _value(token.arguments, is_signed=is_signed, depth=depth + 1)
        return f"{token.lower_name}({inside})" if inside else None
    return None


def _number(token: _Node, *, is_signed: bool) -> str | None:
    written = token.representation
    if not _NUMBER.match(written) or (written.startswith("-") and not is_signed):
        return None
    if token.type == "percentage":
        return f"{written}%"
    if token.type == "dimension":
        return written + token.unit if _UNIT.match(token.unit) else None
    return str(written)


def _media_query(tokens: Sequence[_Node]) -> str:
    """The query if it asks for sizes and schemes alone: what the reader's own style may depend on."""
    parts = []
    for token in tokens:
        if token.type in {"whitespace", "comment"}:
            parts.append(" ")
        elif token.type == "ident" and token.lower_value in _MEDIA_WORDS:
            parts.append(token.lower_value)
        elif token.type == "literal" and token.value == ",":
            parts.append(",")
        elif token.type == "() block" and (feature := _feature(token.content)):
            parts.append(feature)
        else:
            return ""
    return re.sub(r" +", " ", "".join(parts)).strip()


def _feature(tokens: Sequence[_Node]) -> str:
    inner = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if [token.type for token in inner[:2]] != ["ident", "literal"] or len(inner) != len(("name", ":", "value")):
        return ""
    name, colon, value = inner
    if name.lower_value not in _FEATURES or colon.value != ":":
        return ""
    written = _token(value, is_signed=False, depth=0)
    return f"({name.lower_value}:{written.lower()})" if written and value.type in {"ident", "dimension"} else ""
