"""What the account, alias, key and domain commands do: core's verbs with a transaction around them."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any

from app.core.accounts import service as accounts
from app.core.accounts import strength
from app.core.accounts.model import Account, Kind, Limits, NewAccount
from app.core.administration import audit, shared_domains, suspensions
from app.core.administration.members import service as members
from app.core.administration.model import NewSuspension
from app.core.aliases import address as addresses
from app.core.aliases import service as aliases
from app.core.aliases.files.exporting import export
from app.core.aliases.limits import service as allowances
from app.core.aliases.model import NewAlias
from app.core.auth import passwords
from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import ApiKey, NewKey
from app.core.auth.scopes import ALL_SCOPES, SCOPES
from app.core.auth.second_factor import service as second_factor
from app.core.domains import names, owned
from app.core.domains import service as domains
from app.core.domains.roles import give_roles
from app.core.platform import Platform
from app.core.privacy import deletion
from app.core.security import events
from app.errors import Invalid
from app.lib.ids import parse_id
from app.lib.times import rfc3339, utc_now, utc_today

Row = dict[str, Any]
"""What a command answers: printed for people, or as JSON."""
Command = Callable[[Platform], Awaitable[Row | list[Row]]]


def account_create(login: str, password: str, *, is_admin: bool, is_sealed: bool = False) -> Command:
    """Make an account; of a sealed one the answer has the recovery code, which is shown this once."""

    async def run(platform: Platform) -> Row:
        kind: Kind = "sealed" if is_sealed else "standard"
        new = NewAccount(login=login, password=password, is_admin=is_admin, kind=kind)
        accounts.check_new(new)
        hashed = await platform.hasher.set(password)
        async with platform.db.transaction() as conn:
            made = await accounts.create(
                conn,
                platform.instance,
                new,
                password=hashed,
                storage_limit=platform.storage_limit,
                alias_limit=platform.alias_limit,
                domain_limit=platform.domain_limit,
                today=utc_today(),
            )
            await give_roles(conn, now=utc_now())
            await audit.note(conn, None, "account_created", account_id=made.account.account_id)
        shown = {"recovery_code": made.recovery_code} if made.recovery_code else {}
        return _account(made.account) | shown

    return run


def account_second_factor_off(login: str) -> Command:
    """Let an owner who has neither the app nor a backup code sign in by the password alone."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            account = await accounts.find(conn, login)
            await second_factor.turn_off(conn, account.account_id, now=utc_now())
            await audit.note(conn, None, "second_factor_off", account_id=account.account_id)
        return {"account_id": str(account.account_id), "login": account.login, "second_factor": "off"}

    return run


def account_list() -> Command:
    """All accounts with what they hold."""

    async def run(platform: Platform) -> list[Row]:
        async with platform.db.connection() as conn:
            rows = []
            for account in await accounts.everyone(conn):
                usage = await accounts.usage(conn, account.account_id)
                rows.append(_account(account) | {"messages": usage.message_count, "bytes": usage.stored_bytes})
            return rows

    return run


def account_limits(
    login: str, *, alias_limit: int | None = None, domain_limit: int | None = None, storage_limit: int | None = None
) -> Command:
    """What an account may have; what is given is changed. Bytes for the storage."""
    limits = Limits(alias_limit=alias_limit, domain_limit=domain_limit, storage_limit=storage_limit)

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            account = await members.change_limits(conn, None, await accounts.find(conn, login), limits)
            have = await allowances.allowance(conn, account.account_id)
        return {
            "login": account.login,
            "aliases": have.alias_count,
            "alias_limit": account.alias_limit,
            "domain_limit": account.domain_limit,
            "storage_limit": account.storage_limit,
        }

    return run


def account_suspend(login: str, *, is_suspended: bool, reason: str = "other", words: str = "") -> Command:
    """Suspend an account, with why for its owner (one of `SUSPENSION_REASONS`, and words); or let it go on."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            account = await accounts.find(conn, login)
            if is_suspended:
                new = NewSuspension(reason=suspensions.read_reason(reason), words=words)
                await suspensions.suspend_account(conn, platform.instance, None, account, new, now=utc_now())
            else:
                await suspensions.restore_account(conn, None, account, now=utc_now())
            return _account(await accounts.find(conn, login))

    return run


def account_password(login: str, password: str) -> Command:
    """Set the password of a standard account anew; its sessions end, its API keys and its second factor stay."""

    async def run(platform: Platform) -> Row:
        strength.check_password(password, login=login)
        hashed = await platform.hasher.set(password)
        async with platform.db.transaction() as conn:
            owner = await auth.owner(conn, platform.instance, await accounts.find(conn, login))
            ended = await passwords.reset(conn, owner, hashed)
            await events.note(conn, owner.account_id, "password_reset", now=utc_now())
            await audit.note(conn, None, "password_reset", account_id=owner.account_id)
        return {"account_id": str(owner.account_id), "login": owner.login, "sessions_ended": ended}

    return run


def account_delete(login: str) -> Command:
    """Delete an account with all it holds."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            account = await accounts.find(conn, login)
            await audit.note(conn, None, "account_deleted", account_id=account.account_id)
        await deletion.delete(platform, account.account_id, now=utc_now())
        return {"account_id": str(account.account_id), "login": account.login, "deleted": True}

    return run


