"""What a message brings along besides its words: files, enclosed messages, pictures of its HTML, signatures."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from urllib.parse import unquote

from app.core.messages import content, shown, winmail
from app.core.messages.downloads import span_in_original
from app.core.messages.model import FIRST_ENCLOSED, Attachment, Layout, Role
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Reading
from app.core.messages.tnef import Tnef

_SIGNATURES = frozenset(
    "application/" + name for name in ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "x-pgp-signature")
)
_CID = re.compile(r"cid:([^\"'\s<>()]{1,300})", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*(?:\"([^\"]+)\"|'([^']+)'|([^\s\"'>]+))", re.IGNORECASE)
_MAX_HTML_BYTES = 1024 * 1024


async def attachments(
    reading: Reading, cuts: StoredCuts, layout: Layout, unpacked: Mapping[int, Tnef]
) -> tuple[Attachment, ...]:
    """All that is listed of a message when it comes; after a winmail.dat the files inside. Raises CannotOpen,
    Unavailable.
    """
    pictures = await _pictures(reading, cuts)
    leaves: list[Attachment] = []
    for leaf in reading.attachments:
        leaves += [await _of_leaf(leaf, cuts, _role(leaf, pictures)), *winmail.attachments(leaf, unpacked)]
    return (*leaves, *_of_enclosed(reading, layout))


def counted(listed: tuple[Attachment, ...]) -> int:
    """How many of them are what people call attachments."""
    return sum(one.role == "file" for one in listed)


async def _of_leaf(leaf: Leaf, cuts: StoredCuts, role: Role) -> Attachment:
    size = content.size(leaf)
    if size is None:
        size = 0
        async for chunk in content.stream(leaf, cuts):
            size += len(chunk)
    cut = content.only_cut(leaf)
    return Attachment(
        ordinal=leaf.ordinal,
        filename=leaf.filename,
        content_type=leaf.content_type,
        size=size,
        content_id=leaf.content_id,
        cut=-1 if cut is None else cut.ordinal,
        role=role,
        location=leaf.content_location if role == "picture" else "",
    )


def _of_enclosed(reading: Reading, layout: Layout) -> Iterator[Attachment]:
    """Those directly in it whose source can be handed out."""
    for enclosed in reading.enclosed:
        if enclosed.span is not None:
            start, end = span_in_original(enclosed.span, layout)
            yield Attachment(FIRST_ENCLOSED + enclosed.ordinal, enclosed.filename, "message/rfc822", end - start)


def _role(leaf: Leaf, pictures: set[int]) -> Role:
    if leaf.content_type in _SIGNATURES:
        return "signature"
    return "picture" if leaf.ordinal in pictures else "file"


async def _pictures(reading: Reading, cuts: StoredCuts) -> set[int]:
    """The ordinals of the pictures that the HTML shows, its own and that of enclosed messages."""
    return {ordinal for one in _with_pictures(reading) for ordinal in await _shown_by(one, cuts)}


def _with_pictures(reading: Reading) -> list[Reading]:
    if not any(_may_be_shown(leaf) for leaf in reading.leaves):
        return []
    return [reading, *(enclosed.reading for enclosed in reading.all_enclosed)]


async def _shown_by(reading: Reading, cuts: StoredCuts) -> list[int]:
    candidates = [leaf for leaf in reading.own_leaves if _may_be_shown(leaf)]
    if not candidates or not reading.html:
        return []
    html, _ = await shown.html(reading.html, cuts, limit=_MAX_HTML_BYTES)
    called = {unquote(name) for name in _CID.findall(html)}
    sources = {unescape("".join(groups)) for groups in _SOURCE.findall(html)}
    return [leaf.ordinal for leaf in candidates if leaf.content_id in called or leaf.content_location in sources]


def _may_be_shown(leaf: Leaf) -> bool:
    return leaf.content_type.startswith("image/") and bool(leaf.content_id or leaf.content_location)
