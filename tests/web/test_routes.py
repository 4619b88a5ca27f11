"""Every address that a template leads to is in the table of routes, with the method it is asked with."""

import re
from pathlib import Path

import pytest

from app.web.routes import ROUTES

TEMPLATES = sorted((Path(__file__).resolve().parents[2] / "app" / "web" / "templates").glob("*.html"))
_OF_THE_API = ("/api/v1/openapi\\.json",)
_SET = re.compile(r"{% set (\w+) = ([^%]*?) %}")
_FORM = re.compile(r"<form\b[^>]*?>", re.DOTALL)
_ADDRESS = re.compile(r'\b(href|action|formaction)="([^"]*)"')


def _patterns(method: str) -> list[re.Pattern[str]]:
    paths = [re.sub(r"{[^}]*}", "[^/]+", path) for verb, path, _ in ROUTES if verb == method]
    return [re.compile(rf"{path}\Z") for path in [*paths, *_OF_THE_API]]


def _addresses(template: Path) -> set[tuple[str, str]]:
    """(method, path) of all that begin with a path: what is filled in stands as `x`."""
    text = template.read_text()
    for name, value in _SET.findall(text):
        if value.startswith('"/'):
            path = "".join(part[1:-1] if part.startswith('"') else "x" for part in re.split(r"\s*~\s*", value))
            text = re.sub(r"{{ " + name + r" }}", path, text)
    forms = [(form, "POST" if 'method="post"' in form else "GET") for form in _FORM.findall(text)]
    found = {(method, path) for form, method in forms for name, path in _ADDRESS.findall(form) if name == "action"}
    found |= {("GET", path) for name, path in _ADDRESS.findall(text) if name == "href"}
    return {
        (method, re.sub(r"{{[^}]*}}", "x", path).partition("#")[0].partition("?")[0].partition("{%")[0])
        for method, path in found
        if path.startswith("/") and "}}" not in path[:1]
    }


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_pages_lead_to_what_is_there(template: Path) -> None:
    for method, path in _addresses(template):
        assert any(pattern.match(path) for pattern in _patterns(method)), f"{method} {path}"


def test_the_templates_were_understood() -> None:
    found = {address for template in TEMPLATES for address in _addresses(template)}
    assert {("POST", "/messages/x/sender"), ("GET", "/aliases/x/senders"), ("POST", "/aliases/actions")} <= found
    assert len(found) > 40
