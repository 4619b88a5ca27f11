"""What an API key may do: scopes, one for each kind of thing and each of looking and changing."""

from typing import Literal, get_args

Scope = Literal[
    "account:read",
    "account:write",
    "aliases:read",
    "aliases:write",
    "messages:read",
    "messages:write",
    "rules:read",
    "rules:write",
    "refusals:read",
    "domains:read",
    "domains:write",
    "webhooks:read",
    "webhooks:write",
    "keys:read",
    "keys:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
