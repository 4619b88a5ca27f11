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

from app.core.messages.html.fluid import PICTURE_BELOW, WIDE
from app.core.messages.html.media import media_query
from app.core.messages.html.selectors import is_root, scoped

PROPERTIES = frozenset(
    """-webkit-text-size-adjust align-content align-items align-self aspect-ratio background-color background-image
    background-position background-repeat background-size border border-block border-bottom border-bottom-color
    border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width border-collapse
    border-color border-inline border-inline-end border-inline-start border-left border-left-color
    border-left-style border-left-width border-radius border-right border-right-color border-right-style
    border-right-width border-spacing border-style border-top border-top-color border-top-left-radius
    border-top-right-radius border-top-style border-top-width border-width box-shadow box-sizing caption-side
    clear color color-scheme column-count column-gap columns direction display empty-cells flex flex-basis
    flex-direction flex-flow flex-grow flex-shrink flex-wrap float font font-family font-size font-stretch
    font-style font-variant font-variant-caps font-variant-numeric font-weight gap grid-column grid-gap grid-row
    grid-template-columns grid-template-rows height hyphens justify-content justify-items justify-self
    letter-spacing line-break line-height list-style list-style-position list-style-type margin margin-block
    margin-bottom margin-inline margin-inline-end margin-inline-start margin-left margin-right margin-top
    max-height max-width min-height min-width object-fit object-position opacity order outline outline-color
    outline-style outline-width overflow overflow-wrap overflow-x overflow-y padding padding-block
    padding-bottom padding-inline padding-inline-end padding-inline-start padding-left padding-right padding-top
    row-gap tab-size table-layout text-align text-align-last text-decoration text-decoration-color
    text-decoration-line text-decoration-style text-decoration-thickness text-indent text-overflow text-shadow
    text-size-adjust text-transform text-underline-offset unicode-bidi vertical-align visibility white-space
    width word-break word-spacing word-wrap writing-mode""".split()
)
_COLOURING = frozenset({"background-color", "background-image", "color"})
_COLOURS = frozenset("rgb rgba hsl hsla hwb lab lch oklab oklch light-dark".split())
_FUNCTIONS = _COLOURS | frozenset(
    "calc min max clamp conic-gradient linear-gradient radial-gradient repeating-linear-gradient".split()
)
# Negative lengths draw over the surroundings or far outside; calc() may be negative. Little of it is typography.
_LEAST = {"letter-spacing": -3.0, "margin": -8.0, "text-indent": -100.0, "word-spacing": -3.0}
"""Pixels."""
_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "em": 20.0, "rem": 16.0, "ex": 10.0}
_WORD = re.compile(r"-?[^\W\d_][\w-]{0,40}\Z")
_NUMBER = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\Z")
_UNIT = re.compile(r"(?:px|pt|pc|em|ex|ch|rem|in|cm|mm|vw|vh|vmin|vmax|deg|turn|fr)\Z", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\Z", re.IGNORECASE)
_FAMILY = re.compile(r"[\w .,&+-]{1,60}\Z")
DARK_SCHEME = "(prefers-color-scheme:dark)"
"""What a query for it is written as; stands nowhere else in rules that were cleaned."""
_NARROW = "(max-width:639.5px)"
_YIELDING = "width:auto;min-width:0"
"""What is wider than `WIDE` gives way by this in narrow frames; the half pixel tells the rule from a mail's own."""
_WIDE = re.compile(r"(?:^|;)(?:min-)?width:(\d{1,4})(?:\.\d+)?px")
_MARGIN = re.compile(r"(?:^|(?<=;))margin(-(?:top|right|bottom|left))?:([^;]*)(;|\Z)")
_MAX_DEPTH = 4
_MAX_CONDITIONS = 2
_MAX_RULES = 4000
MAX_SHEET_CHARS = 128 * 1024
"""Of all sheets of a mail together; more is not read. The parser takes about 3 µs a character."""
MAX_ATTRIBUTE_CHARS = 128 * 1024
"""Of all different style attributes of a mail together."""

# The parser makes an int of any number, which Python refuses from 4,301 digits on; none of this many is kept anyway.
_MOST_DIGITS = 1000
_ENDLESS_NUMBER = re.compile(rf"[0-9]{{{_MOST_DIGITS},}}")

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
        nodes = tinycss2.parse_blocks_contents(_parsable(style), skip_comments=True, skip_whitespace=True)
        clean = self._declarations(nodes)
        if "background-" not in clean and any(map(_is_picture_below, nodes)):
            clean += f"{';' * bool(clean)}{PICTURE_BELOW}"
        return self._known.setdefault(style, clean or None)

    def sheet(self, css: str) -> str:
        """The harmless rules of a style sheet, for what is inside the mail's own element."""
        nodes = tinycss2.parse_stylesheet(_parsable(css[:MAX_SHEET_CHARS]), skip_comments=True, skip_whitespace=True)
        return "\n".join(self._rules(nodes, depth=0))

    def _rules(self, nodes: Iterable[_Node], *, depth: int) -> list[str]:
        rules = []
        for node in nodes:
            if node.type == "qualified-rule":
                rules.append(self._rule(node, is_conditional=depth > 0))
            elif node.type == "at-rule" and node.lower_at_keyword == "media" and depth < _MAX_CONDITIONS:
                rules.append(self._media(node, depth))
        return [rule for rule in rules if rule][:_MAX_RULES]

    def _rule(self, node: _Node, *, is_conditional: bool) -> str:
        selector = scoped(node.prelude)
        if not selector:
            return ""
        body = self._declarations(tinycss2.parse_blocks_contents(node.content, skip_whitespace=True))
        if is_root(selector):
            body = padded(body)
        rule = f"{selector}{{{body}}}" if body else ""
        is_wide = any(int(width) > WIDE for width in _WIDE.findall(body)) and not is_conditional
        return rule + f"@media {_NARROW}{{{selector}{{{_YIELDING}}}}}" * is_wide

    def _media(self, node: _Node, depth: int) -> str:
        query = media_query(node.prelude)
        if not query or not node.content:
            return ""
        inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
        rules = "".join(self._rules(inner, depth=depth + 1))
        if query == _NARROW and rules.endswith(f"{{{_YIELDING}}}"):
            return ""  # of ours; it is written anew
        return f"@media {query}{{{rules}}}" if rules else ""

    def _declarations(self, nodes: Iterable[_Node]) -> str:
        kept = []
        for node in nodes:
            if node.type != "declaration":
                continue
            name, value = _declaration(node.lower_name, node.value)
            if value:
                self.has_colours = self.has_colours or name in _COLOURING
                # Our own rules keep the warnings at links from being cut off.
                is_important = node.important and not name.startswith("overflow")
                kept.append(f"{name}:{value}{'!important' if is_important else ''}")
        return ";".join(kept)


def padded(body: str) -> str:
    """Declarations for a body made fit for the element in its place, whose background has to reach the frame's edge."""
    has_padding = re.search(r"(?:^|;)padding", body) is not None

    def moved(margin: re.Match[str]) -> str:
        kept = [margin[0].removesuffix(";")] if "auto" in margin[2] else []
        padding = [] if has_padding else [f"padding{margin[1] or ''}:{margin[2].replace('auto', '0')}"]
        return ";".join([*kept, *padding]) + ";"

    return re.sub(r";{2,}", ";", _MARGIN.sub(moved, body)).strip(";")


def _parsable(css: str) -> str:
    return _ENDLESS_NUMBER.sub(lambda digits: digits[0][:_MOST_DIGITS], css)


def _declaration(name: str, tokens: Sequence[_Node]) -> tuple[str, str]:
    """The property and its value, empty if anything in it is not known to be harmless."""
    if name == "background":
        return _background(tokens)
    if name not in PROPERTIES:
        return name, ""
    least = _LEAST.get("margin" if name.startswith("margin") else name)
    return name, _value(tokens, least=least)


def _background(tokens: Sequence[_Node]) -> tuple[str, str]:
    """Of the shorthand a gradient alone, or the colour: pictures do not load, what they lie on stays."""
    values = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if len(values) == 1 and values[0].type == "function" and values[0].lower_name.endswith("gradient"):
        return "background-image", _value(values, least=None)
    for token in values:
        is_colour = token.type == "hash" or (token.type == "function" and token.lower_name in _COLOURS)
        is_name = token.type == "ident" and parse_color(token) is not None
        if is_colour or is_name:
            return "background-color", _value([token], least=None)
    return "background-color", "transparent" if [v.value for v in values if v.type == "ident"] == ["none"] else ""


def _is_picture_below(node: _Node) -> bool:
    """Whether it is a background whose picture does not load."""
    if node.type != "declaration" or node.lower_name not in {"background", "background-image"}:
        return False
    return any(token.type == "url" or getattr(token, "lower_name", "") == "url" for token in node.value)


def _value(tokens: Sequence[_Node], *, least: float | None, depth: int = 0) -> str:
    parts = [_token(token, least=least, depth=depth) for token in tokens]
    return "" if None in parts else re.sub(r" ?, ?", ",", re.sub(r" +", " ", "".join(filter(None, parts)))).strip()


def _token(token: _Node, *, least: float | None, depth: int) -> str | None:
    """As it is written anew, or None if it is not known to be harmless."""
    kind = token.type
    if kind in {"whitespace", "comment"}:
        return " "
    if kind == "ident":
        return token.value if _WORD.match(token.value) else None
    if kind in {"number", "percentage", "dimension"}:
        return _number(token, least=None if depth else least)
    if kind == "hash":
        return f"#{token.value}" if _HEX.match(token.value) else None
    if kind == "string":
        return f"'{token.value}'" if _FAMILY.match(token.value) else None
    if kind == "literal":
        return token.value if token.value in {",", "/"} or (depth and token.value in {"+", "-", "*"}) else None
    if kind == "function" and token.lower_name in (_FUNCTIONS if least is None else _COLOURS) and depth < _MAX_DEPTH:
        inside = _value(token.arguments, least=least, depth=depth + 1)
        return f"{token.lower_name}({inside})" if inside else None
    return None


def _number(token: _Node, *, least: float | None) -> str | None:
    written = token.representation
    if not _NUMBER.match(written):
        return None
    if least is not None and token.value < 0:
        unit = token.lower_unit if token.type == "dimension" else ""
        if unit not in _PIXELS or token.value * _PIXELS[unit] < least:
            return None
    if token.type == "percentage":
        return f"{written}%"
    if token.type == "dimension":
        return written + token.unit if _UNIT.match(token.unit) else None
    return str(written)
