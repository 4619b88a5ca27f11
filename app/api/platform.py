"""How handlers are given the platform."""

from typing import Annotated

from litestar.di import Provide
from litestar.params import Dependency

from app.core.platform import Platform

GivenPlatform = Annotated[Platform, Dependency(skip_validation=True)]


def provide_platform(platform: Platform) -> Provide:
    """A dependency that is always this platform."""
    return Provide(lambda: platform, sync_to_thread=False)
