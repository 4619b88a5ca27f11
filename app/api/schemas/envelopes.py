"""What is around every answer of the API: data, a page of a list, a problem."""

from typing import Generic, TypeVar

import msgspec

from app.errors import FieldError

T = TypeVar("T")


class Data(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The envelope of every success."""

    data: T


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The envelope of a list; `next` is the cursor of the page that follows, null on the last one."""

    data: list[T]
    next: str | None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A failure (RFC 9457). `code` is for programs and does not change; `detail` is for people and may."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] | msgspec.UnsetType = msgspec.UNSET
