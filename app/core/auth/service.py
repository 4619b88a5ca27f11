"""Signing in and out, and finding out who is calling. The caller owns the transaction."""

from datetime import datetime, timedelta

from app.core.accounts import service as accounts
from app.core.accounts.model import Account
from app.core.auth import queries
from app.core.auth.hashing import PasswordHasher
from app.core.auth.model import Actor, Credential, NewSession, Reach
from app.core.auth.scopes import ALL_SCOPES
from app.errors import Forbidden, Unauthenticated
from app.lib.db import Conn, Database
from app.lib.ids import new_id, parse_id
from app.vault import tokens
from app.vault.instance import InstanceKey

SESSION_LIFETIME = timedelta(days=7)
FRESH = timedelta(minutes=10)
"""How long a password counts as just given."""
_BATCH = 1000
_WRONG = "The login or the password is wrong."
_NO_KEY = "This API key is not valid: there is none like it, or it was revoked."
_NOT_LIKE_A_KEY = "This is no API key: one begins with rst_ and has 42 characters. A character may be wrong or missing."


async def check_password(db: Database, hasher: PasswordHasher, login: str, password: str) -> Account:
    """Who signs in with this. An unknown login costs the same as a wrong password and is answered alike.

    Raises Unauthenticated, Forbidden when the account is suspended, LimitReached when too many sign in at once.
    """
    async with db.connection() as conn:
        account, record = await accounts.sign_in_record(conn, login)
    if await hasher.check(password, record) is None or account is None:
        raise Unauthenticated(_WRONG, code="wrong_credentials")
    if account.status != "active":
        raise Forbidden("This account is suspended. Ask the administrator of this service.", code="suspended")
    return account


async def start_session(conn: Conn, account: Account, *, now: datetime) -> NewSession:
    """A new session: `<id>.<secret>`, of which only the secret's hash is stored; it ends after seven days."""
    session_id, secret = new_id(), tokens.new_secret()
    expires_at = now + SESSION_LIFETIME
    await queries.insert_session(
        conn,
        account.account_id,
        session_id,
        secret_hash=tokens.hash_secret(secret),
        created_on=now.date(),
        expires_at=expires_at,
        fresh_until=now + FRESH,
        is_pending=False,
        browser=None,
    )
    return NewSession(session_id=session_id, cookie=f"{session_id}.{secret}", expires_at=expires_at)


async def by_session(conn: Conn, instance: InstanceKey, cookie: str, *, now: datetime) -> Actor:
    """Whose session the cookie is. Raises Unauthenticated."""
    id_text, _, secret = cookie.partition(".")
    session_id = parse_id(id_text)
    found = await queries.session(conn, session_id) if session_id else None
    if found is None or not tokens.secrets_equal(found.secret_hash, tokens.hash_secret(secret)) or found.is_pending:
        raise Unauthenticated
    return _actor(found, instance, now=now, is_session=True)


async def end_session(conn: Conn, actor: Actor) -> None:
    """Sign out: the cookie is worth nothing from now on."""
    if actor.session_id is not None:
        await queries.delete_session(conn, actor.account_id, actor.session_id)


async def owner(conn: Conn, instance: InstanceKey, account: Account) -> Actor:
    """The owner of an account as if signed in, for what an operator does in that name. Raises CannotOpen."""
    return Actor(
        account_id=account.account_id,
        login=account.login,
        is_admin=account.is_admin,
        keyring=await accounts.open_keyring(conn, instance, account.account_id),
        scopes=ALL_SCOPES,
    )


async def by_api_key(conn: Conn, instance: InstanceKey, key: str, *, now: datetime) -> Actor:
    """Whose key this is. Raises Unauthenticated, and Forbidden when the account is suspended."""
    if not tokens.is_api_key_shaped(key):
        raise Unauthenticated(_NOT_LIKE_A_KEY, code="wrong_key")
    found = await queries.api_key(conn, tokens.hash_secret(key))
    if found is None:
        raise Unauthenticated(_NO_KEY, code="wrong_key")
    return _actor(found, instance, now=now, is_session=False)


async def forget_ended_sessions(db: Database, *, now: datetime) -> int:
    """Delete the sessions that have ended; how many. Raises Unavailable."""
    return await db.in_batches(lambda conn: queries.delete_ended_sessions(conn, now, limit=_BATCH), batch=_BATCH)


def _actor(found: Credential, instance: InstanceKey, *, now: datetime, is_session: bool) -> Actor:
    if found.expires_at is not None and found.expires_at <= now:
        text = "This has expired. Please sign in again." if is_session else "This API key has expired. Make a new one."
        raise Unauthenticated(text, code="expired")
    if found.status != "active":
        raise Forbidden("This account is suspended. Ask the administrator of this service.", code="suspended")
    keyring = accounts.open_held_keyring(instance, found.account_id, found.holder_id, found.keyring)
    return Actor(
        account_id=found.account_id,
        login=found.login,
        is_admin=found.is_admin,
        keyring=keyring,
        session_id=found.credential_id if is_session else None,
        key_id=None if is_session else found.credential_id,
        scopes=ALL_SCOPES.intersection(found.scopes),
        reach=Reach(alias_id=found.alias_id, domain=found.domain),
        fresh_until=found.fresh_until,
        used_on=found.last_used_on,
        has_failing_domain=found.has_failing_domain,
        has_disabled_webhook=found.has_disabled_webhook,
    )
