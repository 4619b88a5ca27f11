"""Making, finding, suspending and deleting accounts. The caller owns the transaction."""

import asyncio
import re
import unicodedata
from datetime import date
from uuid import UUID

from app.core.accounts import queries, strength
from app.core.accounts.holders import service as holders
from app.core.accounts.model import Account, Kind, Limits, MadeAccount, NewAccount, NewPassword, Usage
from app.errors import CannotOpen, Conflict, FieldError, Forbidden, Invalid, NotFound, Unavailable
from app.lib.db import Conn
from app.lib.ids import new_id, new_id_of_day
from app.vault.instance import InstanceKey
from app.vault.keyring import Keyring, new_index_key, new_keyring, unwrap_index_key, wrap_index_key
from app.vault.passwords import PasswordRecord

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]\Z")

ALIAS_LIMIT = 10_000
"""Of a new account, unless the configuration says otherwise."""
DOMAIN_LIMIT = 100
_MOST_ALIASES, _MOST_DOMAINS, _MOST_BYTES = 1_000_000, 100, 1 << 50


def normal_login(text: str) -> str:
    """The form a login is stored and compared in: NFKC, case folded, no spaces around."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def check_new(new: NewAccount) -> None:
    """Raise Invalid with every fault of the login and the password."""
    faults = []
    if not _LOGIN.match(normal_login(new.login)):
        text = "Choose 3 to 64 of a to z, digits, dots, dashes and underscores; begin and end with a letter or digit."
        faults.append(FieldError(field="login", message=text))
    if fault := strength.fault_of(new.password, login=new.login):
        faults.append(FieldError(field="password", message=fault))
    if faults:
        raise Invalid("The account cannot be made like this.", fields=faults)


async def check_free(conn: Conn, login: str) -> None:
    """Raise Conflict when the login is taken; who makes an account in the same moment is not seen yet."""
    if await _account_id(conn, login) is not None:
        raise _taken()


def _taken() -> Conflict:
    fault = FieldError(field="login", message="Somebody has this name already; choose another.")
    return Conflict(fault.message, code="login_taken", fields=[fault])


async def create(
    conn: Conn,
    instance: InstanceKey,
    new: NewAccount,
    *,
    password: NewPassword,
    storage_limit: int,
    alias_limit: int = ALIAS_LIMIT,
    domain_limit: int = DOMAIN_LIMIT,
    today: date,
) -> MadeAccount:
    """Make an account; its keyring is held by the instance, or (sealed) by the password and a new recovery code.

    `check_new` has passed and `password` was made from `new.password`. Raises Conflict when the login is taken.
    """
    account = Account(
        # Who joined tells no more than the day; of administrators it matters who was first.
        account_id=new_id() if new.is_admin else new_id_of_day(today),
        login=normal_login(new.login),
        kind=new.kind,
        status="active",
        is_admin=new.is_admin,
        created_on=today,
        storage_limit=storage_limit,
        alias_limit=alias_limit,
        domain_limit=domain_limit,
    )
    if not await queries.insert_login(conn, account.login, account.account_id):
        raise _taken()
    account_id, keyring = account.account_id, new_keyring()
    if instance.account_keys is not None:
        try:
            await asyncio.to_thread(instance.account_keys.make, account_id)
        except OSError as error:
            raise Unavailable("There is no room for the account's key now. Please try again later.") from error
    index_key = wrap_index_key(instance, account_id, new_index_key())
    await queries.insert_account(conn, account, public_key=keyring.public_bytes(), index_key=index_key)
    await queries.set_password(conn, account_id, password.record)
    if account.kind == "standard":
        await holders.add_instance(conn, instance, account_id, keyring)
        return MadeAccount(account=account, keyring=keyring, recovery_code=None)
    await holders.add(conn, account_id, keyring, kind="password", key=password.key)
    code = await holders.new_code(conn, account_id, keyring, today=today)
    return MadeAccount(account=account, keyring=keyring, recovery_code=code)


async def create_first(
    conn: Conn,
    instance: InstanceKey,
    new: NewAccount,
    *,
    password: NewPassword,
    storage_limit: int,
    alias_limit: int = ALIAS_LIMIT,
    domain_limit: int = DOMAIN_LIMIT,
    today: date,
) -> MadeAccount:
    """Make the first account, an administrator; of two at once one wins.

    Raises Conflict once anybody has an account.
    """
    await queries.lock_first_account(conn)
    if await queries.is_any_account(conn):
        raise Conflict("The first account exists already; sign in with it.", code="already_set_up")
    return await create(
        conn,
        instance,
        new,
        password=password,
        storage_limit=storage_limit,
        alias_limit=alias_limit,
        domain_limit=domain_limit,
        today=today,
    )


async def is_set_up(conn: Conn) -> bool:
    """Whether the first account was made."""
    return await queries.is_any_account(conn)


async def find(conn: Conn, login: str) -> Account:
    """The account that signs in under `login`. Raises NotFound."""
    account_id = await _account_id(conn, login)
    account = await queries.account(conn, account_id) if account_id else None
    if account is None:
        raise NotFound("There is no account with this login.")
    return account


async def get(conn: Conn, account_id: UUID) -> Account:
    """The account. Raises NotFound."""
    account = await queries.account(conn, account_id)
    if account is None:
        raise NotFound
    return account


async def sign_in_record(conn: Conn, login: str) -> tuple[Account | None, PasswordRecord | None]:
    """Whose login this is and what the password is checked against; (None, None) when it is nobody's."""
    account_id = await _account_id(conn, login)
    if account_id is None:
        return None, None
    return await queries.account(conn, account_id), await queries.password(conn, account_id)


