"""Security events: what is written down, as it is stored, and as its owner reads it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

Kind = Literal[
    "signed_in",
    "wrong_passwords",
    "wrong_codes",
    "backup_code_used",
    "sessions_ended",
    "password_changed",
    "password_reset",
    "sealed",
    "unsealed",
    "recovery_code_made",
    "recovery_code_used",
    "second_factor_on",
    "second_factor_off",
    "backup_codes_made",
    "key_made",
    "key_revoked",
    "export_made",
    "voucher_redeemed",
    "deletion_asked",
    "deletion_cancelled",
    "suspended",
    "restored",
]
"""`wrong_passwords` is counted by `note_wrong_password`; all others are noted one by one."""


class Details(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of an event to the account's public key. New fields go at the end."""

    kind: Kind
    at: int
    """Seconds since 1970: the row tells the day alone."""
    about: str
    """A browser, or the name of a key; may be empty."""


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as stored; without details it counts the wrong passwords of its day."""

    event_id: UUID
    noted_on: date
    details: bytes | None
    count: int


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as its owner reads it."""

    event_id: UUID
    kind: Kind
    noted_on: date
    at: datetime | None
    """Of a day's count: None."""
    about: str
    count: int

    def __repr__(self) -> str:
        return f"SecurityEvent({self.event_id})"
