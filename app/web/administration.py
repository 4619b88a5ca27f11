"""Who may see the pages below /admin: nobody else is told that they are there."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.errors import NotFound
from app.web.session import GivenSession, Session

GivenAdmin = NamedDependency[SkipValidation[Session]]
"""The session of an administrator; a handler asks for it by the name `admin`."""


async def provide_admin(session: GivenSession) -> Session:
    """The session, where it is an administrator's. Raises NotFound for everybody else."""
    if not session.actor.is_admin:
        raise NotFound
    return session
