"""Reads a message's skeleton: its header, the leaves of its MIME tree, and which of them are the text to show.

Bad mail never raises: what cannot be parsed is one leaf of plain text, and the source is always there.
"""

import re
from collections.abc import Iterator, Sequence
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

import msgspec

from app.core.messages import headers
from app.core.messages.charsets import decode
from app.core.messages.cut import Cut, split_payload
from app.core.messages.model import Layout

MAX_LEAVES = 1000
_MAX_FILENAME_CHARS = 200
_MAX_PARAMETERS = 100
_MAX_PARAMETER_CHARS = 4096
_UNFIT_FOR_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_BOUNDARY = re.compile(rb"[;\s]boundary\s*[*=]", re.IGNORECASE)
_NOT_ENCODED = frozenset({"", "7bit", "8bit", "binary"})
_TOKEN = re.compile(r"[a-z0-9-]*")
# The parser asks every open boundary at every line, and makes an object of several hundred bytes of every line.
_MAX_LINES = 300_000
_MAX_DASHED_LINES = 10_000
_MAX_BOUNDARY_CHECKS = 10_000_000
_DEEPEST = 300
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
    """Said to be one by its Content-Disposition."""
    is_named: bool
    """Its sender gave it a file name."""
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
        return tuple(
            leaf
            for leaf in self.leaves
            if leaf.ordinal not in shown and (leaf.pieces or leaf.is_attachment or leaf.is_named)
        )


class _AsSent(Compat32):
    """Gives fields as they were sent, 8-bit characters as surrogates; `compat32` replaces those by question marks.

    Parameters are read in quadratic time: of the Content- fields that have them only as much is given as is sane.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The value, still folded."""
        if name[:8].lower() == "content-":
            return ";".join(value[:_MAX_PARAMETER_CHARS].split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS])
        return value


_POLICY = _AsSent()


def read(skeleton: bytes, layout: Layout) -> Reading:
    """Take the skeleton apart. The work is linear in its size, which the cutter bounds."""
    try:
        message, leaves = _unparsed(skeleton, layout) if _is_bomb(skeleton) else _parsed(skeleton, layout)
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError, TypeError):
        message, leaves = _unparsed(skeleton, layout)
    shown = _bodies(leaves)
    return Reading(message=message, leaves=leaves, text=_first(shown, "text/plain"), html=_first(shown, "text/html"))


def _is_bomb(skeleton: bytes) -> bool:
    """Whether parsing would cost far more than the length says."""
    lines = skeleton.count(b"\n")
    if lines > _MAX_LINES or skeleton.count(b"\n--") > _MAX_DASHED_LINES:
        return True
    if lines * _DEEPEST <= _MAX_BOUNDARY_CHECKS:  # so for nearly all mail, whose boundaries need not be looked for
        return False
    return lines * min(len(_BOUNDARY.findall(skeleton)), _DEEPEST) > _MAX_BOUNDARY_CHECKS


def _parsed(skeleton: bytes, layout: Layout) -> tuple[Message, tuple[Leaf, ...]]:
    message = BytesParser(policy=_POLICY).parsebytes(skeleton)
    return message, tuple(_leaves(message, layout))


def _leaves(message: Message, layout: Layout) -> Iterator[Leaf]:
    ordinal = 0
    stack = [(message, False)]
    while stack and ordinal < MAX_LEAVES:
        part, is_nested = stack.pop()
        payload: object = part.get_payload()
        encoded = _encoded_message(part, payload[0]) if isinstance(payload, list) and len(payload) == 1 else None
        if isinstance(payload, list) and encoded is None:
            inside = is_nested or part.get_content_type() == "message/rfc822"
            stack += [(child, inside) for child in reversed(payload)]
        else:
            raw = payload if isinstance(payload, str) else encoded or ""
            yield _leaf(part, raw, ordinal, layout, is_nested=is_nested)
            ordinal += 1


