"""Every route says what a key must be allowed to do for it, and which of them need nothing."""

import pytest
from litestar.handlers import HTTPRouteHandler

from app.api.keys import get_current_key
from app.api.router import ROUTES
from app.core.auth.scopes import SCOPES


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_has_a_scope(route: HTTPRouteHandler) -> None:
    scope = route.opt["scope"]
    if route is get_current_key:
        assert scope is None
        return
    assert scope in SCOPES
    assert scope.endswith(":read") == (route.http_methods <= {"GET", "HEAD"})
