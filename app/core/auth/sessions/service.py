"""The sessions of an account: begun, completed by a second factor, renewed, listed and ended. The caller owns the
transaction.
"""

from datetime import datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.auth import service as auth
from app.core.auth.model import Actor, NewSession, SignedIn
from app.core.auth.second_factor import service as second_factor
from app.core.auth.sessions import browsers, queries
from app.core.auth.sessions.model import Listed, SessionRow
from app.core.security import events
from app.errors import CannotOpen, NotFound, Unauthenticated
from app.lib.db import Conn
from app.vault import seal

MOST_CODES = 10
"""That a pending session may be given."""
MAX_LISTED = 100


async def begin(conn: Conn, signed_in: SignedIn, *, user_agent: str, now: datetime) -> NewSession:
    """A session for who has just given the password: a pending one where the account has a second factor."""
    account_id = signed_in.account.account_id
    browser = browsers.name_of(user_agent)
    is_pending = await second_factor.is_on(conn, account_id)
    if not is_pending:
        await events.note(conn, account_id, "signed_in", now=now, about=browser)
    return await auth.start_session(conn, signed_in, browser=browser, is_pending=is_pending, now=now)


async def complete(conn: Conn, pending: Actor, code: str, *, user_agent: str, now: datetime) -> NewSession | None:
    """A whole session with another id in the place of the pending one; None for a wrong code, so commit in either case.

    At the tenth wrong code the pending session ends. Raises Unauthenticated where it has ended, Invalid for a backup
    code with a typing error, LimitReached for too many wrong codes on one day.
    """
    if pending.session_id is None:
        raise Unauthenticated
    count = await queries.count_code(conn, pending.account_id, pending.session_id)
    if not count:
        raise Unauthenticated
    if await second_factor.admit(conn, pending.account_id, pending.keyring, code, now=now):
        browser = browsers.name_of(user_agent)
        await events.note(conn, pending.account_id, "signed_in", now=now, about=browser)
        return await _in_place_of(conn, pending, browser, now=now)
    if count >= MOST_CODES:
        await auth.end_session(conn, pending)
    return None


async def renew(conn: Conn, actor: Actor, *, user_agent: str, now: datetime) -> NewSession:
    """A session with another id and secret in the place of this one, which ends: the password was just given."""
    return await _in_place_of(conn, actor, browsers.name_of(user_agent), now=now)


async def listed(conn: Conn, actor: Actor, *, now: datetime) -> list[Listed]:
    """The account's sessions that have not ended, newest first; at most 100."""
    rows = await queries.sessions(conn, actor.account_id, now=now, limit=MAX_LISTED)
    return [
        Listed(
            session_id=row.session_id,
            browser=_browser(actor, row),
            created_on=row.created_on,
            expires_on=row.expires_at.date(),
            is_own=row.session_id == actor.session_id,
        )
        for row in rows
    ]


async def end(conn: Conn, actor: Actor, session_id: UUID, *, now: datetime) -> None:
    """Sign out one of the account's sessions. Raises NotFound."""
    if not await queries.delete_session(conn, actor.account_id, session_id):
        raise NotFound("This session has ended already.")
    await events.note(conn, actor.account_id, "sessions_ended", now=now)


async def end_others(conn: Conn, actor: Actor, *, now: datetime) -> int:
    """Sign out all sessions but the one that asks; how many."""
    if actor.session_id is None:
        return 0
    count = await queries.delete_others(conn, actor.account_id, actor.session_id)
    if count:
        await events.note(conn, actor.account_id, "sessions_ended", now=now)
    return count


async def _in_place_of(conn: Conn, actor: Actor, browser: str, *, now: datetime) -> NewSession:
    account = await accounts.get(conn, actor.account_id)
    await auth.end_session(conn, actor)
    signed_in = SignedIn(account=account, keyring=actor.keyring)
    return await auth.start_session(conn, signed_in, browser=browser, now=now)


def _browser(actor: Actor, row: SessionRow) -> str:
    if row.browser is None:
        return browsers.UNKNOWN
    try:
        opened = seal.open_field(
            actor.keyring,
            account_id=actor.account_id,
            purpose=auth.BROWSER,
            row_id=row.session_id,
            sealed=row.browser,
        )
    except CannotOpen:
        return browsers.UNKNOWN
    return opened.decode()
