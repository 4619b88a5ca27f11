"""An alias: an address of its own for one site, and what its owner wrote about it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

WhenDisabled = Literal["refuse", "defer", "discard"]
"""What a sender to a disabled alias gets: 550, 421, or a 250 for mail that is dropped."""


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """An alias as its owner sees it, opened."""

    alias_id: UUID
    address: str
    is_enabled: bool
    when_disabled: WhenDisabled
    description: str
    created_at: datetime
    message_count: int
    last_received_on: str | None
    """Day of the newest message, ISO 8601, or None."""


class NewAlias(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses; without a local part one is made at random."""

    domain: str | None = None
    local_part: str | None = None
    description: str = ""


class AliasPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes."""

    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class AliasDetails(msgspec.Struct, frozen=True, array_like=True):
    """What the owner wrote, sealed under the account's data key. New fields go at the end."""

    description: str
    created_at: datetime


class AliasRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alias as stored."""

    alias_id: UUID
    address: str
    is_enabled: bool
    when_disabled: WhenDisabled
    details: bytes
    message_count: int
    last_received_on: str | None


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """What receiving needs to know of an address: its alias, its account's state, and the keys mail is sealed with."""

    account_id: UUID
    alias_id: UUID
    address: str
    is_enabled: bool
    when_disabled: WhenDisabled
    status: str
    kind: str
    public_key: bytes
    index_key: bytes
    """Under the instance key."""
    storage_limit: int
    stored_bytes: int
