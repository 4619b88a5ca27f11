"""One part of a message without parts of its own: its type, name and encoding, read as leniently as written."""

import quopri
import re
from email.message import Message
from typing import Any

import msgspec

from app.core.messages import headers
from app.core.messages.charsets import decode
from app.core.messages.cut import Cut, split_payload
from app.core.messages.model import Layout
from app.core.messages.transfer import UUENCODED, decode_base64, decode_uu_lines

_MAX_NAME_CHARS = 200
_UNFIT_FOR_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TOKEN = re.compile(r"[a-z0-9-]*")
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
    """Counts the leaves of the whole tree from 0, those of enclosed messages too."""
    content_type: str
    charset: str | None
    transfer_encoding: str
    filename: str
    content_id: str
    content_location: str = ""
    """The address that HTML beside it may call it by (RFC 2557)."""
    is_attachment: bool
    """Said to be one by its Content-Disposition."""
    is_named: bool
    """Its sender gave it a file name."""
    is_nested: bool
    """Inside an enclosed message."""
    is_flowed: bool = False
    """Its lines are to be joined into paragraphs (format=flowed, RFC 3676)."""
    has_delsp: bool = False
    """The space before such a joint goes (DelSp=yes)."""
    pieces: tuple[bytes | Cut, ...]


def leaf_of(part: Message, payload: bytes, ordinal: int, layout: Layout, *, is_nested: bool) -> Leaf:
    """The leaf that a part with this payload is; never raises."""
    content_type = part.get_content_type()
    if content_type.startswith("multipart/"):
        content_type = "text/plain"  # its boundary is missing, or never comes
    elif not _TYPE.match(content_type):
        content_type = "application/octet-stream"
    name = filename(part)
    disposition = token(headers.text(part.get("Content-Disposition", "")))
    is_flowed = content_type == "text/plain" and _is_flowed(part)
    return Leaf(
        ordinal=ordinal,
        content_type=content_type,
        charset=parameter(part, "charset"),
        transfer_encoding=transfer_encoding(part),
        filename=name or f"part-{ordinal + 1}{_EXTENSIONS.get(content_type, '.bin')}",
        content_id=headers.text(part.get("Content-ID", "")).strip("<> ")[:_MAX_NAME_CHARS],
        content_location="".join(headers.text(part.get("Content-Location", "")).split())[: _MAX_NAME_CHARS * 10],
        is_attachment=disposition == "attachment",
        is_named=bool(name),
        is_nested=is_nested,
        is_flowed=is_flowed,
        has_delsp=is_flowed and _says(part, "delsp", "yes"),
        pieces=tuple(split_payload(payload, layout.marker, layout.cuts)) if payload else (),
    )


def plain_leaf(body: bytes, layout: Layout) -> Leaf:
    """The only leaf of a message that was not parsed: its body as plain text."""
    return Leaf(
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


def decoded(leaf: Leaf, *, limit: int) -> bytes | None:
    """The content of a leaf in the skeleton, its transfer encoding undone; None beyond `limit` bytes of it."""
    raw = b"".join(piece for piece in leaf.pieces if isinstance(piece, bytes))
    if len(raw) > limit or any(isinstance(piece, Cut) for piece in leaf.pieces):
        return None
    if leaf.transfer_encoding == "base64":
        return decode_base64(raw)
    if leaf.transfer_encoding == "quoted-printable":
        return quopri.decodestring(raw)
    return decode_uu_lines(raw) if leaf.transfer_encoding in UUENCODED else raw


def transfer_encoding(part: Message) -> str:
    """The Content-Transfer-Encoding in small letters; empty if there is none."""
    return token(headers.text(part.get("Content-Transfer-Encoding", "")))


def token(value: str) -> str:
    """The word at the value's front, without the quotes, comments and semicolons that senders add."""
    found = _TOKEN.match(value.lower().strip("\"' "))
    return found[0] if found else ""


def filename(part: Message) -> str:
    """The name the sender gave (RFC 2231 or RFC 2047), without folders, control or direction-changing characters."""
    name = parameter(part, "filename", "Content-Disposition") or parameter(part, "name") or ""
    if name.startswith('"'):  # its end is missing, or something stands behind it
        name = name[1:].partition('"')[0] or name
    return fit_name(headers.text(name))


def fit_type(content_type: str) -> str:
    """A media type as it was sent, if it is one at all."""
    content_type = content_type.strip().lower()
    return content_type if _TYPE.match(content_type) else "application/octet-stream"


def fit_name(name: str) -> str:
    """A text as a file name of at most 200 characters, its extension kept; empty if nothing of it is fit."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = _UNFIT_FOR_NAMES.sub("", name).strip(". ")
    if len(name) <= _MAX_NAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    return (stem or extension)[: _MAX_NAME_CHARS - 20] + (dot + extension)[:20] * bool(dot)


def parameter(part: Message, name: str, header: str = "Content-Type") -> str | None:
    """A parameter's value, RFC 2231's encoding undone: there the library gives (charset, language, octets as text).

    Where it is given both ways, the encoded one counts, as the other is for programs that do not know it (RFC 6266).
    """
    try:
        given: list[tuple[str, Any]] = part.get_params([], header=header)
        values = [value for key, value in given if key.lower() == name]
        value = next((one for one in values if isinstance(one, tuple)), values[0] if values else None)
        if not isinstance(value, tuple):
            return value
        return decode(value[2].encode("latin-1", "surrogateescape"), value[0])
    except (ValueError, TypeError, LookupError):
        return None


def _is_flowed(part: Message) -> bool:
    """Nearly no part is, and reading parameters takes its time."""
    return "flowed" in part.get("Content-Type", "").lower() and _says(part, "format", "flowed")


def _says(part: Message, name: str, word: str) -> bool:
    return (parameter(part, name) or "").strip().lower() == word
