"""The second factor: what is stored of it, and what its owner is shown."""

from datetime import date

import msgspec


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A code generator as stored."""

    secret: bytes
    is_on: bool
    last_step: int
    made_on: date
    wrong_on: date | None
    wrong_count: int
    """Wrong codes on the day `wrong_on`."""

    def __repr__(self) -> str:
        return f"Stored(is_on={self.is_on})"


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner sees of a second factor that is on."""

    made_on: date
    backup_codes: int
    """How many are left."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A code generator that is being set up: what the app is told, until its first code is right."""

    address: str
    """`otpauth://…`, for the QR code."""
    secret: str
    """In base 32, for typing."""

    def __repr__(self) -> str:
        return "Enrolment()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []
