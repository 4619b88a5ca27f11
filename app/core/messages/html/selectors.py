"""Selectors of hostile mail: the simple ones, written anew so that they hold inside the mail's own element alone."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tinycss2 import serialize_identifier

SCOPE = "mail"
"""The class of the element of ours that a mail is shown in."""
ROOT = "mail-body"
"""The class of the element of the mail that stands for its <body>."""

_NAME = re.compile(r"[\w:/.%!@-]{1,100}\Z")
_ATTRIBUTES = frozenset({"class", "id", "dir", "lang", "align", "href", "width", "title"})
_VALUE = re.compile(r"[\w :/.;#%-]{0,100}\Z")
_STATES = frozenset(
    "link visited hover active focus root empty first-child last-child only-child first-of-type last-of-type".split()
)
_COUNTING = frozenset({"nth-child", "nth-of-type", "nth-last-child"})
_COUNT = re.compile(r"(?:odd|even|[+-]?\d{0,4}n?(?: ?[+-] ?\d{1,4})?)\Z", re.IGNORECASE)
_ROOTS = frozenset({"html", "body", ":root", f".{SCOPE}", f".{ROOT}"})
_ON_ROOT = re.compile(rf"(?:html|body|\.{ROOT})(?=[.#:\[])")
_COMPARISONS = frozenset({"=", "~=", "|=", "^=", "$=", "*="})
_PICTURES = ":is(img,.mail-picture)"
"""Rules for pictures hold for what stands in the place of those that are not shown."""
_COMBINATORS = frozenset({">", "+", "~"})
_MAX_SELECTORS = 200
_MAX_STEPS = 10

_Node = Any  # tinycss2 has no types


def is_root(selector: str) -> bool:
    """Whether selectors that were written here are of the element in the body's place and nothing else."""
    return all(part == f".{ROOT}" for part in selector.split(","))


def scoped(prelude: Sequence[_Node]) -> str:
    """The selectors of a rule that are kept, each below `.mail` or on `.mail-body`; empty if none is."""
    written = [_complex(tokens) for tokens in _split(prelude)[:_MAX_SELECTORS]]
    return ",".join(filter(None, written))


def _split(tokens: Sequence[_Node]) -> list[list[_Node]]:
    parts: list[list[_Node]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts


def _complex(tokens: Sequence[_Node]) -> str:
    """One selector without its commas: compounds and what stands between them."""
    steps = _steps(tokens)
    if not steps or len(steps) > _MAX_STEPS:
        return ""
    while len(steps) > 1 and steps[0][1] in _ROOTS and (steps[1][1] in _ROOTS or steps[0][1] == f".{SCOPE}"):
        steps = steps[1:]
    first, rest = _ON_ROOT.sub(f".{ROOT}", steps[0][1]), steps[1:]
    if first in _ROOTS or _ON_ROOT.match(first):
        if rest and rest[0][0] in {"+", "~"}:
            return ""  # what stands beside the mail is not the mail's
        front = f".{ROOT}" if first in _ROOTS else first
    else:
        front = f".{SCOPE} {first}"
    return front + "".join(combinator + compound for combinator, compound in rest)


def _steps(tokens: Sequence[_Node]) -> list[tuple[str, str]]:
    """(combinator before it, compound) pairs; empty if there is anything that is not kept."""
    steps = [("", "")]
    left = iter(tokens)
    for token in left:
        combinator, compound = steps[-1]
        if token.type == "whitespace":
            if compound:
                steps.append((" ", ""))
        elif token.type == "literal" and token.value in _COMBINATORS:
            if compound:
                steps.append((token.value, ""))
            elif combinator == " ":
                steps[-1] = (token.value, "")
            else:
                return []
        else:
            part = _simple(token, left, is_first=not compound)
            if not part:
                return []
            steps[-1] = (combinator, compound + part)
    if steps[-1] == (" ", ""):
        steps.pop()
    return steps if steps and steps[-1][1] else []


def _simple(token: _Node, following: Iterator[_Node], *, is_first: bool) -> str:
    """A type, class, id, attribute or state; empty if it is not kept."""
    if token.type == "ident":
        name = str(token.lower_value) if is_first and token.value.isalnum() and token.value.isascii() else ""
        return _PICTURES if name == "img" else name
    if token.type == "hash" and token.is_identifier:
        return f"#{serialize_identifier(token.value)}" if _NAME.match(token.value) else ""
    if token.type == "[] block":
        return _attribute(token.content)
    if token.type != "literal":
        return ""
    if token.value == "*":
        return "*" if is_first else ""
    after = next(following, None)
    if token.value == "." and after is not None and after.type == "ident":
        return f".{serialize_identifier(after.value)}" if _NAME.match(after.value) else ""
    return _state(after) if token.value == ":" and after is not None else ""


def _state(token: _Node) -> str:
    if token.type == "ident":
        return f":{token.lower_value}" if token.lower_value in _STATES else ""
    if token.type == "function" and token.lower_name in _COUNTING:
        count = "".join(part.serialize() for part in token.arguments).strip()
        return f":{token.lower_name}({count.lower()})" if count and _COUNT.match(count) else ""
    if token.type == "function" and token.lower_name == "not":
        return _negation(token.arguments)
    if token.type == "function" and f":{token.serialize()}" == _PICTURES:
        return _PICTURES
    return ""


def _negation(tokens: Sequence[_Node]) -> str:
    """:not() of one compound."""
    steps = _steps([token for token in tokens if token.type != "comment"])
    return f":not({steps[0][1]})" if len(steps) == 1 and ":not(" not in steps[0][1] else ""


def _attribute(tokens: Sequence[_Node]) -> str:
    """[name], [name=value] and [name~=value] and its like."""
    inner = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if not inner or inner[0].type != "ident" or inner[0].lower_value not in _ATTRIBUTES:
        return ""
    name = inner[0].lower_value
    if len(inner) == 1:
        return f"[{name}]"
    if len(inner) != len(("name", "=", "value")) or inner[2].type not in {"ident", "string"}:
        return ""
    is_known = inner[1].type == "literal" and inner[1].value in _COMPARISONS
    return f'[{name}{inner[1].value}"{inner[2].value}"]' if is_known and _VALUE.match(inner[2].value) else ""
