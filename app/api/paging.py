"""Cursors of lists: opaque to clients, for us the id of the last item shown, and the number it was sorted by."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from litestar.params import QueryParameter

from app.errors import Invalid

MAX_LIMIT = 100
DEFAULT_LIMIT = 50

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items a page.")]
Cursor = Annotated[str | None, QueryParameter(description="`next` of the page before; absent: the first page.")]

_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_NUMBERED = re.compile(r"[A-Za-z0-9_-]{32}\Z")
_NUMBER_BYTES = 8
_Item = TypeVar("_Item")


def read_cursor(cursor: str | None) -> UUID | None:
    """The id to go on from. Raises Invalid for what we did not give out."""
    if cursor is None:
        return None
    if _SHAPE.match(cursor):
        last = UUID(bytes=urlsafe_b64decode(cursor + "=="))
        if write_cursor(last) == cursor:
            return last
    raise _not_ours()


def cut_page(found: Sequence[_Item], limit: int, key: Callable[[_Item], UUID]) -> tuple[Sequence[_Item], str | None]:
    """(the page, the next cursor) of a list that was asked for one item more than `limit`."""
    page = found[:limit]
    return page, write_cursor(key(page[-1])) if len(found) > limit else None


def write_cursor(last: UUID) -> str:
    """The cursor of a page that goes on after this id."""
    return urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_numbered_cursor(cursor: str | None) -> tuple[UUID, int] | None:
    """(the id to go on from, the number it was sorted by). Raises Invalid for what we did not give out."""
    if cursor is None:
        return None
    if not _NUMBERED.match(cursor):
        raise _not_ours()
    data = urlsafe_b64decode(cursor)
    return UUID(bytes=data[_NUMBER_BYTES:]), int.from_bytes(data[:_NUMBER_BYTES], signed=True)


def write_numbered_cursor(last: UUID, number: int) -> str:
    """The cursor of a page that goes on after this id, sorted by this number (64 bits)."""
    return urlsafe_b64encode(number.to_bytes(_NUMBER_BYTES, signed=True) + last.bytes).decode()


def _not_ours() -> Invalid:
    return Invalid.field("cursor", "Give the `next` of an earlier page as it was, or leave the cursor out.")
