"""The account over the wire. No lookups, no I/O."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.accounts.model import Account, Usage


class AccountResource(msgspec.Struct, frozen=True, kw_only=True):
    """The account that the key belongs to; sizes in bytes."""

    account_id: UUID
    login: str
    created_on: date
    message_count: int
    stored_bytes: int
    storage_limit: int


def account_resource(account: Account, usage: Usage) -> AccountResource:
    """The account and what it holds now."""
    return AccountResource(
        account_id=account.account_id,
        login=account.login,
        created_on=account.created_on,
        message_count=usage.message_count,
        stored_bytes=usage.stored_bytes,
        storage_limit=account.storage_limit,
    )
