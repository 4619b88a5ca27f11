"""What an API key may do: scopes, one for each kind of thing and each of looking and changing."""

from typing import Literal, get_args

from app.errors import Forbidden

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
ALL_SCOPES: frozenset[Scope] = frozenset(SCOPES)
"""What a session may do, and a key that may do everything."""


class ScopeMissing(Forbidden):
    """The key may not do this; `scope` is what it lacks."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This API key may not do this: it needs the scope `{scope}`.", code="scope_missing")
        self.scope = scope