def alias_create(address: str, login: str) -> Command:
    """Make an alias for an account."""

    async def run(platform: Platform) -> Row:
        parsed = addresses.parse(address)
        if parsed is None:
            raise Invalid.field("address", "This is not a mail address; it should look like shop@example.org.")
        async with platform.db.transaction() as conn:
            account = await accounts.find(conn, login)
            keyring = await accounts.open_keyring(conn, platform.instance, account)
            new = NewAlias(domain=parsed.domain, local_part=parsed.local_part)
            alias = await aliases.create(conn, account.account_id, keyring, new, now=utc_now())
            subject = str(alias.alias_id)
            await audit.note(conn, None, "alias_created", account_id=account.account_id, subject=subject)
        return {"alias_id": str(alias.alias_id), "email": alias.address}

    return run


def alias_export(login: str) -> Command:
    """All aliases of an account as CSV, in the field `csv`."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            account = await accounts.find(conn, login)
            keyring = await accounts.open_keyring(conn, platform.instance, account)
            await audit.note(conn, None, "aliases_exported", account_id=account.account_id)
        parts = [part async for part in export(platform.db, account.account_id, keyring)]
        return {"csv": b"".join(parts).decode()}

    return run


def key_create(
    login: str,
    name: str,
    *,
    scopes: Collection[str] = (),
    alias: str | None = None,
    domain: str | None = None,
    lifetime: timedelta | None = None,
) -> Command:
    """Make an API key; it is shown this once. No scopes: all; `alias` is an address, `lifetime` counts from now."""

    async def run(platform: Platform) -> Row:
        now = utc_now()
        may = frozenset(scope for scope in SCOPES if scope in scopes) if scopes else ALL_SCOPES
        if len(may) < len(set(scopes)):
            raise Invalid.field("scope", f"Choose among: {', '.join(SCOPES)}.")
        async with platform.db.transaction() as conn:
            owner = await auth.owner(conn, platform.instance, await accounts.find(conn, login))
            alias_id = await aliases.find(conn, owner.account_id, alias) if alias else None
            if alias and alias_id is None:
                raise Invalid.field("alias", "The account has no such alias.")
            new = NewKey(
                name=name,
                scopes=may,
                alias_id=alias_id,
                domain=domain,
                expires_at=now + lifetime if lifetime else None,
            )
            made = await keys.make(conn, owner, new, now=now)
            subject = str(made.shown.key_id)
            await audit.note(conn, None, "key_created", account_id=owner.account_id, subject=subject)
        return {"key_id": str(made.shown.key_id), "key": made.key}

    return run


def key_list(login: str) -> Command:
    """The API keys of an account, newest first."""

    async def run(platform: Platform) -> list[Row]:
        async with platform.db.connection() as conn:
            owner = await auth.owner(conn, platform.instance, await accounts.find(conn, login))
            return [_key(one) for one in await keys.listed(conn, owner)]

    return run


def key_revoke(login: str, key_id: str) -> Command:
    """Revoke an API key, and all that were made with it."""

    async def run(platform: Platform) -> Row:
        known = parse_id(key_id)
        if known is None:
            raise Invalid.field("key_id", "This is no id of a key; `restante key list` shows them.")
        async with platform.db.transaction() as conn:
            owner = await auth.owner(conn, platform.instance, await accounts.find(conn, login))
            await audit.note(conn, None, "key_revoked", account_id=owner.account_id, subject=key_id)
            count = await keys.revoke(conn, owner, known)
        return {"key_id": key_id, "revoked": count}

    return run


def domain_add(name: str) -> Command:
    """Take mail for a domain and let everybody make aliases there."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            domain = await shared_domains.add(conn, None, name, now=utc_now())
        return {"domain": domain}

    return run


def domain_list() -> Command:
    """The shared domains, the default first."""

    async def run(platform: Platform) -> list[Row]:
        async with platform.db.connection() as conn:
            return [
                {"domain": one.domain, "is_default": number == 0, "is_configured": one.is_configured}
                for number, one in enumerate(await domains.listed(conn))
            ]

    return run


def domain_default(name: str) -> Command:
    """Offer a shared domain first."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            domain = await shared_domains.make_default(conn, None, name)
        return {"domain": domain, "is_default": True}

    return run


def domain_remove(name: str) -> Command:
    """Take no more mail for a shared domain that nobody has used."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            domain = await shared_domains.remove(conn, None, name)
        return {"domain": domain, "removed": True}

    return run


def domain_release(name: str) -> Command:
    """Take a proven domain away from its account, so that somebody else can prove it."""

    async def run(platform: Platform) -> Row:
        async with platform.db.transaction() as conn:
            count = await owned.release(conn, names.asked_name(name), now=utc_now())
            await audit.note(conn, None, "domain_released", subject=names.asked_name(name))
        return {"domain": names.asked_name(name), "aliases_switched_off": count}

    return run


def _account(account: Account) -> Row:
    return {
        "account_id": str(account.account_id),
        "login": account.login,
        "kind": account.kind,
        "status": account.status,
        "is_admin": account.is_admin,
        "created_on": account.created_on.isoformat(),
    }


def _key(key: ApiKey) -> Row:
    return {
        "key_id": str(key.key_id),
        "name": key.name,
        "scopes": " ".join(key.scopes) if set(key.scopes) != ALL_SCOPES else "all",
        "bound_to": key.alias_address or key.domain,
        "created_on": key.created_on.isoformat(),
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
        "last_used_on": key.last_used_on.isoformat() if key.last_used_on else None,
    }
