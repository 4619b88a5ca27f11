"""An example of everything that routes take and give, as the Structs themselves: one that lacks a field is an error.

They belong together: ids in one are ids in the others.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.api.openapi.examples import (
    accounts,
    aliases,
    domains,
    events,
    exports,
    keys,
    messages,
    rules,
    senders,
    waiting,
    webhooks,
)

_ALL: tuple[msgspec.Struct, ...] = (
    *accounts.EXAMPLES,
    *aliases.EXAMPLES,
    *domains.EXAMPLES,
    *events.EXAMPLES,
    *exports.EXAMPLES,
    *keys.EXAMPLES,
    *messages.EXAMPLES,
    *rules.EXAMPLES,
    *senders.EXAMPLES,
    *waiting.EXAMPLES,
    *webhooks.EXAMPLES,
)
_BY_TYPE: Mapping[type[msgspec.Struct], msgspec.Struct] = {type(one): one for one in _ALL}
TEXTS: Mapping[str, str] = {"text/csv": aliases.CSV, "message/rfc822": exports.MESSAGE}
"""By media type, of bodies that are no JSON."""


def answer(kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - JSON
    """What an answer of this type looks like. Raises LookupError that says what to write."""
    return msgspec.to_builtins(_example(kind))


def request(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """What somebody sends: without the fields that say what is so anyway."""
    example = _example(kind)
    told: dict[str, Any] = msgspec.to_builtins(example)
    defaults = {field.encode_name: field.default for field in msgspec.structs.fields(kind)}
    return {name: value for name, value in told.items() if value != defaults[name]}


def _example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    found = _BY_TYPE.get(kind)
    if found is None:
        raise LookupError(f"app/api/openapi/examples has no {kind.__name__}: add one, it is shown to strangers")
    return found
