"""Who may see the pages below /admin: nobody else is told that they are there."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.errors import NotFound
from app.web.session import FreshSession, GivenSession, Session, provide_fresh_session

GivenAdmin = NamedDependency[SkipValidation[Session]]
"""The session of an administrator; a handler asks for it by the name `admin`."""
GivenFreshAdmin = NamedDependency[SkipValidation[FreshSession]]
"""The same with the password just given, for changes; by the name `fresh_admin`."""


async def provide_admin(session: GivenSession) -> Session:
    """The session, where it is an administrator's. Raises NotFound for everybody else."""
    if not session.actor.is_admin:
        raise NotFound
    return session


async def provide_fresh_admin(request: Request[Any, Any, Any], session: GivenSession) -> FreshSession:
    """The same where the password was given within ten minutes. Raises NotFound, PasswordNeeded."""
    return await provide_fresh_session(request, await provide_admin(session))
