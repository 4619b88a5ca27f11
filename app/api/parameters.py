"""Query parameters that no handler would look at: unknown ones, repeated ones, and what no text holds."""

from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from app.api.auth import AuthedRequest
from app.errors import FieldError, Invalid

_MAX_FAULTS = 20
_SHOWN_CHARS = 100
_TEXTS = frozenset({"alias", "domain", "from", "q", "subject"})
"""They may be "null"; of others it would be taken for absence, and list everything."""


class Parameters:
    """What each route of one application knows; looked up in its routes when first asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    def check(self, request: AuthedRequest) -> None:
        """Raise Invalid that names each parameter which the route does not know or which is given twice.

        A misspelt `folder` would otherwise list everything.
        """
        if not request.scope["query_string"]:
            return
        known, seen = self._of(request), set[str]()
        faults: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name not in known:
                faults[name] = f"This parameter is unknown here. Known are: {', '.join(sorted(known)) or 'none'}."
            elif name in seen:
                faults[name] = "Give this parameter once."
            elif "\x00" in value:
                faults[name] = "No text has the character U+0000."
            elif value.lower() == "null" and name not in _TEXTS:
                faults[name] = "Leave the parameter out instead."
            seen.add(name)
        if faults:
            told = [
                FieldError(field=_shown(name), message=message) for name, message in list(faults.items())[:_MAX_FAULTS]
            ]
            raise Invalid("The parameters are not right.", fields=told)

    def _of(self, request: AuthedRequest) -> frozenset[str]:
        if not self._known:
            self._known = _parameters(request.app)
        return self._known[request.scope["path_template"], request.scope["method"]]


def _parameters(app: Litestar) -> dict[tuple[str, str], frozenset[str]]:
    """Names by path and method, as Litestar found them in the handlers and in what they depend on."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (_, model) in route.route_handler_map.items():
                expected: Any = model.expected_query_params
                found[route.path_format, method] = frozenset(one.field_alias for one in expected)
    return found


def _shown(name: str) -> str:
    """As it came, unless it is long."""
    return name if len(name) <= _SHOWN_CHARS else f"{name[:_SHOWN_CHARS]}…"
