"""What an owner does about the password, the recovery code, and who holds the keyring. The caller owns the transaction.

Mail is never encrypted anew by any of it: only wraps of the keyring are made and destroyed.
"""

from datetime import date

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.accounts.model import NewPassword
from app.core.auth import queries
from app.core.auth.model import Actor, Recovered, Sealed, SignedIn
from app.core.auth.service import assert_active
from app.core.feeds import service as feeds
from app.core.platform import Platform
from app.core.webhooks import service as webhooks
from app.errors import Conflict, Invalid, Unauthenticated
from app.lib.db import Conn
from app.vault import tokens
from app.vault.instance import InstanceKey

_WRONG = "The login or the recovery code is wrong, or this account has none."


async def change(conn: Conn, actor: Actor, new: NewPassword) -> None:
    """Another password. Sessions, API keys and the recovery code stay as they are."""
    await accounts.set_password(conn, actor.account_id, actor.keyring, new)


async def reset(conn: Conn, owner: Actor, new: NewPassword) -> int:
    """Another password for who has forgotten it, by an operator: all sessions end; how many there were."""
    await change(conn, owner, new)
    return await queries.delete_sessions(conn, owner.account_id)


async def seal_account(conn: Conn, actor: Actor, password: NewPassword, *, today: date) -> Sealed:
    """Let the password, a new recovery code and what is made from now on hold the keyring, and nobody else.

    `password` was made from the one the owner has just given again. All sessions end, this one too, and all API keys
    are revoked: the server knows their hashes alone, so it cannot give them a hold. The feed no longer shows senders
    and subjects, and webhooks that were told all of a message are told the least. Raises Conflict for an account that
    is sealed.
    """
    account_id, keyring = actor.account_id, actor.keyring
    if await accounts.kind_held(conn, account_id) == "sealed":
        raise Conflict("This account is sealed already.", code="already_sealed")
    ended = await queries.delete_sessions(conn, account_id)
    revoked = await queries.delete_keys(conn, account_id)
    await feeds.change(conn, actor, shows_mail=False)
    lessened = await webhooks.tell_less(conn, actor)
    await holders.remove_all(conn, account_id)
    await accounts.set_kind(conn, account_id, "sealed")
    await accounts.set_password(conn, account_id, keyring, password)
    code = await holders.new_code(conn, account_id, keyring, today=today)
    return Sealed(
        signed_in=SignedIn(account=await accounts.get(conn, account_id), keyring=keyring),
        recovery_code=code,
        sessions_ended=ended,
        keys_revoked=revoked,
        webhooks_lessened=lessened,
    )


async def unseal_account(conn: Conn, instance: InstanceKey, actor: Actor) -> None:
    """Let the instance hold the keyring again, and nobody else. Sessions, API keys and the recovery code go on.

    Raises Conflict for a standard account.
    """
    account_id = actor.account_id
    if await accounts.kind_held(conn, account_id) == "standard":
        raise Conflict("This account is not sealed.", code="not_sealed")
    await holders.remove_all(conn, account_id)
    await accounts.set_kind(conn, account_id, "standard")
    await holders.add_instance(conn, instance, account_id, actor.keyring)


async def new_recovery_code(conn: Conn, actor: Actor, *, today: date) -> str:
    """A recovery code in place of the one there was; shown once, only its hash is stored."""
    return await holders.new_code(conn, actor.account_id, actor.keyring, today=today)


async def remove_recovery_code(conn: Conn, actor: Actor) -> None:
    """Do without: whoever forgets the password of a sealed account then has lost its mail."""
    await holders.remove_code(conn, actor.account_id)


async def recovery_code_made_on(conn: Conn, actor: Actor) -> date | None:
    """The day on which the recovery code was made; None where there is none."""
    return await holders.code_made_on(conn, actor.account_id)


async def check_recovery_code(platform: Platform, login: str, code: str) -> SignedIn:
    """Who has this recovery code. Takes no time worth limiting: nobody guesses 128 bits.

    Raises Invalid for a typing error, Unauthenticated, Forbidden when the account is suspended.
    """
    normal = _read(code)
    async with platform.db.connection() as conn:
        account, _ = await accounts.sign_in_record(conn, login)
        keyring = (
            await holders.by_recovery_code(conn, platform.instance, account.account_id, normal) if account else None
        )
    if account is None or keyring is None:
        raise Unauthenticated(_WRONG, code="wrong_credentials")
    assert_active(account)
    return SignedIn(account=account, keyring=keyring)


async def recover(conn: Conn, signed_in: SignedIn, code: str, new: NewPassword, *, today: date) -> Recovered:
    """A new password for whom `check_recovery_code` has found by `code`, which is used up: another takes its place.

    All sessions end, whoever had them; API keys stay. Raises Unauthenticated where somebody was faster.
    """
    account_id = signed_in.account.account_id
    await accounts.hold(conn, account_id)
    if not await holders.is_code(conn, account_id, _read(code)):
        raise Unauthenticated(_WRONG, code="wrong_credentials")
    await queries.delete_sessions(conn, account_id)
    await accounts.set_password(conn, account_id, signed_in.keyring, new)
    next_code = await holders.new_code(conn, account_id, signed_in.keyring, today=today)
    return Recovered(signed_in=signed_in, recovery_code=next_code)


def _read(code: str) -> str:
    normal = tokens.read_recovery_code(code)
    if normal is None:
        raise Invalid.field("code", "There is a typing error: a code has seven groups of four letters and digits.")
    return normal
