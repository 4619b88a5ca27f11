"""Signing in and out, and finding out who is calling. The caller owns the transaction."""

import time
from contextlib import suppress
from datetime import datetime, timedelta

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.accounts.model import Account, Holder
from app.core.auth import queries
from app.core.auth.guessing import LOCAL, Origin
from app.core.auth.model import AccountLeaving, AccountSuspended, Actor, Credential, NewSession, Reach, SignedIn
from app.core.auth.scopes import ALL_SCOPES
from app.core.platform import Platform
from app.core.security import events
from app.errors import CannotOpen, Invalid, LimitReached, Unauthenticated
from app.lib.db import Conn, Database
from app.lib.ids import new_id, new_id_of_day, parse_id
from app.lib.times import utc_now
from app.vault import seal, tokens
from app.vault.instance import InstanceKey
from app.vault.passwords import PasswordRecord

SESSION_LIFETIME = timedelta(days=7)
FRESH = timedelta(minutes=10)
"""How long a password counts as just given."""
PENDING_LIFETIME = timedelta(minutes=10)
"""Of a session whose second factor is outstanding."""
BROWSER = "session browser"
"""What is sealed of a session: its browser's family and system."""
_BATCH = 1000
_WRONG = "The login or the password is wrong."
_NO_HOLDER = "This account was sealed, and what this request came with does not open it. Sign in again."
_NO_KEY = "This API key is not valid: there is none like it, or it was revoked."
_NOT_LIKE_A_KEY = "This is no API key: one begins with rst_ and has 42 characters. A character may be wrong or missing."


async def check_password(platform: Platform, login: str, password: str, origin: Origin = LOCAL) -> SignedIn:
    """Who signs in with this. An unknown login costs the same as a wrong password and is answered alike.

    A password that was hashed at another cost than today's is hashed anew. Raises Unauthenticated, Forbidden when the
    account is suspended, LimitReached for too many attempts (`Guesses`), or when too many sign in at once.
    """
    platform.guesses.admit_password(login, origin, now=time.monotonic())
    async with platform.db.connection() as conn:
        account, record = await accounts.sign_in_record(conn, login)
    key = await platform.hasher.check(password, record, origin)
    if key is None or account is None or record is None:
        await _count_wrong(platform, account)
        raise Unauthenticated(_WRONG, code="wrong_credentials")
    assert_active(account)
    async with platform.db.connection() as conn:
        try:
            keyring = await holders.by_password(conn, platform.instance, account.account_id, key)
        except CannotOpen:
            # Changed by its owner since the record was read; what else it can be, signing in again will tell.
            if await accounts.sign_in_record(conn, login) == (account, record):
                raise
            raise Unauthenticated(_WRONG, code="wrong_credentials") from None
    signed_in = SignedIn(account=account, keyring=keyring)
    if platform.hasher.is_outdated(record):
        await _hash_anew(platform, signed_in, password, record, origin)
    return signed_in


def assert_active(account: Account) -> None:
    """Raises Forbidden when the account is suspended. Owners of accounts that are to be deleted may sign in."""
    if account.status == "suspended":
        raise AccountSuspended(account.account_id)


async def start_session(
    conn: Conn, signed_in: SignedIn, *, browser: str = "", is_pending: bool = False, now: datetime
) -> NewSession:
    """A new session: `<id>.<secret>`, of which only the secret's hash is stored; it ends after seven days at most.

    Neither its id nor its end tells more than the day, so that nothing stored says at what time somebody signed in.
    That of a sealed account holds the keyring under its secret. A pending one opens nothing but the page that asks for
    the second factor, and ends after ten minutes.
    """
    account_id = signed_in.account.account_id
    session_id, secret = new_id_of_day(now.date()), tokens.new_secret()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    expires_at = now + PENDING_LIFETIME if is_pending else midnight + SESSION_LIFETIME
    sealed = seal.seal_field(
        signed_in.keyring, account_id=account_id, purpose=BROWSER, row_id=session_id, plaintext=browser.encode()
    )
    await queries.insert_session(
        conn,
        account_id,
        session_id,
        secret_hash=tokens.hash_secret(secret),
        created_on=now.date(),
        expires_at=expires_at,
        fresh_until=now + FRESH,
        is_pending=is_pending,
        browser=sealed if browser else None,
    )
    await holders.lend(conn, account_id, signed_in.keyring, kind="session", secret=secret, holder_id=session_id)
    return NewSession(
        session_id=session_id, cookie=f"{session_id}.{secret}", expires_at=expires_at, is_pending=is_pending
    )


async def by_session(
    conn: Conn, instance: InstanceKey, cookie: str, *, now: datetime, is_leaving: bool = False
) -> Actor:
    """Whose session the cookie is; with `is_leaving` that of an account that is to be deleted, and of no other.

    Raises Unauthenticated, AccountLeaving, and Forbidden when the account is suspended.
    """
    found, secret = await _session(conn, cookie)
    if found.is_pending:
        raise Unauthenticated
    return _actor(found, instance, secret, now=now, is_session=True, is_leaving=is_leaving)


