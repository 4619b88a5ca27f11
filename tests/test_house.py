"""The rules of the house that a machine can check: who imports whom, where SQL lives, how long things are."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[1] / "app"
FILES = sorted(APP.rglob("*.py"))
MAX_FUNCTION_LINES = 60
MAX_MODULE_LINES = 400

# Each may import what stands after it in its line, and itself.
ALLOWED = {
    "__main__": {"operating", "selling", "client", "errors"},
    "client": {"lib", "errors"},
    "operating": {"commands", "serve", "wiring", "errors"},
    "selling": {"sales", "commands", "serve", "wiring", "core", "errors"},
    "sales": {"commands", "core", "lib", "errors"},
    "serve": {"commands", "wiring", "config", "core", "lib", "web", "errors"},
    "commands": {"core", "lib", "errors"},
    "wiring": {"smtp", "web", "api", "worker", "core", "vault", "lib", "config", "errors"},
    "smtp": {"core", "vault", "lib", "errors"},
    "web": {"core", "vault", "lib", "errors"},
    "api": {"core", "vault", "lib", "errors"},
    "worker": {"core", "vault", "lib", "errors"},
    "core": {"vault", "lib", "errors"},
    "vault": {"errors"},
    "lib": {"errors"},
    "config": {"errors"},
    "errors": set(),
}
FOREIGN_TO_CORE = {"litestar", "aiosmtpd", "jinja2", "boto3", "botocore", "uvicorn", "procrastinate", "click"}
EDGES = {"smtp", "web", "api", "worker", "wiring", "serve", "commands", "sales", "operating", "selling", "__main__"}
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|LISTEN|NOTIFY|CREATE TABLE)\s", re.MULTILINE)


def _layer(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _name(path: Path) -> str:
    return str(path.relative_to(APP))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_imports_go_one_way(path: Path) -> None:
    layer = _layer(path)
    if layer == "__init__":
        return
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] == "app" and len(parts) > 1:
            assert parts[1] in ALLOWED[layer] | {layer}, f"{layer} imports {name}"
        if layer in {"core", "vault", "lib"} and layer != "lib":
            assert parts[0] not in FOREIGN_TO_CORE, f"{layer} imports {name}"
        if layer in EDGES:
            assert "queries" not in parts, f"{layer} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_modules_and_functions_fit_a_reader(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= MAX_MODULE_LINES
    if text.strip():
        assert ast.get_docstring(tree), "a module says what lives in it"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_sql_stands_in_queries_and_lib_alone(path: Path) -> None:
    if path.name == "queries.py" or _layer(path) == "lib":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not SQL.search(node.value), f"{path}:{node.lineno}"


def test_queries_never_commit_and_always_limit() -> None:
    for path in APP.rglob("queries.py"):
        text = path.read_text()
        assert ".commit(" not in text
        assert ".transaction(" not in text


def test_tables_of_an_account_begin_with_its_id() -> None:
    """Every primary and foreign key of an owned table has account_id first, so that all can be distributed by it."""
    directories = {"instance", "logins", "session_owners", "api_key_owners", "feed_owners", "domains", "addresses"}
    directories |= {"plans", "vouchers", "purchases", "payment_facts"}  # of no account
    directories |= {"audit_entries", "tallies", "joining_pace"}  # of the whole service
    directories |= {"address_keys", "reserved_addresses"}  # of accounts that are gone
    schema = "".join(path.read_text() for path in sorted((APP.parent / "migrations").glob("*.sql")))
    tables = re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", schema, re.DOTALL)
    assert len(tables) > 10
    for name, body in tables:
        if name in directories:
            continue
        keys = re.findall(r"(?:PRIMARY KEY|FOREIGN KEY) \((\w+)", body) or re.findall(r"(\w+)\s+uuid PRIMARY KEY", body)
        assert keys, name
        assert set(keys) == {"account_id"}, name


def test_flow_names_only_what_is_there() -> None:
    text = (APP.parent / "docs" / "flow.md").read_text()
    names = set(re.findall(r"`(app(?:\.\w+)+)`", text))
    assert len(names) > 30
    for name in names:
        assert _resolves(name), name


def _resolves(name: str) -> bool:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False