def _encoded_message(part: Message, inner: Message) -> str | None:
    """The text of an attached message in base64, which RFC 2046 section 5.2.1 forbids and the parser does not undo."""
    if part.get_content_type() != "message/rfc822" or _transfer_encoding(part) in _NOT_ENCODED or inner.keys():
        return None
    text: object = inner.get_payload()
    return text if isinstance(text, str) else None


def _leaf(part: Message, payload: str, ordinal: int, layout: Layout, *, is_nested: bool) -> Leaf:
    content_type = part.get_content_type()
    if content_type.startswith("multipart/"):
        content_type = "text/plain"  # its boundary is missing, or never comes
    elif not _TYPE.match(content_type):
        content_type = "application/octet-stream"
    filename = _filename(part)
    disposition = _token(headers.text(part.get("Content-Disposition", "")))
    raw = payload.encode("utf-8", "surrogateescape")
    return Leaf(
        ordinal=ordinal,
        content_type=content_type,
        charset=_charset(part),
        transfer_encoding=_transfer_encoding(part),
        filename=filename or f"part-{ordinal + 1}{_EXTENSIONS.get(content_type, '.bin')}",
        content_id=headers.text(part.get("Content-ID", "")).strip("<> ")[:_MAX_FILENAME_CHARS],
        is_attachment=disposition == "attachment",
        is_named=bool(filename),
        is_nested=is_nested,
        pieces=tuple(split_payload(raw, layout.marker, layout.cuts)) if raw else (),
    )


def _transfer_encoding(part: Message) -> str:
    return _token(headers.text(part.get("Content-Transfer-Encoding", "")))


def _token(value: str) -> str:
    """The word at the value's front, without the quotes, comments and semicolons that senders add."""
    found = _TOKEN.match(value.lower().strip("\"' "))
    return found[0] if found else ""


def _filename(part: Message) -> str:
    """The name the sender gave (RFC 2231 or RFC 2047), without folders, control or direction-changing characters."""
    name = _parameter(part, "filename", "Content-Disposition") or _parameter(part, "name", "Content-Type") or ""
    name = headers.text(name).replace("\\", "/").rpartition("/")[2]
    name = _UNFIT_FOR_NAMES.sub("", name).strip(". ")
    if len(name) <= _MAX_FILENAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    return (stem or extension)[: _MAX_FILENAME_CHARS - 20] + (dot + extension)[:20] * bool(dot)


def _charset(part: Message) -> str | None:
    return _parameter(part, "charset", "Content-Type")


def _parameter(part: Message, name: str, header: str) -> str | None:
    """A parameter's value, RFC 2231's encoding undone: there the library gives (charset, language, octets as text)."""
    try:
        value = part.get_param(name, header=header)
        if not isinstance(value, tuple):
            return value
        return decode(value[2].encode("latin-1", "surrogateescape"), value[0])
    except (ValueError, TypeError, LookupError):
        return None


def _bodies(leaves: Sequence[Leaf]) -> list[Leaf]:
    """What may be shown as the message's text; parts with a file name only where nothing else can be."""
    texts = [
        leaf
        for leaf in leaves
        if leaf.content_type in {"text/plain", "text/html"} and not (leaf.is_attachment or leaf.is_nested)
    ]
    return [leaf for leaf in texts if not leaf.is_named] or texts[:1]


def _first(leaves: Sequence[Leaf], content_type: str) -> Leaf | None:
    return next((leaf for leaf in leaves if leaf.content_type == content_type), None)


def _unparsed(skeleton: bytes, layout: Layout) -> tuple[Message, tuple[Leaf, ...]]:
    """The header as far as it can be read, and the whole body as one plain text."""
    head, _, body = skeleton.partition(b"\r\n\r\n")
    message: Message = Message(policy=_POLICY)
    for line in re.split(rb"\r\n(?![ \t])", head, maxsplit=headers.MAX_HEADERS)[: headers.MAX_HEADERS]:
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
        is_named=False,
        is_nested=False,
        pieces=tuple(split_payload(body, layout.marker, layout.cuts)) if body else (),
    )
    return message, (leaf,)
