"""The application that the web process serves: the pages, and beside them the API that the wiring hands in."""

from collections.abc import Callable

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ExceptionHandlersMap

from app.core.platform import Platform
from app.lib.readiness import Readiness
from app.web import forms
from app.web.administration import provide_admin, provide_fresh_admin
from app.web.assets import Assets
from app.web.csrf import same_origin
from app.web.errors import error_pages
from app.web.headers import SecurityHeaders
from app.web.operator import NOTHING_TOLD, Operator
from app.web.pending import provide_pending
from app.web.reference import Document, Reference
from app.web.routes import TOO_LARGE, route_handlers
from app.web.session import provide_fresh_session, provide_leaving_session, provide_session
from app.web.site import Site
from app.web.view import View


def create_app(
    platform: Platform,
    *,
    is_https: bool,
    api: Router,
    describe: Callable[[], Document],
    operator: Operator = NOTHING_TOLD,
) -> Litestar:
    """Everything below `/`. The platform is open while the application serves.

    `describe` gives the API's description, when a page about it is asked for first.
    """
    assets = Assets()
    site = Site(
        view=View(assets.urls),
        assets=assets,
        is_https=is_https,
        reference=Reference(describe),
        operator=operator,
    )
    handlers = error_pages(site.view, TOO_LARGE, cookie_name=site.cookie_name)
    return Litestar(
        route_handlers=[_pages(platform, site, handlers), api],
        exception_handlers=handlers,
        before_send=[SecurityHeaders(is_https=is_https)],
        openapi_config=None,
        logging_config=None,
    )


def _pages(platform: Platform, site: Site, handlers: ExceptionHandlersMap) -> Router:
    readiness = Readiness(platform.db, platform.blobs)
    return Router(
        path="/",
        route_handlers=route_handlers(),
        guards=[same_origin(platform.public_url)],
        dependencies={
            "platform": Provide(lambda: platform, sync_to_thread=False),
            "site": Provide(lambda: site, sync_to_thread=False),
            "readiness": Provide(lambda: readiness, sync_to_thread=False),
            "session": Provide(provide_session),
            "fresh": Provide(provide_fresh_session),
            "pending": Provide(provide_pending),
            "leaving": Provide(provide_leaving_session),
            "admin": Provide(provide_admin),
            "fresh_admin": Provide(provide_fresh_admin),
        },
        exception_handlers=handlers,
        request_max_body_size=forms.MAX_BYTES,
    )
