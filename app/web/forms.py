"""What a browser sends with a form, and what is said beside its fields when it is shown again."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from app.errors import Conflict, Invalid, LimitReached

MAX_BYTES = 64 * 1024
_MAX_SECONDS = 60
"""For the whole of a form: a file of 4 MiB in that time is 70 KB a second."""
_MAX_FIELDS = 250
"""Two hundred ticked messages and what stands around them."""
_TYPE = "application/x-www-form-urlencoded"
_TYPE_WITH_FILES = "multipart/form-data"

Form = Mapping[str, str]
AnyRequest = Request[Any, Any, Any]


async def read(request: AnyRequest) -> Form:
    """The form's fields; of repeated ones the last counts; empty for a body of another type. Raises Invalid."""
    return dict(await read_all(request))


async def read_all(request: AnyRequest) -> list[tuple[str, str]]:
    """The form's fields in their order, repeated ones too; files are left to `read_file`. Raises Invalid."""
    if _boundary(request) is not None:
        parts = await _parts(request)
        return [(name, value.decode("utf-8", "replace")) for name, value, is_file in parts if not is_file]
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        return []
    try:
        body = (await _body(request)).decode("utf-8")
        return parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except (ValueError, InternalServerException):  # the latter when the browser hangs up before the form's end
        raise Invalid("The form cannot be read. Open its page again and repeat.") from None


async def read_file(request: AnyRequest, name: str) -> bytes:
    """What was chosen in the field of this name, in memory alone; empty where nothing was. Raises Invalid."""
    if _boundary(request) is None:
        return b""
    return next((value for found, value, is_file in await _parts(request) if is_file and found == name), b"")


def _boundary(request: AnyRequest) -> str | None:
    """What divides a form that holds files (RFC 7578); None for another type."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    return options.get("boundary", "") if kind == _TYPE_WITH_FILES else None


async def _parts(request: AnyRequest) -> list[tuple[str, bytes, bool]]:
    """(field, content, whether it is a file) of each part. Litestar's own parser would put large files on the disk."""
    try:
        body = await _body(request)
        limits = {"max_segment_count": _MAX_FIELDS, "max_header_count": 8}
        with PushMultipartParser(_boundary(request) or "", **limits) as parser:
            found: list[tuple[str, list[bytes], bool]] = []
            for event in [*parser.parse(body), *parser.parse(b"")]:
                if isinstance(event, MultipartSegment):
                    found.append((event.name, [], event.filename is not None))
                elif event:
                    found[-1][1].append(bytes(event))
    except (MultipartError, InternalServerException):
        raise Invalid("The form cannot be read. Open its page again and repeat.") from None
    return [(name, b"".join(chunks), is_file) for name, chunks, is_file in found]


async def _body(request: AnyRequest) -> bytes:
    """Raises Invalid where it takes too long, InternalServerException when the browser hangs up before its end."""
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            return await request.body()
    except TimeoutError:
        # Not 408, upon which browsers send the same again by themselves.
        raise Invalid("The form took too long to arrive. Send it again.", code="too_slow") from None


class Faults(msgspec.Struct, frozen=True):
    """Why a form is shown again: the summary, and a sentence for each wrong field."""

    summary: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, error: Invalid | Conflict | LimitReached) -> "Faults":
        """What core found wrong; a limit is no field's fault."""
        fields = () if isinstance(error, LimitReached) else error.fields
        return cls(error.detail, {fault.field: fault.message for fault in fields})


NO_FAULTS = Faults("", {})