async def set_password(conn: Conn, account_id: UUID, keyring: Keyring, new: NewPassword) -> None:
    """Replace the password; that of a sealed account holds the keyring, in place of the one before."""
    is_sealed = await queries.lock_account(conn, account_id) == "sealed"
    await queries.set_password(conn, account_id, new.record)
    if is_sealed:
        await holders.replace(conn, account_id, keyring, kind="password", key=new.key)


async def everyone(conn: Conn) -> list[Account]:
    """All accounts, oldest first."""
    found: list[Account] = []
    while page := await queries.accounts(conn, after=found[-1].account_id if found else None, limit=200):
        found += page
    return found


async def first_admin(conn: Conn) -> Account | None:
    """The administrator who was made first, if there is one."""
    return await queries.first_admin(conn)


async def suspend(conn: Conn, account: Account, *, is_suspended: bool) -> None:
    """A suspended account cannot sign in and takes no mail (temporarily refused), but loses nothing."""
    await queries.set_status(conn, account.account_id, "suspended" if is_suspended else "active")


async def change_limits(conn: Conn, account: Account, limits: Limits) -> Account:
    """What the account may have from now on; what it has beyond that stays. Raises Invalid with every fault."""
    bounds = {"storage_limit": _MOST_BYTES, "alias_limit": _MOST_ALIASES, "domain_limit": _MOST_DOMAINS}
    faults = [
        FieldError(field=name, message=f"Choose a number from 0 to {most:,}.")
        for name, most in bounds.items()
        if not 0 <= (getattr(limits, name) or 0) <= most
    ]
    if faults:
        raise Invalid("The limits cannot be set like this.", fields=faults)
    await queries.set_limits(conn, account.account_id, limits)
    return await get(conn, account.account_id)


async def hold(conn: Conn, account_id: UUID) -> None:
    """Until the transaction ends nobody else makes what is counted by account: aliases, rules, categories, domains.

    Its mail is received meanwhile.
    """
    await queries.lock_account(conn, account_id)


async def kind_held(conn: Conn, account_id: UUID) -> Kind:
    """As `hold`; of what kind the account is until then. Raises NotFound."""
    kind = await queries.lock_account(conn, account_id)
    if kind is None:
        raise NotFound
    return kind


async def set_kind(conn: Conn, account_id: UUID, kind: Kind) -> None:
    """Of what kind the account is from now on; whoever calls this has seen to its holders."""
    await queries.set_kind(conn, account_id, kind)


async def usage(conn: Conn, account_id: UUID) -> Usage:
    """What the account holds now."""
    return await queries.usage(conn, account_id)


async def check_account_keys(conn: Conn, instance: InstanceKey) -> None:
    """Raise Conflict when accounts were made with keys of their own that are not there, or not in this folder."""
    newest = await queries.newest_index_key(conn)
    try:
        if newest is not None:
            unwrap_index_key(instance, *newest)
    except CannotOpen:
        raise Conflict(
            "Accounts of this database have keys of their own, and the newest one's is not there. Set "
            "RESTANTE_ACCOUNT_KEYS_DIR to the folder that holds them (account-keys in the data directory of a service "
            "with the embedded database), or put it back; nothing was changed.",
            code="account_keys_missing",
        ) from None


async def index_key(conn: Conn, instance: InstanceKey, account_id: UUID) -> bytes:
    """The key of the account's search tokens and digests, 32 bytes. Raises NotFound."""
    wrapped = await queries.index_key(conn, account_id)
    if wrapped is None:
        raise NotFound("There is no such account.")
    return unwrap_index_key(instance, account_id, wrapped)


async def open_keyring(conn: Conn, instance: InstanceKey, account: Account) -> Keyring:
    """The keyring of a standard account, for what an operator does in its owner's name.

    Raises Forbidden for a sealed account, whose keyring is its owner's alone, and CannotOpen.
    """
    if account.kind == "sealed":
        text = f"{account.login} is a sealed account: only its owner can do this, signed in or with an API key."
        raise Forbidden(text, code="sealed_account")
    return await holders.by_instance(conn, instance, account.account_id)


async def _account_id(conn: Conn, login: str) -> UUID | None:
    """Whose login this is. What cannot be one is not asked for: the database refuses some characters."""
    normal = normal_login(login)
    return await queries.account_id_by_login(conn, normal) if _LOGIN.match(normal) else None
