"""The pictures that a message brings along: by what paths its HTML shows them, and what such a path hands out.

A sandboxed frame has no origin, so its requests bring no cookie: the paths carry their own permission and end soon.
"""

import re
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.messages import content, opening, service, shown, winmail
from app.core.messages.html.sanitiser import data_images
from app.core.messages.model import Content, MessageLine, OpenEnclosed, OpenMessage
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.aside import aside
from app.vault import links

_LABEL = "inline images"
_NOTHING = "There is no such picture."
_DATA = re.compile(r"data:image/[\w.+-]+(?:;[^,;]{0,100}){0,5};base64,", re.IGNORECASE)
_MAX_PICTURES = 500
_MAX_BYTES = 20 * 1024 * 1024
_SIGNATURE_BYTES = 12


class _Target(msgspec.Struct, frozen=True, array_like=True):
    """What a path carries, encrypted: a leaf's ordinal, or the place among the HTML's `data:` pictures."""

    account_id: UUID
    message_id: UUID
    message_key: bytes
    ordinal: int
    is_data: bool
    enclosed: int = -1
    """The enclosed message whose HTML has such pictures, -1 for the message itself."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Target).decode


def paths(platform: Platform, actor: Actor, opened: OpenMessage, *, now: datetime) -> dict[str, str]:
    """For each picture the address its HTML calls it by, and the path that hands it out for five minutes.

    Takes as long as parsing the HTML does if it holds `data:` pictures, so use a thread.
    """
    found: dict[str, str] = {}
    for attachment in opened.attachments:
        called = attachment.content_id and f"cid:{attachment.content_id}"
        for address in filter(None, (called, attachment.location)):
            if address not in found and len(found) < _MAX_PICTURES:
                found[address] = _path(platform, actor, opened.line, attachment.ordinal, now=now)
    enclosed = opened.itself.ordinal if isinstance(opened, OpenEnclosed) else -1
    for place, address in enumerate(data_images(opened.html or "")[:_MAX_PICTURES]):
        found[address] = _path(platform, actor, opened.line, place, is_data=True, enclosed=enclosed, now=now)
    return found


async def picture(platform: Platform, token: str, *, now: datetime) -> Content:
    """What such a path hands out: PNG, JPEG, GIF or WebP by its own first bytes, at most 20 MB; else NotFound."""
    try:
        payload = links.open_link(platform.instance.subkey(_LABEL), token, now=int(now.timestamp()))
    except CannotOpen:
        raise NotFound(_NOTHING) from None
    target = _decode(payload)
    opened = await service.open_by_key(platform, target.account_id, target.message_id, target.message_key)
    reading = await service.reading_of(opened)
    if target.is_data:
        if target.enclosed >= 0:
            reading = opening.find_enclosed(reading, target.enclosed).reading
        _, html, _ = await shown.bodies(reading, opened.cuts, limit=opening.MAX_SHOWN_BYTES)
        return await _checked(_from_address(await aside(len(html or ""), data_images, html or ""), target.ordinal))
    leaf = opening.find_leaf(reading, target.ordinal)
    if winmail.is_member(target.ordinal):
        return await _checked(_once(await winmail.member(leaf, opened.cuts, target.ordinal)))
    return await _checked(content.stream(leaf, opened.cuts))


def picture_type(first: bytes) -> str | None:
    """The media type of a picture by its first twelve bytes, if it is of a kind that is shown."""
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if first.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if first.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if first.startswith(b"RIFF") and first[8:12] == b"WEBP":
        return "image/webp"
    return None


def _path(
    platform: Platform,
    actor: Actor,
    line: MessageLine,
    ordinal: int,
    *,
    is_data: bool = False,
    enclosed: int = -1,
    now: datetime,
) -> str:
    target = _Target(actor.account_id, line.message_id, line.message_key, ordinal, is_data, enclosed)
    expires_at = int((now + service.LINK_LIFETIME).timestamp())
    return f"/inline/{links.seal_link(platform.instance.subkey(_LABEL), _encode(target), expires_at=expires_at)}"


async def _once(data: memoryview) -> AsyncIterator[bytes]:
    yield bytes(data)


async def _from_address(addresses: list[str], place: int) -> AsyncIterator[bytes]:
    start = _DATA.match(addresses[place]) if place < len(addresses) else None
    if start is None:
        return
    try:
        yield b64decode(unquote_to_bytes(addresses[place][start.end() :]))
    except ValueError:
        return


async def _checked(stream: AsyncIterator[bytes]) -> Content:
    first = b""
    async for chunk in stream:
        first += chunk
        if len(first) >= _SIGNATURE_BYTES:
            break
    content_type = picture_type(first)
    if content_type is None:
        raise NotFound(_NOTHING)
    return Content(filename="", content_type=content_type, size=None, stream=_bounded(first, stream))


async def _bounded(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    left = _MAX_BYTES - len(first)
    async for chunk in rest:
        if left < len(chunk):
            return
        left -= len(chunk)
        yield chunk
