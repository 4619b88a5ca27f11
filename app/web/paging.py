"""Turning pages of lists, newest first, by the id of the first or last item shown; and the numbers of parts. Pure.

Ids ascend with time, so a page is the same while newer items arrive above it.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from app.web.fitting import fitting

T = TypeVar("T")

PartNumber = Annotated[int, QueryParameter(name="part", ge=1, le=100_000)]
"""Of a long text or list that is shown in parts, from 1."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page lies: it begins below an item, ends above one, or is the first. `before` goes before `after`."""

    before: UUID | None = None
    after: UUID | None = None

    @property
    def is_first(self) -> bool:
        """Whether nothing newer was asked to be left out."""
        return self.before is None and self.after is None

    @property
    def query(self) -> str:
        """The same as an address says it: `before=…`, `after=…`, or empty."""
        if self.before is not None:
            return f"before={self.before}"
        return f"after={self.after}" if self.after is not None else ""


def address(path: str, query: str) -> str:
    """The path, with its own query or none, and more of a query."""
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


class Turned(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page and the ids that lead on: to what is older than `older`, and to what is newer than `newer`."""

    items: Sequence[T]
    newer: UUID | None
    older: UUID | None
    is_first: bool


def turned(
    found: Sequence[T], turn: Turn, size: int, key: Callable[[T], UUID], *, room: int, weigh: Callable[[T], int]
) -> Turned[T] | None:
    """The page, out of what was found, newest first, when `size + 1` were asked for; as many as fit in `room` bytes.

    None when it would be the first page, but shorter or of another address: that one is to be shown instead.
    """
    is_upward = turn.before is None and turn.after is not None
    if is_upward and len(found) <= size:
        return None
    nearest = found[:0:-1] if is_upward else found[:size]
    nearest = nearest[: fitting(map(weigh, nearest), room)]
    items = nearest[::-1] if is_upward else nearest
    has_older = is_upward or len(found) > len(items)
    return Turned(
        items=items,
        newer=key(items[0]) if items and not turn.is_first else None,
        older=key(items[-1]) if items and has_older else None,
        is_first=turn.is_first,
    )
