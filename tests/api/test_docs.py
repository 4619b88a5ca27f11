"""docs/api.md names every route and every field there is, and no route that there is not."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.api import enclosed, schemas
from app.api.router import ROUTES
from app.core.aliases import resources as of_aliases
from app.core.messages import resources as of_messages
from app.core.refusals import resources as of_refusals
from app.core.senders.model import Evidence, Leak, Week
from app.errors import FieldError

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
_CALL = re.compile(r"`([A-Z]+)(?: (/[^`?]*)[^`]*)?`")


def _documented() -> set[tuple[str, str]]:
    """(method, path) of the table's first column; `GET`, `PATCH /x` are two of one path."""
    found = set()
    for row in DOCS.splitlines():
        if not row.startswith("| `"):
            continue
        cell, _, rest = row[2:].partition(" |")
        methods: list[str] = []
        for method, path in _CALL.findall(cell):
            methods.append(method)
            if path:
                found |= {(one, _bare(path)) for one in methods}
                methods = []
        if "`/allows` likewise" in rest:
            found |= {(method, path.replace("/blocks", "/allows")) for method, path in found if "/blocks" in path}
    return found


def _bare(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)


def _routed() -> set[tuple[str, str]]:
    found = {(str(verb), _bare(path)) for one in ROUTES for path in one.paths for verb in one.http_methods}
    return {(method, path) for method, path in found if method not in {"HEAD", "OPTIONS"}}


def _structs() -> Iterator[type[msgspec.Struct]]:
    modules = [
        importlib.import_module(f"{schemas.__name__}.{one.name}") for one in pkgutil.iter_modules(schemas.__path__)
    ]
    for module in [*modules, enclosed, of_aliases, of_messages, of_refusals]:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__:
                yield value
    yield from (Leak, Evidence, Week, FieldError)


def test_every_route_is_in_the_docs() -> None:
    assert len(_routed()) > 50
    assert _documented() == _routed()


@pytest.mark.parametrize("struct", list(_structs()), ids=lambda struct: struct.__name__)
def test_every_field_is_in_the_docs(struct: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(struct):
        assert re.search(rf"\b{field.encode_name}\b", DOCS), field.encode_name
