"""What a browser sends with a form, and what is said beside its fields when it is shown again."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from app.errors import Conflict, Invalid

MAX_BYTES = 64 * 1024
_MAX_FIELDS = 250
"""Two hundred ticked messages and what stands around them."""
_TYPE = "application/x-www-form-urlencoded"

Form = Mapping[str, str]
AnyRequest = Request[Any, Any, Any]


async def read(request: AnyRequest) -> Form:
    """The form's fields; of repeated ones the last counts; empty for a body of another type. Raises Invalid."""
    return dict(await read_all(request))


async def read_all(request: AnyRequest) -> list[tuple[str, str]]:
    """The form's fields in their order, repeated ones too. Raises Invalid."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        return []
    try:
        body = (await request.body()).decode("utf-8")
        return parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except (ValueError, InternalServerException):  # the latter when the browser hangs up before the form's end
        raise Invalid("The form cannot be read. Open its page again and repeat.") from None


class Faults(msgspec.Struct, frozen=True):
    """Why a form is shown again: the summary, and a sentence for each wrong field."""

    summary: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, error: Invalid | Conflict) -> "Faults":
        """What core found wrong."""
        return cls(error.detail, {fault.field: fault.message for fault in error.fields})


NO_FAULTS = Faults("", {})