async def by_pending_session(conn: Conn, instance: InstanceKey, cookie: str, *, now: datetime) -> Actor:
    """Who has given the password and not yet the second factor. Raises Unauthenticated, Forbidden when suspended."""
    found, secret = await _session(conn, cookie)
    if not found.is_pending:
        raise Unauthenticated
    return _actor(found, instance, secret, now=now, is_session=True, is_leaving=found.status == "leaving")


async def end_session(conn: Conn, actor: Actor) -> None:
    """Sign out: the cookie is worth nothing from now on."""
    if actor.session_id is not None:
        await queries.delete_session(conn, actor.account_id, actor.session_id)


async def _session(conn: Conn, cookie: str) -> tuple[Credential, str]:
    """The session of this cookie, ended or not, and its secret. Raises Unauthenticated."""
    id_text, _, secret = cookie.partition(".")
    session_id = parse_id(id_text)
    found = await queries.session(conn, session_id) if session_id else None
    if found is None or not tokens.secrets_equal(found.secret_hash, tokens.hash_secret(secret)):
        raise Unauthenticated
    return found, secret


async def owner(conn: Conn, instance: InstanceKey, account: Account) -> Actor:
    """The owner of an account as if signed in, for what an operator does in that name.

    Raises Forbidden for a sealed account, CannotOpen.
    """
    return Actor(
        account_id=account.account_id,
        login=account.login,
        is_admin=account.is_admin,
        keyring=await accounts.open_keyring(conn, instance, account),
        scopes=ALL_SCOPES,
    )


async def by_api_key(conn: Conn, instance: InstanceKey, key: str, *, now: datetime) -> Actor:
    """Whose key this is. Raises Unauthenticated, and Forbidden when the account is suspended."""
    if not tokens.is_api_key_shaped(key):
        raise Unauthenticated(_NOT_LIKE_A_KEY, code="wrong_key")
    found = await queries.api_key(conn, tokens.hash_secret(key))
    if found is None:
        raise Unauthenticated(_NO_KEY, code="wrong_key")
    return _actor(found, instance, key, now=now, is_session=False)


async def forget_ended_sessions(db: Database, *, now: datetime) -> int:
    """Delete the sessions that have ended, and when the passwords of others were given; how many ended.

    Raises Unavailable.
    """
    await db.in_batches(lambda conn: queries.forget_freshness(conn, now, limit=_BATCH), batch=_BATCH)
    return await db.in_batches(lambda conn: queries.delete_ended_sessions(conn, now, limit=_BATCH), batch=_BATCH)


async def _count_wrong(platform: Platform, account: Account | None) -> None:
    """For its owner to see; a login that nobody has costs the same, so that time does not tell which there are."""
    async with platform.db.transaction() as conn:
        account_id = account.account_id if account else new_id()
        await events.note_wrong_password(conn, account_id, now=utc_now())


async def _hash_anew(
    platform: Platform, signed_in: SignedIn, password: str, record: PasswordRecord, origin: Origin
) -> None:
    """Where there is no time for it now, the next sign-in does it; nor does it undo a change that came in between."""
    with suppress(LimitReached, Invalid):
        new = await platform.hasher.set(password, origin)
        async with platform.db.transaction() as conn:
            account = signed_in.account
            await accounts.hold(conn, account.account_id)
            if await accounts.sign_in_record(conn, account.login) == (account, record):
                await accounts.set_password(conn, account.account_id, signed_in.keyring, new)


def _actor(
    found: Credential,
    instance: InstanceKey,
    secret: str,
    *,
    now: datetime,
    is_session: bool,
    is_leaving: bool = False,
) -> Actor:
    if found.expires_at is not None and found.expires_at <= now:
        text = "This has expired. Please sign in again." if is_session else "This API key has expired. Make a new one."
        raise Unauthenticated(text, code="expired")
    if found.status == "suspended":
        raise AccountSuspended(found.account_id)
    if (found.status == "leaving") != is_leaving:
        raise AccountLeaving if found.status == "leaving" else Unauthenticated
    if found.holder_id is None or found.holder_kind is None or found.keyring is None:
        raise (
            Unauthenticated(_NO_HOLDER, code="holds_nothing")
            if is_session
            else Unauthenticated(_NO_KEY, code="wrong_key")
        )
    holder = Holder(
        account_id=found.account_id, holder_id=found.holder_id, kind=found.holder_kind, keyring=found.keyring
    )
    return Actor(
        account_id=found.account_id,
        login=found.login,
        is_admin=found.is_admin,
        keyring=holders.opened(instance, holder, secret=secret),
        kind=found.kind,
        session_id=found.credential_id if is_session else None,
        key_id=None if is_session else found.credential_id,
        scopes=ALL_SCOPES.intersection(found.scopes),
        reach=Reach(alias_id=found.alias_id, domain=found.domain),
        fresh_until=found.fresh_until,
        used_on=found.last_used_on,
        has_failing_domain=found.has_failing_domain,
        has_disabled_webhook=found.has_disabled_webhook,
    )
