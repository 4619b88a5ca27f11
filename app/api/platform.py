"""How handlers are given the platform."""

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from app.core.platform import Platform

GivenPlatform = NamedDependency[SkipValidation[Platform]]


def provide_platform(platform: Platform) -> Provide:
    """A dependency that is always this platform."""
    return Provide(lambda: platform, sync_to_thread=False)
