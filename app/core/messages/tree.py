"""The MIME tree of a message: its parts as they lie in each other, and where each lies in the skeleton.

What of it is shown is `bodies`'.
"""

import re
from copy import copy
from email.message import Message

import msgspec

from app.core.messages.model import Layout
from app.core.messages.parts import Leaf, leaf_of, transfer_encoding

MAX_LEAVES = 1000
MAX_DEPTH = 32
"""Of parts in parts; the leaves of what lies deeper stand side by side."""
ENCLOSED = frozenset({"message/rfc822", "message/global", "message/news"})
"""Whole messages inside a message (RFC 2046 section 5.2.1, RFC 6532 section 3.7)."""
FIELDS = frozenset(
    "message/" + name
    for name in (
        "delivery-status",
        "disposition-notification",
        "feedback-report",
        "global-delivery-status",
        "global-disposition-notification",
        "tracking-status",
    )
)
"""Reports for programs, written as header fields that people can read (RFC 3464, RFC 8098, RFC 5965)."""

Span = tuple[int, int]

_NOT_ENCODED = frozenset({"", "7bit", "8bit", "binary"})
# A header ends where the parser says so: at an empty line, or before a line that can be none of its own.
_HEADER = re.compile(rb"(?:(?:From |[!-9;-~]*:|[\t ])[^\r\n]*(?:\r?\n|\Z))*+(?:\r?\n)?")


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part: a leaf, or one with parts inside. `kind` is its media type."""

    kind: str
    part: Message
    leaf: Leaf | None = None
    children: tuple["Node", ...] = ()
    span: Span | None = None
    """Where it lies in the skeleton, its header included; None where that is not sure."""

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """All leaves in and below it, in their order."""
        if self.leaf is not None:
            return (self.leaf,)
        return tuple(leaf for child in self.children for leaf in child.leaves)


def tree_of(message: Message, skeleton: bytes, layout: Layout) -> Node:
    """The tree, its first 1,000 leaves at most. Where its parts lie is found only if one of them is a message."""
    small_letters = skeleton.lower()
    may_enclose = b"message/" in small_letters or b"multipart/digest" in small_letters
    span = (0, len(skeleton)) if may_enclose else None
    return _Grower(skeleton, layout, 0).node(message, 0, span, is_nested=False)


def tree_inside(message: Message, first: int) -> Node:
    """The tree of a message that had to be decoded: its leaves count from `first` and lie nowhere in the skeleton."""
    return _Grower(b"", Layout("", (), ()), first).node(message, 0, None, is_nested=True)


class _Grower:
    """Counts the leaves while the tree grows."""

    def __init__(self, skeleton: bytes, layout: Layout, first: int) -> None:
        self._skeleton = skeleton
        self._layout = layout
        self._count = first
        self._end = first + MAX_LEAVES

    def node(self, part: Message, depth: int, span: Span | None, *, is_nested: bool) -> Node:
        kind, inner = part.get_content_type(), _inner(part)
        if inner is None:
            leaf = self._leaf(part, _raw(part), is_nested=is_nested)
            return Node(kind=leaf.content_type, part=part, leaf=leaf, span=span)
        inside = is_nested or kind in ENCLOSED
        if kind in FIELDS:
            children = self._fields(inner, depth, is_nested=inside)
        elif depth >= MAX_DEPTH:
            children = self._side_by_side(inner, is_nested=inside)
        else:
            spans = _spans_inside(self._skeleton, part, inner, span) if span else [None] * len(inner)
            children = [
                self.node(child, depth + 1, place, is_nested=inside)
                for child, place in zip(inner, spans, strict=True)
                if self._count < self._end
            ]
        return Node(kind=kind, part=part, children=tuple(children), span=span)

    def _fields(self, blocks: list[Message], depth: int, *, is_nested: bool) -> list[Node]:
        """Each block as the text that it was; the parser takes it for a header without a body."""
        nodes = []
        for block in blocks[: self._end - self._count]:
            if _inner(block) is not None:
                nodes.append(self.node(block, depth + 1, None, is_nested=is_nested))
                continue
            text = "".join(f"{name}: {value}\r\n" for name, value in block.raw_items())
            leaf = self._leaf(block, text.encode("utf-8", "surrogateescape") + _raw(block), is_nested=is_nested)
            nodes.append(Node(kind=leaf.content_type, part=block, leaf=leaf))
        return nodes

    def _side_by_side(self, parts: list[Message], *, is_nested: bool) -> list[Node]:
        nodes = []
        stack = [(part, is_nested) for part in reversed(parts)]
        while stack and self._count < self._end:
            part, inside = stack.pop()
            inner = _inner(part)
            if inner is not None:
                inside = inside or part.get_content_type() in ENCLOSED
                stack += [(child, inside) for child in reversed(inner)]
                continue
            leaf = self._leaf(part, _raw(part), is_nested=inside)
            nodes.append(Node(kind=leaf.content_type, part=part, leaf=leaf))
        return nodes

    def _leaf(self, part: Message, raw: bytes, *, is_nested: bool) -> Leaf:
        leaf = leaf_of(part, raw, self._count, self._layout, is_nested=is_nested)
        self._count += 1
        return leaf


def _inner(part: Message) -> list[Message] | None:
    """The parts inside, or None for a leaf."""
    if not part.is_multipart():
        return None
    payload: object = part.get_payload()
    if not isinstance(payload, list) or (len(payload) == 1 and _is_encoded(part, payload[0])):
        return None
    return payload


def _raw(part: Message) -> bytes:
    """The content as it was sent. Only when told to decode does the library leave 8-bit content as it is."""
    if part.is_multipart():
        inside: object = part.get_payload()
        return _raw(inside[0]) if isinstance(inside, list) and inside else b""
    if transfer_encoding(part) not in _NOT_ENCODED:
        part = copy(part)
        del part["Content-Transfer-Encoding"]
    content: object = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _is_encoded(part: Message, inner: Message) -> bool:
    """Whether it is a message/ part in base64, which RFC 2046 section 5.2.1 forbids and the parser does not undo."""
    return (
        part.get_content_maintype() == "message"
        and transfer_encoding(part) not in _NOT_ENCODED
        and not inner.keys()
        and isinstance(inner.get_payload(), str)
    )


def _spans_inside(skeleton: bytes, part: Message, inner: list[Message], span: Span) -> list[Span] | list[None]:
    """Where the parts inside lie; not told unless as many are found as the parser found."""
    start, end = span
    header = _HEADER.match(skeleton, start, end)
    body = header.end() if header else start
    is_multipart = part.get_content_maintype() == "multipart"
    found = _between_boundaries(skeleton, part.get_boundary(), (body, end)) if is_multipart else [(body, end)]
    return found if len(found) == len(inner) else [None] * len(inner)


def _between_boundaries(skeleton: bytes, boundary: str | None, span: Span) -> list[Span]:
    """The parts of a multipart body; the line end before a boundary belongs to it (RFC 2046 section 5.1.1)."""
    if not boundary or not boundary.isascii():
        return []
    # Begins with what can be searched for fast; that a line begins there is looked at below.
    line = re.compile(rb"--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?$\n?", re.MULTILINE)
    found: list[Span] = []
    begun: int | None = None
    for match in line.finditer(skeleton, *span):
        if match.start() > span[0] and not skeleton.endswith(b"\n", 0, match.start()):
            continue
        if begun is not None and match.start() > begun:
            found.append((begun, _without_line_end(skeleton, begun, match.start())))
        if match[1] and match.start() != begun:
            return found
        begun = match.end()
    return found if begun is None else [*found, (begun, span[1])]


def _without_line_end(skeleton: bytes, start: int, end: int) -> int:
    return max(start, end - (2 if skeleton.endswith(b"\r\n", start, end) else 1))
