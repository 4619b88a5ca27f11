"""OPTIONS: which methods a path takes (RFC 9110 section 9.3.7)."""

from litestar import Response
from litestar.routes import HTTPRoute

from app.api.auth import AuthedRequest


class Options:
    """Litestar's own answer knows the methods that a path had when its first handler came, and no later ones."""

    def __init__(self) -> None:
        self._allowed: dict[str, str] = {}

    def answer(self, request: AuthedRequest) -> Response[bytes] | None:
        """The answer to OPTIONS, None to all else."""
        if request.method != "OPTIONS":
            return None
        if not self._allowed:
            routes = [route for route in request.app.routes if isinstance(route, HTTPRoute)]
            self._allowed = {route.path_format: ", ".join(sorted(route.methods)) for route in routes}
        return Response(b"", status_code=204, headers={"Allow": self._allowed[request.scope["path_template"]]})
