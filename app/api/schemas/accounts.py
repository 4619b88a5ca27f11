"""The account over the wire. No lookups, no I/O."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.accounts.model import Account, Usage
from app.core.aliases.limits.model import Allowance
from app.core.aliases.model import Format
from app.core.aliases.preferences.model import Preferences


class AccountResource(msgspec.Struct, frozen=True, kw_only=True):
    """The account that the key belongs to; sizes in bytes."""

    account_id: UUID
    login: str
    created_on: date
    message_count: int
    """In all folders."""
    stored_bytes: int
    """Of messages and attachments."""
    storage_limit: int
    """Bytes."""
    alias_count: int
    """Those that are deleted aside."""
    alias_limit: int
    domain_limit: int
    alias_format: Format | None
    """What new aliases look like, and where they are made, unless a request says so; null: the service's own."""
    alias_domain: str | None


class AccountPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays, null is the service's own."""

    alias_format: Format | msgspec.UnsetType | None = msgspec.UNSET
    alias_domain: str | msgspec.UnsetType | None = msgspec.UNSET


def account_resource(account: Account, usage: Usage, allowance: Allowance, preferred: Preferences) -> AccountResource:
    """The account and what it holds now."""
    return AccountResource(
        account_id=account.account_id,
        login=account.login,
        created_on=account.created_on,
        message_count=usage.message_count,
        stored_bytes=usage.stored_bytes,
        storage_limit=account.storage_limit,
        alias_count=allowance.alias_count,
        alias_limit=allowance.alias_limit,
        domain_limit=account.domain_limit,
        alias_format=preferred.format,
        alias_domain=preferred.domain,
    )
