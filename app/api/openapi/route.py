"""GET /openapi.json: the description of the API, for anybody."""

from collections.abc import Callable
from functools import cached_property

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.api.openapi.schemas import Schema

_A_WHILE = "public, max-age=300"


class Description:
    """The description, made when somebody asks for it first."""

    def __init__(self, make: Callable[[], Schema]) -> None:
        self._make = make

    @cached_property
    def document(self) -> Schema:
        """As JSON values."""
        return self._make()

    @cached_property
    def encoded(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self.document)


GivenDescription = NamedDependency[SkipValidation[Description]]


@get("/openapi.json", answers="application/json", is_public=True)
async def get_description(description: GivenDescription) -> Response[bytes]:
    """Describe the API: OpenAPI 3.1, for people, tools and generators of clients. It needs no key."""
    return Response(description.encoded, media_type="application/json", headers={"Cache-Control": _A_WHILE})
