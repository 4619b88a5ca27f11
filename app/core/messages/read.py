"""Reads a message's skeleton: its header, the leaves of its MIME tree, and which of them are the text to show.

Bad mail never raises: what cannot be parsed is one leaf of plain text, and the source is always there.
"""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value

import msgspec

from app.core.messages import headers
from app.core.messages.cut import Cut, split_payload
from app.core.messages.model import Layout

MAX_LEAVES = 1000
_MAX_FILENAME_CHARS = 200
_PATH_OR_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/plain": ".txt",
}


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One part without parts of its own; its content is still in its transfer encoding."""

    ordinal: int
    content_type: str
    charset: str | None
    transfer_encoding: str
    filename: str
    content_id: str
    is_attachment: bool
    """Said to be one by its Content-Disposition or by carrying a file name."""
    is_nested: bool
    """Inside an attached message."""
    pieces: tuple[bytes | Cut, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A message taken apart. `text` and `html` are the leaves to show; all others are attachments."""

    message: Message
    leaves: tuple[Leaf, ...]
    text: Leaf | None
    html: Leaf | None

    @property
    def attachments(self) -> tuple[Leaf, ...]:
        """Every leaf that is not shown as the message's text; empty bodies are none."""
        shown = {leaf.ordinal for leaf in (self.text, self.html) if leaf is not None}
        return tuple(leaf for leaf in self.leaves if leaf.ordinal not in shown and (leaf.pieces or leaf.is_attachment))


def read(skeleton: bytes, layout: Layout) -> Reading:
    """Take the skeleton apart. The work is linear in its size, which the cutter bounds."""
    try:
        message = BytesParser(policy=compat32).parsebytes(skeleton)
        leaves = tuple(_leaves(message, layout))
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError, TypeError, IndexError):
        message, leaves = _unparsed(skeleton, layout)
    return Reading(
        message=message,
        leaves=leaves,
        text=_first(leaves, "text/plain"),
        html=_first(leaves, "text/html"),
    )


def _leaves(message: Message, layout: Layout) -> Iterator[Leaf]:
    ordinal = 0
    stack = [(message, False)]
    while stack and ordinal < MAX_LEAVES:
        part, is_nested = stack.pop()
        if part.is_multipart():
            inside = is_nested or part.get_content_type() == "message/rfc822"
            children: list[Message] = part.get_payload()  # type: ignore[assignment]
            stack += [(child, inside) for child in reversed(children)]
        else:
            yield _leaf(part, ordinal, layout, is_nested=is_nested)
            ordinal += 1


def _leaf(part: Message, ordinal: int, layout: Layout, *, is_nested: bool) -> Leaf:
    content_type = part.get_content_type()
    if not _TYPE.match(content_type):
        content_type = "application/octet-stream"
    filename = _filename(part)
    disposition = headers.text(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()
    payload = part.get_payload()
    raw = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
    return Leaf(
        ordinal=ordinal,
        content_type=content_type,
        charset=_charset(part),
        transfer_encoding=headers.text(part.get("Content-Transfer-Encoding", "")).lower(),
        filename=filename or f"part-{ordinal + 1}{_EXTENSIONS.get(content_type, '.bin')}",
        content_id=headers.text(part.get("Content-ID", "")).strip("<> ")[:_MAX_FILENAME_CHARS],
        is_attachment=disposition == "attachment" or bool(filename),
        is_nested=is_nested,
        pieces=tuple(split_payload(raw, layout.marker, layout.cuts)) if raw else (),
    )


def _filename(part: Message) -> str:
    """The name the sender gave (RFC 2231 or RFC 2047), without folders, control or direction-changing characters."""
    try:
        name = part.get_filename("") or ""
    except (ValueError, TypeError, LookupError, IndexError):
        name = ""
    name = headers.text(name).replace("\\", "/").rpartition("/")[2]
    name = _PATH_OR_CONTROL.sub("", name).strip(". ")
    if len(name) <= _MAX_FILENAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    return (stem or extension)[: _MAX_FILENAME_CHARS - 20] + (dot + extension)[:20] * bool(dot)


def _charset(part: Message) -> str | None:
    try:
        value = part.get_param("charset")
        return None if value is None else collapse_rfc2231_value(value)
    except (ValueError, TypeError, LookupError, IndexError):
        return None


def _first(leaves: tuple[Leaf, ...], content_type: str) -> Leaf | None:
    return next(
        (leaf for leaf in leaves if leaf.content_type == content_type and not (leaf.is_attachment or leaf.is_nested)),
        None,
    )


def _unparsed(skeleton: bytes, layout: Layout) -> tuple[Message, tuple[Leaf, ...]]:
    """The header as far as it can be read, and the whole body as one plain text."""
    head, _, body = skeleton.partition(b"\r\n\r\n")
    message: Message = Message(policy=compat32)
    for line in re.split(rb"\r\n(?![ \t])", head)[:MAX_LEAVES]:
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon and name.strip().isprintable() and name.strip():
            message[name.strip()] = value.strip()
    leaf = Leaf(
        ordinal=0,
        content_type="text/plain",
        charset=None,
        transfer_encoding="",
        filename="part-1.txt",
        content_id="",
        is_attachment=False,
        is_nested=False,
        pieces=tuple(split_payload(body, layout.marker, layout.cuts)) if body else (),
    )
    return message, (leaf,)
