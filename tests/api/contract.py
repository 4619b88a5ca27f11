"""Whether answers are what the description says: every answer that a test of the API gets is held against it."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from app.api.openapi.operations import operations_of
from app.api.openapi.schemas import Schema
from app.api.router import PUBLIC_ROUTES, ROUTES, description_of

_BASE = "/api/v1"
_PROBLEM = "application/problem+json"
_ANYWHERE = {404: "not_found", 405: "method_not_allowed"}
"""What Litestar answers before it knows the route: the id in the path is none, or the method is another."""


class Contract:
    """The description of the API, as a judge."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._codes = {
            (one.method, one.path): frozenset(one.failures)
            for route in (*ROUTES, *PUBLIC_ROUTES)
            for one in operations_of(route)
        }
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"), path) for path in document["paths"]]
        # A path without variables before one that would match it, too.
        self._paths.sort(key=lambda one: one[1].count("{"))

    def fits(self, schema: Schema, value: Any) -> None:  # noqa: ANN401 - JSON
        """Fail unless the value is what the schema says."""
        key = repr(schema)
        if key not in self._validators:
            whole = schema | {"components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        self._validators[key].validate(value)

    def judge(self, response: httpx.Response) -> None:
        """Fail unless the answer is one that the description has for this request."""
        method, path = response.request.method, response.request.url.path.removeprefix(_BASE)
        template = next((one for pattern, one in self._paths if pattern.match(path)), None)
        told = self._document["paths"].get(template, {}).get(method.lower())
        if template is None or told is None:
            return
        status, content_type = str(response.status_code), response.headers.get("content-type", "").partition(";")[0]
        if content_type == _PROBLEM:
            code = response.json()["code"]
            if _ANYWHERE.get(response.status_code) != code:
                assert code in self._codes[method, template], (
                    f"{method} {template} does not say that it fails by {code}"
                )
        assert status in told["responses"] or response.status_code in _ANYWHERE, f"{method} {template}: {status}"
        if status in told["responses"]:
            self._judge_content(told["responses"][status], content_type, response)

    def _judge_content(self, answer: Schema, content_type: str, response: httpx.Response) -> None:
        if "$ref" in answer:
            answer = self._document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        content = answer.get("content", {})
        if not content:
            assert not response.content
            return
        media = content.get(content_type) or content.get("*/*")
        assert media is not None, f"{content_type} is not described"
        if content_type.endswith("json"):
            self.fits(media["schema"], response.json())


@cache
def contract_of(public_url: str) -> Contract:
    """The judge of a service at this address."""
    return Contract(description_of(public_url).document)
