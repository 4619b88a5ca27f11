"""A session as its owner sees it."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session as stored."""

    session_id: UUID
    created_on: date
    expires_at: datetime
    browser: bytes | None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not ended."""

    session_id: UUID
    browser: str
    """Its family and system, as `Firefox on Windows`."""
    created_on: date
    expires_on: date
    is_own: bool
    """Whether it is the one that asks."""
