"""An account: who may sign in, whether it is in use, and what it may hold."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from app.vault.keyring import HolderKind, Keyring
from app.vault.passwords import PasswordRecord

Status = Literal["active", "suspended", "leaving"]
"""`leaving`: its owner has asked for its deletion, and can still come back."""
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
    kind: Kind = "standard"
    """Who holds the keyring: the instance, or (sealed) the owner's credentials alone."""

    def __repr__(self) -> str:
        return f"NewAccount(is_admin={self.is_admin}, kind={self.kind!r})"


class NewPassword(msgspec.Struct, frozen=True, kw_only=True):
    """A password that was hashed: what is stored of it, and the key, 32 bytes, by which it can hold a keyring."""

    record: PasswordRecord
    key: bytes

    def __repr__(self) -> str:
        return "NewPassword()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class MadeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account just made. `recovery_code`: of a sealed one, shown once and stored as a hash only; else None."""

    account: Account
    keyring: Keyring
    recovery_code: str | None

    def __repr__(self) -> str:
        return f"MadeAccount({self.account.account_id})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """One wrap of an account's keyring. `holder_id` is the session's or the API key's id where it is one's."""

    account_id: UUID
    holder_id: UUID
    kind: HolderKind
    keyring: bytes
    """Wrapped."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds now."""

    message_count: int
    stored_bytes: int
