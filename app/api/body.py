"""Request bodies into Structs: JSON, merge patches (the same syntax) and, where asked for, forms."""

import asyncio
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import InternalServerException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from app.api.auth import AuthedRequest
from app.api.errors import Malformed, TooSlow, UnsupportedCoding, UnsupportedMediaType
from app.errors import Invalid

MAX_BYTES = 64 * 1024
"""Of a body; what is longer is answered with 413. No body of ours comes near."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
FORM = "application/x-www-form-urlencoded"

_MAX_SECONDS = 60
"""For the whole of a body: 4 MiB in that time are 70 KB a second."""
_MAX_FORM_FIELDS = 50
_FAULT = re.compile(r"(?P<message>.*?)(?: - at `\$\.?(?P<path>.*)`)?\Z", re.DOTALL)
_NAMED = re.compile(r"Object (?P<fault>contains unknown|missing required) field `(?P<name>.*)`\Z", re.DOTALL)
_T = TypeVar("_T")


def accepted_types(handler: BaseRouteHandler) -> tuple[str, ...]:
    """The types of bodies that a route reads: what it `accepts`, else JSON, of PATCH by the name of merge patches too.

    Empty for a route without a body.
    """
    told: tuple[str, ...] = handler.opt.get("accepts", ())
    if told or "body" not in handler.opt:
        return told
    changes = isinstance(handler, HTTPRouteHandler) and "PATCH" in handler.http_methods
    return (MERGE_PATCH, JSON) if changes else (JSON,)


async def read_body(request: AuthedRequest, body_type: type[_T]) -> _T:
    """The body as `body_type`, which the route declares as its `body`; no body at all counts as an empty object.

    Raises UnsupportedMediaType unless its type is one that the route accepts, Malformed, Invalid with the field's name.
    """
    if request.route_handler.opt.get("body") is not body_type:
        raise TypeError(f"{request.route_handler} reads {body_type.__name__} and has not declared it")
    media_type, body = request.content_type[0].lower(), await whole_body(request)
    if not media_type and not body:
        return _converted({}, body_type)
    accepted = accepted_types(request.route_handler)
    if media_type not in accepted:
        raise UnsupportedMediaType(accepted, is_patch=request.method == "PATCH")
    return _converted(_form(body) if media_type == FORM else _json(body), body_type)


async def read_file(request: AuthedRequest) -> bytes:
    """The body as it came. Raises UnsupportedMediaType unless its type is one that the route accepts, Malformed."""
    accepted = accepted_types(request.route_handler)
    if request.content_type[0].lower() not in accepted:
        raise UnsupportedMediaType(accepted)
    return await whole_body(request)


async def whole_body(request: AuthedRequest) -> bytes:
    """The body as it came, at most as large as the route allows; it can be asked for again.

    Raises UnsupportedCoding where it is compressed, Malformed where it ends too early, TooSlow after a minute.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedCoding
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            return await request.body()
    except TimeoutError as error:
        raise TooSlow from error
    except InternalServerException as error:  # Litestar's, when the client hangs up before the body's end
        raise Malformed("The body ends too early.") from error


def _json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("The body is not valid JSON in UTF-8.") from error


def _form(body: bytes) -> dict[str, str]:
    """By the URL standard's section 5.1; of a repeated field the last one counts, and an empty one is an absent one."""
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=_MAX_FORM_FIELDS)
    except ValueError as error:
        raise Malformed("The body is not a valid form in UTF-8.") from error
    return dict(pairs)


def _converted(value: Any, body_type: type[_T]) -> _T:  # noqa: ANN401 - any JSON value
    path = _unwritable(value)
    if path:
        raise Invalid.field(path.lstrip("."), "No text has the character U+0000.")
    try:
        return msgspec.convert(value, body_type)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error


def _unwritable(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Where a text has a NUL, which Postgres cannot store and nobody types. As deep as the decoder went."""
    if isinstance(value, str):
        return "" if "\x00" in value else None
    if isinstance(value, dict):
        parts = [(f".{name}", part) for name, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"[{number}]", part) for number, part in enumerate(value)]
    else:
        return None
    for step, part in parts:
        path = _unwritable(part)
        if path is not None:
            return step + path
    return None


def _invalid(text: str) -> Invalid:
    """What msgspec found, by field; it stops at the first fault."""
    fault = _FAULT.match(text)
    message, path = (fault["message"], fault["path"] or "") if fault else (text, "")
    named = _NAMED.match(message)
    if named:
        path = ".".join(filter(None, [path, named["name"]]))
        message = "This field is unknown here" if named["fault"].startswith("contains") else "This field is required"
    return Invalid.field(path, f"{message}.") if path else Invalid(f"{message}.")
