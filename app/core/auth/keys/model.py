"""API keys as their owner sees them, and what is asked for a new one."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from app.core.auth.scopes import Scope


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key is to be; at most one of `alias_id` and `domain`. Without an end it lives until it is revoked."""

    name: str = ""
    scopes: frozenset[Scope]
    alias_id: UUID | None = None
    domain: str | None = None
    expires_at: datetime | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key; itself it is nowhere, only its hash is stored."""

    key_id: UUID
    name: str
    scopes: tuple[Scope, ...]
    alias_id: UUID | None
    alias_address: str | None
    domain: str | None
    created_on: date
    expires_at: datetime | None
    last_used_on: date | None
    made_with: UUID | None
    """The key that this one was made with, and is revoked with; None where its owner made it."""
    is_readable: bool
    """False where its name is damaged, and so left empty."""

    def __repr__(self) -> str:
        return f"ApiKey({self.key_id})"


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key just made; `key` is shown once and only its hash is stored."""

    key: str
    shown: ApiKey

    def __repr__(self) -> str:
        return f"MadeKey({self.shown.key_id})"


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored; `name` is sealed."""

    key_id: UUID
    name: bytes
    scopes: list[str]
    alias_id: UUID | None
    alias_address: str | None
    domain: str | None
    created_on: date
    expires_at: datetime | None
    last_used_on: date | None
    made_with: UUID | None
