"""The sessions of an account, and one put in another's place. The caller owns the transaction."""

from datetime import datetime

from app.core.accounts import service as accounts
from app.core.auth import service as auth
from app.core.auth.model import Actor, NewSession, SignedIn
from app.lib.db import Conn


async def renew(conn: Conn, actor: Actor, *, now: datetime) -> NewSession:
    """A session with another id and secret in the place of this one, which ends: the password was just given."""
    account = await accounts.get(conn, actor.account_id)
    await auth.end_session(conn, actor)
    return await auth.start_session(conn, SignedIn(account=account, keyring=actor.keyring), now=now)
