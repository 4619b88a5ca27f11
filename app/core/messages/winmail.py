"""TNEF parts (`winmail.dat`) as the files and the text that they hold: read out of the store and into memory, bounded.

Members are attachments of the message: numbered from 1000 * (the ordinal of their part + 1) on.
"""

import asyncio
from collections.abc import Mapping

from app.core.messages import content
from app.core.messages.model import Attachment
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf, fit_name, fit_type
from app.core.messages.read import Reading
from app.core.messages.tnef import MAX_TNEF_BYTES, Member, Tnef, read_tnef
from app.errors import NotFound

_PER_LEAF = 1000
_MAX_PARTS = 5
"""Of one message that are unpacked; together they may have as many bytes as one may."""
_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_NAMES = frozenset({"win.dat", "winmail.dat"})


def leaf_ordinal(ordinal: int) -> int:
    """The leaf that an attachment is, or is a member of."""
    return ordinal if ordinal < _PER_LEAF else ordinal // _PER_LEAF - 1


def is_member(ordinal: int) -> bool:
    """Whether an attachment's ordinal is that of a file inside a part."""
    return ordinal >= _PER_LEAF


async def unpack(reading: Reading, cuts: StoredCuts) -> dict[int, Tnef]:
    """What the TNEF parts of the whole tree hold, by the ordinals of their leaves. Raises CannotOpen, Unavailable.

    In memory while it is kept, so at most 25 MiB; what is longer stays one file.
    """
    left = MAX_TNEF_BYTES
    found: dict[int, Tnef] = {}
    for leaf in [leaf for leaf in reading.leaves if _is_tnef(leaf)][:_MAX_PARTS]:
        data = await _whole(leaf, cuts, limit=left)
        unpacked = await asyncio.to_thread(read_tnef, data) if data else None
        if unpacked is not None:
            found[leaf.ordinal] = unpacked
            left -= len(data)
    return found


def body_of(reading: Reading, unpacked: Mapping[int, Tnef]) -> Tnef | None:
    """The first that lies in this message itself, in no message enclosed in it, and that says something."""
    bodies = (unpacked.get(leaf.ordinal) for leaf in reading.own_leaves)
    return next((one for one in bodies if one and (one.text.strip() or one.html.strip())), None)


def may_have_body(reading: Reading) -> bool:
    """Whether there is anything to unpack."""
    return any(_is_tnef(leaf) for leaf in reading.own_leaves)


def attachments(leaf: Leaf, unpacked: Mapping[int, Tnef]) -> list[Attachment]:
    """The members of a leaf as attachments; none if it is no TNEF."""
    members = unpacked[leaf.ordinal].members if leaf.ordinal in unpacked else ()
    first = _PER_LEAF * (leaf.ordinal + 1)
    return [_attachment(first + place, place, member) for place, member in enumerate(members)]


async def member(leaf: Leaf, cuts: StoredCuts, ordinal: int) -> memoryview:
    """A member's content. Raises NotFound, CannotOpen, Unavailable."""
    data = await _whole(leaf, cuts, limit=MAX_TNEF_BYTES)
    unpacked = await asyncio.to_thread(read_tnef, data)
    place = ordinal % _PER_LEAF
    if unpacked is None or place >= len(unpacked.members):
        raise NotFound("There is no such attachment.")
    return unpacked.members[place].data


def _is_tnef(leaf: Leaf) -> bool:
    return leaf.content_type in _TYPES or leaf.filename.lower() in _NAMES


def _attachment(ordinal: int, place: int, member: Member) -> Attachment:
    filename = fit_name(member.filename) or f"file-{place + 1}.bin"
    return Attachment(ordinal, filename, fit_type(member.content_type), len(member.data), member.content_id[:200])


async def _whole(leaf: Leaf, cuts: StoredCuts, *, limit: int) -> bytearray:
    """The leaf's content; empty if it is longer than `limit`."""
    data = bytearray()
    size = content.size(leaf)
    if size is not None and size > limit:
        return data
    async for chunk in content.stream(leaf, cuts):
        data += chunk
        if len(data) > limit:
            return bytearray()
    return data
