"""The page that asks for the password once more, and what it keeps of a form that came too late."""

from collections.abc import Sequence

from litestar import Response

from app.core.auth import service as auth
from app.core.platform import Platform
from app.errors import Invalid, Unauthenticated
from app.web.forms import NO_FAULTS, Faults
from app.web.origins import origin_in
from app.web.session import PasswordNeeded, Session
from app.web.view import View

_PREFIX = "kept."
Kept = Sequence[tuple[str, str]]


async def check_password(platform: Platform, session: Session, password: str) -> None:
    """Raise Invalid for the field `password` unless it is the signed-in owner's; LimitReached after many tries."""
    try:
        await auth.check_password(platform, session.actor.login, password, origin_in(session))
    except Unauthenticated:
        raise Invalid.field("password", "This is not your password. Type it once more.") from None


def page(
    view: View,
    session: Session,
    *,
    path: str,
    kept: Kept | None = None,
    faults: Faults = NO_FAULTS,
    status: int = 200,
) -> Response[str]:
    """Asks for the password; `kept` are the fields of a form that is to be sent once more, None where it was a page."""
    named = None if kept is None else [(_PREFIX + name, value) for name, value in kept]
    return view.page("confirm.html", status=status, session=session, path=path, kept=named, faults=faults)


def instead_of_form(view: View, needed: PasswordNeeded) -> Response[str]:
    """What a form is answered with that came too long after the password: nothing was changed by it."""
    return page(view, needed.session, path=needed.path, kept=needed.kept, status=403)


def kept_in(fields: Kept) -> Kept:
    """The fields that the page has kept, by their own names."""
    return [(name.removeprefix(_PREFIX), value) for name, value in fields if name.startswith(_PREFIX)]
