"""A feed: what its owner sees of it, and what its reader is given."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from app.vault.keyring import HolderKind


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """An account's feed; the secret in its address is known to nobody but who was shown it."""

    account_id: UUID
    shows_mail: bool
    """Senders and subjects, beside numbers and times."""
    made_on: date


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One unread message; `sender` and `subject` are None where the feed does not show them."""

    message_id: UUID
    received_at: datetime
    sender: str | None = None
    subject: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader of the feed is given."""

    feed: Feed
    unread: int
    """Counted up to 100, which says "more than 99"."""
    entries: tuple[Entry, ...]


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A feed with the wrap of the keyring that it opens: the instance's, its own, or (None) none."""

    account_id: UUID
    shows_mail: bool
    made_on: date
    holder_id: UUID | None
    holder_kind: HolderKind | None
    keyring: bytes | None
