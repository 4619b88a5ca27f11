"""Structs as schemas (JSON Schema 2020-12, as OpenAPI 3.1 has it): msgspec's, with names and words for strangers."""

import ast
import inspect
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, get_args, get_origin

import msgspec

from app.api.schemas.envelopes import Data, Page, Problem

Schema = dict[str, Any]
"""A JSON Schema; JSON values all the way down."""

_REF = "#/components/schemas/"
_SUFFIX = re.compile(r"(Resource|Body)$")


class Schemas:
    """The schemas of all types that routes take and give."""

    def __init__(self, types: Iterable[Any]) -> None:
        wanted = list(dict.fromkeys([*(_inner(one) for one in types), Problem]))
        refs, components = msgspec.json.schema_components(wanted, ref_template=_REF + "{name}")
        self._refs = dict(zip(wanted, refs, strict=True))
        self._structs = {one.__name__: one for one in _structs(wanted)}
        self.components: dict[str, Schema] = {}
        for name, schema in components.items():
            told = _public(name)
            if told in self.components:
                raise ValueError(f"two types would be called {told}")
            self.components[told] = self._worded(name, schema)

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - any type that was given
        """A reference to the schema of a type; envelopes get names of their own: `AliasAnswer`, `AliasPage`."""
        if (origin := get_origin(kind)) not in {Data, Page}:
            return _told(self._refs[kind])
        (item,) = get_args(kind)
        inner = self.of(item)
        word = inner["$ref"].removeprefix(_REF) if "$ref" in inner else _list_name(inner)
        name = f"{word}{'Page' if origin is Page else 'Answer'}"
        self.components.setdefault(name, _page(name, inner) if origin is Page else _answer(name, inner))
        return {"$ref": _REF + name}

    def _worded(self, name: str, schema: Schema) -> Schema:
        struct = self._structs[name]
        told = _told(schema) | {"title": _public(name)}
        if "description" in told:
            told["description"] = inspect.cleandoc(told["description"])
        for moment in _moments(struct):
            for one in told["properties"][moment].get("anyOf", [told["properties"][moment]]):
                one.update({"format": "date-time"} if one["type"] == "string" else {})
        for field, words in _field_words(struct).items():
            if field in told.get("properties", {}):
                # Siblings of a $ref count since 2020-12, so any schema can be given a description.
                told["properties"][field] = told["properties"][field] | {"description": words}
        return told


def strings_alone(schema: Mapping[str, Any]) -> Schema:
    """Of an object's schema what a form can say: its properties that are text, without null."""
    kept: dict[str, Schema] = {}
    for name, one in schema["properties"].items():
        texts = [choice for choice in one.get("anyOf", [one]) if choice.get("type") == "string"]
        if texts:
            kept[name] = {key: value for key, value in texts[0].items() if key != "default"}
            kept[name] |= {key: one[key] for key in ("description",) if key in one}
    return {"type": "object", "properties": kept, "description": "The same as JSON, texts alone."}


def without_null(schema: Schema) -> Schema:
    """What a parameter can be: it is absent where JSON would say null."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    if len(choices) == 1:
        return {**choices[0], **rest}
    return rest | ({"anyOf": choices} if choices else {})


def schema_of(kind: Any) -> Schema:  # noqa: ANN401 - any type
    """The schema of a type that holds no Struct."""
    return _told(msgspec.json.schema(kind))


def _answer(name: str, inner: Schema) -> Schema:
    return {"title": name, "type": "object", "properties": {"data": inner}, "required": ["data"]}


def _page(name: str, inner: Schema) -> Schema:
    following = {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "The `cursor` of the next page, or null.",
    }
    return {
        "title": name,
        "type": "object",
        "properties": {"data": {"type": "array", "items": inner}, "next": following},
        "required": ["data", "next"],
    }


def _list_name(schema: Schema) -> str:
    return str(schema["items"]["$ref"]).removeprefix(_REF) + "List"


def _inner(kind: Any) -> Any:  # noqa: ANN401 - any type
    return get_args(kind)[0] if get_origin(kind) in {Data, Page} else kind


def _public(name: str) -> str:
    return _SUFFIX.sub("", name)


def _told(schema: Schema) -> Schema:
    told: Schema = _renamed(schema)
    return told


def _renamed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """References under the public names; choices say that they are strings, which not every reader works out."""
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {key: _renamed(one) for key, one in value.items()}
    if isinstance(told.get("$ref"), str):
        told["$ref"] = _public(told["$ref"])
    if "enum" in told and "type" not in told and all(isinstance(one, str) for one in told["enum"]):
        told = {"type": "string"} | told
    return told


def _structs(types: Iterable[Any]) -> list[type[msgspec.Struct]]:
    """All Structs in these types, each once."""
    found: dict[type[msgspec.Struct], None] = {}
    waiting = list(types)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in found:
                found[kind] = None
                waiting += [field.type for field in msgspec.structs.fields(kind)]
        else:
            waiting += get_args(kind)
    return list(found)


def _moments(struct: type[msgspec.Struct]) -> list[str]:
    """Fields that take a time: with its zone, which handlers insist on and msgspec was not told."""
    return [
        field.encode_name for field in msgspec.structs.fields(struct) if datetime in {field.type, *get_args(field.type)}
    ]


def _field_words(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What the strings below a class's fields say, by the fields' names on the wire; subclasses have the last word."""
    found: dict[str, str] = {}
    encoded = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    for one in reversed(
        [cls for cls in struct.__mro__ if issubclass(cls, msgspec.Struct) and cls is not msgspec.Struct]
    ):
        (tree,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(one))).body
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, text in pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[encoded[field.target.id]] = inspect.cleandoc(str(text.value.value))
    return found
