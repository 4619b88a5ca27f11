"""Who holds an account's keyring: the instance does for a standard account, its owner's credentials for a sealed one.

There is one way to give a hold and one to use it, whoever the holder is. The caller owns the transaction.
"""

from datetime import date
from uuid import UUID

from app.core.accounts import queries as accounts
from app.core.accounts.holders import queries
from app.core.accounts.model import Holder
from app.errors import CannotOpen
from app.lib.db import Conn
from app.lib.ids import new_id_of_day
from app.lib.times import utc_today
from app.vault import tokens
from app.vault.instance import InstanceKey
from app.vault.keyring import HolderKind, Keyring, instance_holder_key, unwrap_keyring, wrap_keyring


async def add(
    conn: Conn, account_id: UUID, keyring: Keyring, *, kind: HolderKind, key: bytes, holder_id: UUID | None = None
) -> None:
    """Let whoever has `key`, 32 bytes, hold the keyring."""
    holder_id = holder_id or new_id_of_day(utc_today())
    wrapped = wrap_keyring(keyring, holder_key=key, account_id=account_id, holder_id=holder_id, kind=kind)
    await queries.insert(conn, Holder(account_id=account_id, holder_id=holder_id, kind=kind, keyring=wrapped))


async def replace(conn: Conn, account_id: UUID, keyring: Keyring, *, kind: HolderKind, key: bytes) -> None:
    """The same, in place of the account's holder of this kind, of which it has one at most."""
    await queries.delete(conn, account_id, kind)
    await add(conn, account_id, keyring, kind=kind, key=key)


async def add_instance(conn: Conn, instance: InstanceKey, account_id: UUID, keyring: Keyring) -> None:
    """Let the instance hold the keyring: the account is standard."""
    await add(conn, account_id, keyring, kind="instance", key=instance_holder_key(instance, account_id))


async def lend(
    conn: Conn, account_id: UUID, keyring: Keyring, *, kind: HolderKind, secret: str, holder_id: UUID
) -> None:
    """Let a session, an API key or a feed that was just made hold the keyring where the instance does not.

    The account is held until the transaction ends, so that nobody seals it meanwhile.
    """
    if await accounts.lock_account(conn, account_id) == "sealed":
        await add(conn, account_id, keyring, kind=kind, key=tokens.holder_key(secret), holder_id=holder_id)


def opened(instance: InstanceKey, holder: Holder, *, secret: str) -> Keyring:
    """The keyring, by the instance or by the `secret` that holds it. Raises CannotOpen."""
    if holder.kind == "instance":
        return opened_with(holder, instance_holder_key(instance, holder.account_id))
    return opened_with(holder, tokens.holder_key(secret))


def opened_with(holder: Holder, key: bytes) -> Keyring:
    """The keyring, by the holder's key, 32 bytes. Raises CannotOpen."""
    return unwrap_keyring(
        holder.keyring, holder_key=key, account_id=holder.account_id, holder_id=holder.holder_id, kind=holder.kind
    )


async def by_instance(conn: Conn, instance: InstanceKey, account_id: UUID) -> Keyring:
    """The keyring of a standard account. Raises CannotOpen when the instance is no holder."""
    holder = await queries.of_kinds(conn, account_id, ["instance"])
    if holder is None:
        raise CannotOpen
    return opened(instance, holder, secret="")


async def by_password(conn: Conn, instance: InstanceKey, account_id: UUID, key: bytes) -> Keyring:
    """The keyring for whoever has just given the right password, whose key is `key`. Raises CannotOpen."""
    holder = await queries.of_kinds(conn, account_id, ["instance", "password"])
    if holder is None:
        raise CannotOpen
    return opened_with(holder, key) if holder.kind == "password" else opened(instance, holder, secret="")


async def by_recovery_code(conn: Conn, instance: InstanceKey, account_id: UUID, code: str) -> Keyring | None:
    """The keyring, where this is the account's recovery code; else None. Raises CannotOpen."""
    holder = await queries.of_kinds(conn, account_id, ["instance", "recovery"])
    if holder is None or not await is_code(conn, account_id, code):
        return None
    return opened(instance, holder, secret=code)


async def is_code(conn: Conn, account_id: UUID, code: str) -> bool:
    """Whether this is the account's recovery code, in the form in which it was shown."""
    known = await queries.recovery_code(conn, account_id)
    return known is not None and tokens.secrets_equal(known[0], tokens.hash_secret(code))


async def new_code(conn: Conn, account_id: UUID, keyring: Keyring, *, today: date) -> str:
    """A recovery code in place of the account's; to be shown once, as only its hash is stored."""
    code = tokens.new_recovery_code()
    await queries.set_recovery_code(conn, account_id, code_hash=tokens.hash_secret(code), made_on=today)
    await queries.delete(conn, account_id, "recovery")
    await lend(conn, account_id, keyring, kind="recovery", secret=code, holder_id=new_id_of_day(utc_today()))
    return code


async def remove_code(conn: Conn, account_id: UUID) -> None:
    """The account's recovery code is worth nothing from now on."""
    await queries.delete_recovery_code(conn, account_id)
    await queries.delete(conn, account_id, "recovery")


async def code_made_on(conn: Conn, account_id: UUID) -> date | None:
    """The day on which the account's recovery code was made; None where it has none."""
    known = await queries.recovery_code(conn, account_id)
    return known[1] if known else None


async def remove_all(conn: Conn, account_id: UUID) -> None:
    """Destroy all wraps; whoever calls this makes others in the same transaction, or the account is lost."""
    await queries.delete_all(conn, account_id)
