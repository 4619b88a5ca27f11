"""Which bytes of a file a request asks for (RFC 9110 sections 13 and 14), decided on its header fields alone."""

import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from app.errors import PreconditionFailed, RestanteError

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t,]*([0-9]{0,18})-([0-9]{0,18})[ \t,]*", re.IGNORECASE)
_TAGS = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class RangeNotSatisfiable(RestanteError):
    """The bytes asked for lie beyond the end of a file of `size` bytes (416)."""

    def __init__(self, size: int) -> None:
        super().__init__("The bytes asked for lie beyond the end of the file.", code="range_not_satisfiable")
        self.size = size


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes `start` to `end` (exclusive; None where only reading to the end tells), and the headers that say so."""

    start: int = 0
    end: int | None
    is_partial: bool = False
    is_unchanged: bool = False
    """The client has it: nothing is sent."""
    headers: dict[str, str]

    @property
    def status(self) -> HTTPStatus:
        """What the request is answered with: 200, 206 or 304."""
        if self.is_unchanged:
            return HTTPStatus.NOT_MODIFIED
        return HTTPStatus.PARTIAL_CONTENT if self.is_partial else HTTPStatus.OK


def select(asked: Mapping[str, str], *, method: str, size: int | None, etag: str) -> Selection:
    """What to answer to the header fields `asked` (found by lower-case names), for a file with a strong `etag`.

    One range is given; several, and what is no range of bytes, are answered by the whole, as section 14.2 allows.
    Without a size or a tag (empty) there are no ranges. Raises PreconditionFailed, RangeNotSatisfiable.
    """
    quoted = f'"{etag}"' if etag else ""
    headers = {"ETag": quoted} if etag else {}
    if "if-match" in asked and not _names(asked["if-match"], quoted):
        raise PreconditionFailed("This is not the file that was asked for. Fetch it anew.")
    if etag and "if-none-match" in asked and _names(asked["if-none-match"].replace("W/", ""), quoted):
        return Selection(end=size, is_unchanged=True, headers=headers)
    if size is None or not etag:
        return Selection(end=size, headers=headers | {"Accept-Ranges": "none"} | _length(size))
    headers["Accept-Ranges"] = "bytes"
    span = None
    if method == "GET" and "range" in asked and asked.get("if-range", quoted).strip() == quoted:
        span = _span(asked["range"], size)
    if span is None:
        return Selection(end=size, headers=headers | _length(size))
    start, end = span
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"} | _length(end - start)
    return Selection(start=start, end=end, is_partial=True, headers=headers)


def _names(tags: str, quoted: str) -> bool:
    """Whether a list of entity tags holds this one; a weak tag in it is never the same (section 8.8.3.2)."""
    return tags.strip() == "*" or quoted in _TAGS.findall(tags)


def _length(size: int | None) -> dict[str, str]:
    return {} if size is None else {"Content-Length": str(size)}


def _span(text: str, size: int) -> tuple[int, int] | None:
    """(start, end) of the one range asked for, or None. Of an empty file no range can be told, so it is given whole."""
    found = _ONE_RANGE.fullmatch(text.strip())
    if found is None or not size:
        return None
    first, last = found[1], found[2]
    if not first:
        if not last:
            return None
        start, end = max(0, size - int(last)), size
    else:
        if last and int(last) < int(first):
            return None
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size:
        raise RangeNotSatisfiable(size)
    return start, end
