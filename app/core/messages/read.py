"""Reads a message's skeleton: its header, the tree of its parts, what to show of them, and the messages enclosed.

Bad mail never raises: what cannot be parsed is one leaf of plain text, and the source is always there.
"""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

import msgspec

from app.core.messages import headers
from app.core.messages.bodies import body_of
from app.core.messages.labels import notes_of
from app.core.messages.model import Layout
from app.core.messages.notes import Note
from app.core.messages.parts import Leaf, decoded, filename, fit_name, plain_leaf
from app.core.messages.tree import ENCLOSED, MAX_LEAVES, Node, Span, tree_inside, tree_of

__all__ = ["MAX_LEAVES", "Enclosed", "Leaf", "Reading", "read"]

MAX_ENCLOSED = 100
MAX_ENCLOSED_DEPTH = 8
"""Messages in messages beyond either are no messages of their own: their leaves are attachments."""
MAX_DECODED_BYTES = 1024 * 1024
"""Of an enclosed message that was encoded, which RFC 2046 forbids: larger ones are attachments alone."""
FIRST_DECODED = 3_000_000
"""Leaves of such a message count from here on, a thousand for each; they are shown, and listed nowhere."""
_MAX_SUBJECT_CHARS = 80
"""Of an enclosed message's subject that make its file name."""
_MAX_PARAMETERS = 100
_MAX_PARAMETER_CHARS = 4096
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_BOUNDARY = re.compile(rb"[;\s]boundary\s*[*=]", re.IGNORECASE)
# The parser asks every open boundary at every line, and makes an object of several hundred bytes of every line.
_MAX_LINES = 300_000
_MAX_DASHED_LINES = 10_000
_MAX_BOUNDARY_CHECKS = 10_000_000
_DEEPEST = 300


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A message taken apart. `leaves` are those of the whole tree, the enclosed messages' too.

    `text` and `html` are the leaves to show, one below the other; either may be empty, and where a leaf is in one form
    only it stands in both. All leaves that are neither shown here nor in an enclosed message are attachments.
    """

    message: Message
    leaves: tuple[Leaf, ...]
    text: tuple[Leaf, ...]
    html: tuple[Leaf, ...]
    notes: tuple[Note, ...] = ()
    enclosed: tuple["Enclosed", ...] = ()
    """The messages directly in this one, in their order."""

    @property
    def is_html_first(self) -> bool:
        """Whether its text holds leaves that were written as HTML alone, and so loses their form."""
        return any(leaf.content_type == "text/html" for leaf in self.text)

    @property
    def attachments(self) -> tuple[Leaf, ...]:
        """Every leaf that is not shown as text, here or in an enclosed message; empty bodies are none."""
        shown = {leaf.ordinal for leaf in self.shown}
        return tuple(
            leaf
            for leaf in self.leaves
            if leaf.ordinal not in shown and (leaf.pieces or leaf.is_attachment or leaf.is_named)
        )

    @property
    def own_leaves(self) -> tuple[Leaf, ...]:
        """The leaves that lie in no message enclosed in this one."""
        inside = {leaf.ordinal for enclosed in self.enclosed for leaf in enclosed.reading.leaves}
        return tuple(leaf for leaf in self.leaves if leaf.ordinal not in inside)

    @property
    def shown(self) -> Iterator[Leaf]:
        """The leaves that are text to read, here and in the enclosed messages."""
        yield from self.text
        yield from self.html
        for enclosed in self.all_enclosed:
            yield from enclosed.reading.text
            yield from enclosed.reading.html

    @property
    def all_enclosed(self) -> Iterator["Enclosed"]:
        """The enclosed messages, and those enclosed in them, by their ordinals."""
        for enclosed in self.enclosed:
            yield enclosed
            yield from enclosed.reading.all_enclosed


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """A message inside a message; its leaves have the ordinals of the whole tree."""

    ordinal: int
    """Counts the enclosed messages of the whole tree from 0."""
    reading: Reading
    filename: str
    """That its part was given, or one made of its subject."""
    span: Span | None
    """Where it lies in the skeleton, byte for byte; None where that is not sure."""


class _AsSent(Compat32):
    """Gives fields as they were sent, 8-bit characters as surrogates; `compat32` replaces those by question marks.

    Parameters are read in quadratic time: of the Content- fields that have them only as much is given as is sane.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The value, still folded; of Content- fields unfolded, as the library does not unfold a quoted boundary."""
        if name[:8].lower() == "content-":
            value = _FOLD.sub("", value)
            return ";".join(value[:_MAX_PARAMETER_CHARS].split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS])
        return value


_POLICY = _AsSent()


def read(skeleton: bytes, layout: Layout) -> Reading:
    """Take the skeleton apart. The work is linear in its size, which the cutter bounds."""
    try:
        root = _unparsed(skeleton, layout) if _is_bomb(skeleton) else _parsed(skeleton, layout)
        return _Reader().reading(root, 0)
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError, TypeError):
        return _Reader().reading(_unparsed(skeleton, layout), 0)


def _is_bomb(skeleton: bytes) -> bool:
    """Whether parsing would cost far more than the length says."""
    lines = skeleton.count(b"\n")
    if lines > _MAX_LINES or skeleton.count(b"\n--") > _MAX_DASHED_LINES:
        return True
    # In a report every empty line begins another part (RFC 3464 section 2.1).
    if skeleton.count(b"\n\r\n") > _MAX_DASHED_LINES and b"delivery-status" in skeleton.lower():
        return True
    if lines * _DEEPEST <= _MAX_BOUNDARY_CHECKS:  # so for nearly all mail, whose boundaries need not be looked for
        return False
    return lines * min(len(_BOUNDARY.findall(skeleton)), _DEEPEST) > _MAX_BOUNDARY_CHECKS


def _parsed(skeleton: bytes, layout: Layout) -> Node:
    return tree_of(BytesParser(policy=_POLICY).parsebytes(skeleton), skeleton, layout)


class _Reader:
    """Counts the enclosed messages while they are found."""

    def __init__(self) -> None:
        self._count = 0

    def reading(self, root: Node, depth: int) -> Reading:
        body = body_of(root)
        return Reading(
            message=root.part,
            leaves=root.leaves,
            text=body.text,
            html=body.html,
            notes=notes_of(root),
            enclosed=tuple(self._enclosed(root, depth)),
        )

    def _enclosed(self, node: Node, depth: int) -> Iterator[Enclosed]:
        if node.kind not in ENCLOSED:
            for child in node.children:
                yield from self._enclosed(child, depth)
            return
        for child in node.children or self._decoded(node):
            if self._count >= MAX_ENCLOSED or depth >= MAX_ENCLOSED_DEPTH:
                return
            ordinal = self._count
            self._count += 1
            reading = self.reading(child, depth + 1)
            yield Enclosed(ordinal=ordinal, reading=reading, filename=_filename(node, child), span=child.span)

    def _decoded(self, node: Node) -> list[Node]:
        """The message in a leaf that was encoded; the leaf itself stays an attachment."""
        raw = decoded(node.leaf, limit=MAX_DECODED_BYTES) if node.leaf is not None else None
        if raw is None or _is_bomb(raw):
            return []
        message = BytesParser(policy=_POLICY).parsebytes(raw)
        return [tree_inside(message, FIRST_DECODED + MAX_LEAVES * self._count)] if message.keys() else []


def _filename(part: Node, inner: Node) -> str:
    subject = headers.text(inner.part.get("Subject", "")).replace("/", " ").replace("\\", " ")
    return filename(part.part) or f"{fit_name(subject[:_MAX_SUBJECT_CHARS]) or 'message'}.eml"


def _unparsed(skeleton: bytes, layout: Layout) -> Node:
    """The header as far as it can be read, and the whole body as one plain text."""
    head, _, body = skeleton.partition(b"\r\n\r\n")
    message: Message = Message(policy=_POLICY)
    for line in re.split(rb"\r\n(?![ \t])", head, maxsplit=headers.MAX_HEADERS)[: headers.MAX_HEADERS]:
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon and name.strip().isprintable() and name.strip():
            message[name.strip()] = value.strip()
    return Node(kind="text/plain", part=message, leaf=plain_leaf(body, layout))
