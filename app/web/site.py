"""What all handlers of pages are given: the platform, and the few facts and tools of the web side."""

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.core.platform import Platform
from app.web.assets import Assets
from app.web.operator import Operator
from app.web.reference import Reference
from app.web.view import View


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Built once a process."""

    view: View
    assets: Assets
    is_https: bool
    reference: Reference
    operator: Operator

    @property
    def cookie_name(self) -> str:
        """The prefix binds it to this host and to TLS (RFC 6265bis section 4.1.3.2); plain HTTP cannot have that."""
        return "__Host-restante" if self.is_https else "restante"

    @property
    def mark_name(self) -> str:
        """The cookie by which an account knows a browser; named by the same rule."""
        return f"{self.cookie_name}-known"


GivenPlatform = NamedDependency[SkipValidation[Platform]]
GivenSite = NamedDependency[SkipValidation[Site]]
