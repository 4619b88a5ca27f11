"""What an owner changes of password, recovery code and holders, with the sessions that end by it and the one that goes
on under another id. The caller owns the transaction; events are noted in it.
"""

from datetime import datetime

import msgspec

from app.core.accounts.model import NewPassword
from app.core.auth import passwords
from app.core.auth import service as auth
from app.core.auth.model import Actor, NewSession, Recovered, Sealed, SignedIn
from app.core.auth.sessions import browsers
from app.core.auth.sessions import service as sessions
from app.core.security import events
from app.lib.db import Conn
from app.vault.instance import InstanceKey


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The session that goes on, and how many others have ended."""

    session: NewSession
    ended: int


async def change_password(conn: Conn, actor: Actor, new: NewPassword, *, user_agent: str, now: datetime) -> Changed:
    """Another password. All other sessions end; API keys and the recovery code stay as they are."""
    await passwords.change(conn, actor, new)
    ended = await sessions.end_others(conn, actor, now=now)
    await events.note(conn, actor.account_id, "password_changed", now=now)
    return Changed(session=await sessions.renew(conn, actor, user_agent=user_agent, now=now), ended=ended)


async def seal_account(
    conn: Conn, actor: Actor, password: NewPassword, *, user_agent: str, now: datetime
) -> tuple[Sealed, NewSession]:
    """Let the owner's credentials alone hold the keyring, as `passwords.seal_account` says, and go on in a session.

    Raises Conflict for an account that is sealed.
    """
    sealed = await passwords.seal_account(conn, actor, password, today=now.date())
    await events.note(conn, actor.account_id, "sealed", now=now)
    browser = browsers.name_of(user_agent)
    return sealed, await auth.start_session(conn, sealed.signed_in, browser=browser, now=now)


async def unseal_account(
    conn: Conn, instance: InstanceKey, actor: Actor, *, user_agent: str, now: datetime
) -> NewSession:
    """Let the instance hold the keyring again. Raises Conflict for a standard account."""
    await passwords.unseal_account(conn, instance, actor)
    await events.note(conn, actor.account_id, "unsealed", now=now)
    return await sessions.renew(conn, actor, user_agent=user_agent, now=now)


async def new_recovery_code(conn: Conn, actor: Actor, *, now: datetime) -> str:
    """A recovery code in place of the one there was; shown once, only its hash is stored."""
    await events.note(conn, actor.account_id, "recovery_code_made", now=now)
    return await passwords.new_recovery_code(conn, actor, today=now.date())


async def recover(
    conn: Conn, signed_in: SignedIn, code: str, new: NewPassword, *, user_agent: str, now: datetime
) -> tuple[Recovered, NewSession]:
    """A new password by the recovery code, as `passwords.recover` says, and a session.

    It is pending where the account has a second factor: the code stands for the password alone. Raises Unauthenticated
    where somebody was faster.
    """
    recovered = await passwords.recover(conn, signed_in, code, new, today=now.date())
    await events.note(conn, signed_in.account.account_id, "recovery_code_used", now=now)
    return recovered, await sessions.begin(conn, recovered.signed_in, user_agent=user_agent, now=now)
