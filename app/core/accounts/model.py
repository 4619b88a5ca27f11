"""An account: who may sign in, whether it is in use, and what it may hold."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

Status = Literal["active", "suspended"]
Kind = Literal["standard", "sealed"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What the database tells of an account; keys are not part of it."""

    account_id: UUID
    login: str
    kind: Kind
    status: Status
    is_admin: bool
    created_on: date
    storage_limit: int
    """Bytes."""
    alias_limit: int
    domain_limit: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may have; of a patch, what is None stays."""

    storage_limit: int | None = None
    """Bytes."""
    alias_limit: int | None = None
    domain_limit: int | None = None


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses."""

    login: str
    password: str
    is_admin: bool = False

    def __repr__(self) -> str:
        return f"NewAccount(is_admin={self.is_admin})"


class AccountKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The sealed and public key material of a new account, ready to be stored."""

    public_key: bytes
    index_key: bytes
    holder_id: UUID
    holder_kind: str
    keyring: bytes


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds now."""

    message_count: int
    stored_bytes: int
