"""Media queries of hostile mail: those that ask for sizes and schemes alone, which nobody can learn from."""

import re
from collections.abc import Sequence
from typing import Any

_WORDS = frozenset({"all", "screen", "print", "and", "only"})
_FEATURES = frozenset(
    """max-width min-width max-device-width min-device-width max-height min-height prefers-color-scheme
    prefers-reduced-motion orientation""".split()
)
_VALUE = re.compile(r"(?:[a-z-]{1,20}|\d{1,5}(?:\.\d{1,4})?(?:px|em|rem|pt|cm|in)?)\Z")
_RANGES = {"<": "max", "<=": "max", ">": "min", ">=": "min"}
_RANGED = frozenset({"width", "height"})

_Node = Any  # tinycss2 has no types


def media_query(tokens: Sequence[_Node]) -> str:
    """The queries of a list that are kept; empty if none is."""
    written = [_query(part) for part in _split(tokens)]
    return ",".join(filter(None, written))


def _split(tokens: Sequence[_Node]) -> list[list[_Node]]:
    parts: list[list[_Node]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _query(tokens: Sequence[_Node]) -> str:
    parts = []
    for token in tokens:
        if token.type in {"whitespace", "comment"}:
            parts.append(" ")
        elif token.type == "ident" and token.lower_value in _WORDS:
            parts.append(token.lower_value)
        elif token.type == "() block" and (feature := _feature(token.content)):
            parts.append(feature)
        else:
            return ""
    return re.sub(r" +", " ", "".join(parts)).strip()


def _feature(tokens: Sequence[_Node]) -> str:
    """(name:value), also of what is written (width <= value)."""
    inner = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if len(inner) < len(("name", ":", "value")) or inner[0].type != "ident":
        return ""
    name, value = inner[0].lower_value, inner[-1]
    sign = "".join(token.value for token in inner[1:-1] if token.type == "literal")
    if len(sign) != len(inner) - 2 or value.type not in {"ident", "dimension", "number"}:
        return ""
    if name in _RANGED and sign in _RANGES:
        name, sign = f"{_RANGES[sign]}-{name}", ":"
    written = value.serialize().lower()
    return f"({name}:{written})" if name in _FEATURES and sign == ":" and _VALUE.match(written) else ""
