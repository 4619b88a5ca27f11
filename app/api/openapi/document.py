"""The whole description: OpenAPI 3.1, made once a process from the table of routes."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from app.api.openapi import events
from app.api.openapi.headers import HEADERS, PARAMETERS
from app.api.openapi.operations import document, failure_components, operations_of, types_of
from app.api.openapi.schemas import Schema, Schemas
from app.api.openapi.words import ABOUT, KEY, TAGS


def describe(routes: Sequence[HTTPRouteHandler], public_url: str) -> Schema:
    """The routes as an OpenAPI document (JSON values), for the service at `public_url`.

    Raises LookupError that says what is missing, where a route is not described well enough for strangers.
    """
    base = f"{public_url}/api/v1"
    operations = [one for route in routes for one in operations_of(route)]
    schemas = Schemas([*(kind for route in routes for kind in types_of(route)), *events.types()])
    paths: Schema = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = document(one, schemas, base)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Restante", "version": "1", "summary": ABOUT.summary, "description": ABOUT.words},
        "servers": [{"url": base}],
        "tags": [
            {"name": tag.name, "description": tag.words, "x-slug": tag.slug}
            for tag in TAGS
            if any(one.tag == tag.name for one in operations)
        ],
        "paths": paths,
        "webhooks": events.webhooks(schemas),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": failure_components(operations),
            "parameters": dict(PARAMETERS),
            "headers": dict(HEADERS),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": KEY}},
        },
    }
