"""Header fields that requests may have and answers do have, whatever the route: those of `app.api.layers`."""

from collections.abc import Mapping
from http import HTTPStatus

from litestar.handlers import HTTPRouteHandler

from app.api.openapi.failures import CHANGES
from app.api.openapi.schemas import Schema

_TAGS = {"type": "string"}
PARAMETERS: Mapping[str, Schema] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of yours, new for each change: sent again with the same key within 24 hours, the "
        "request is not carried out again, and answered as before.",
        "schema": {"type": "string", "pattern": "^[!#-\\[\\]-~]{1,255}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` that GET gave: change it only if it is still so, else 412.",
        "schema": _TAGS,
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of the answer that you have: 304 without a body if it is still so.",
        "schema": _TAGS,
    },
}
HEADERS: Mapping[str, Schema] = {
    "ETag": {"description": "Of what was answered (RFC 9110 section 8.8.3).", "schema": {"type": "string"}},
    "Location": {"description": "Where the new thing is.", "schema": {"type": "string", "format": "uri"}},
    "RateLimit": {
        "description": "What is left: `r` requests, all of them again in `t` seconds.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WwwAuthenticate": {"description": "RFC 6750 section 3.", "schema": {"type": "string"}},
}


def asked(handler: HTTPRouteHandler) -> list[Schema]:
    """What a request to this route may carry."""
    is_one = any("{" in path for path in handler.paths)
    found = []
    if handler.http_methods & CHANGES and not handler.opt.get("streams_body"):
        found.append("IdempotencyKey")
    if is_one and handler.http_methods & {"PATCH", "DELETE"}:
        found.append("IfMatch")
    if _is_tagged(handler):
        found.append("IfNoneMatch")
    return [{"$ref": f"#/components/parameters/{name}"} for name in found]


def answered(handler: HTTPRouteHandler, status: HTTPStatus) -> Schema:
    """What a good answer of this route carries."""
    found: Schema = {}
    if not handler.opt.get("is_public"):
        found["RateLimit"] = _ref("RateLimit")
    if _is_tagged(handler):
        found["ETag"] = _ref("ETag")
    if status == HTTPStatus.CREATED:
        found["Location"] = _ref("Location")
    return found


def failed(status: HTTPStatus) -> Schema:
    """What a failure carries."""
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": _ref("WwwAuthenticate")}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": _ref("RetryAfter")}
    return {}


def _is_tagged(handler: HTTPRouteHandler) -> bool:
    """Answers that are whole and JSON, and originals and attachments."""
    if "GET" not in handler.http_methods:
        return False
    media_type = handler.opt.get("answers")
    return media_type in {None, "application/json"} or bool(handler.opt.get("has_ranges"))


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/headers/{name}"}
