"""The parameters of routes, read off the handlers' signatures and those of the dependencies that they name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.types import Empty
from litestar.typing import FieldDefinition
from litestar.utils.signature import ParsedSignature

from app.api.openapi.schemas import Schema, schema_of, without_null
from app.api.openapi.words import PARAMETERS

_IN_PATH = re.compile(r"\{(?P<name>\w+):(?P<kind>\w+)\}")
_KINDS: Mapping[str, Schema] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
}
_LIMITS = {"ge": "minimum", "le": "maximum", "min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a path or a query."""

    name: str
    is_in_path: bool
    schema: Schema
    words: str
    example: Any
    """What a request that makes sense gives, or None where it leaves the parameter out."""

    def document(self) -> Schema:
        """It as OpenAPI writes it."""
        told = {"name": self.name, "in": "path" if self.is_in_path else "query", "description": self.words}
        shown = {"example": self.example} if self.example is not None else {}
        return told | ({"required": True} if self.is_in_path else {}) | {"schema": self.schema} | shown


def plain_path(path: str) -> str:
    """A path as OpenAPI writes it: `{alias_id:uuid}` is `{alias_id}`."""
    return _IN_PATH.sub(r"{\g<name>}", path)


def parameters_of(handler: HTTPRouteHandler, path: str, operation_id: str) -> list[Parameter]:
    """What a request to this path of the route takes, in the order of path and signature."""
    found = [
        _parameter(match["name"], _KINDS[match["kind"]], operation_id, is_in_path=True)
        for match in _IN_PATH.finditer(path)
    ]
    for field in _query(handler.parsed_fn_signature, handler):
        told = field.kwarg_definition
        name = (told.name if isinstance(told, QueryParameter) else None) or field.name
        found.append(_parameter(name, _schema(field), operation_id, is_in_path=False))
    return found


def _query(signature: ParsedSignature, handler: HTTPRouteHandler) -> Iterator[FieldDefinition]:
    for field in signature.parameters.values():
        provided = (handler.dependencies or {}).get(field.name)
        if isinstance(provided, Provide):
            yield from _query(ParsedSignature.from_fn(provided.dependency, {}), handler)
        elif isinstance(field.kwarg_definition, QueryParameter):
            yield field


def _schema(field: FieldDefinition) -> Schema:
    schema = without_null(schema_of(field.annotation))
    told = field.kwarg_definition
    for ours, theirs in _LIMITS.items():
        if (limit := getattr(told, ours, None)) is not None:
            schema[theirs] = limit
    if field.default not in {Empty, None, ""}:
        schema["default"] = field.default
    return schema


def _parameter(name: str, schema: Schema, operation_id: str, *, is_in_path: bool) -> Parameter:
    word = PARAMETERS.get(f"{operation_id}.{name}") or PARAMETERS.get(name)
    if word is None:
        raise LookupError(f"app/api/openapi/words.py says nothing of the parameter {name} of {operation_id}")
    words, example = word
    return Parameter(name=name, is_in_path=is_in_path, schema=schema, words=words, example=example)
