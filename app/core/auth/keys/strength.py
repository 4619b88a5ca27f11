"""Whether one key is as strong as another, and what a key may give on: never more than it has. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.auth.scopes import ALL_SCOPES, SCOPES, Scope
from app.errors import Forbidden


class Strength(msgspec.Struct, frozen=True, kw_only=True):
    """What a credential may do, where, and until when.

    A key bound to an alias has both `alias_id` and, in `domain`, what its address stands on; one that is bound to a
    domain has only that.
    """

    scopes: frozenset[Scope] = ALL_SCOPES
    alias_id: UUID | None = None
    domain: str | None = None
    expires_at: datetime | None = None


EVERYTHING = Strength()
"""Of an owner who is signed in."""


def is_within(one: Strength, other: Strength) -> bool:
    """Whether `one` can do nothing that `other` cannot, and no longer."""
    return one.scopes <= other.scopes and reaches_within(one, other) and _ends_within(one, other)


def reaches_within(one: Strength, other: Strength) -> bool:
    """Whether what `one` sees of the account `other` sees, too."""
    if other.alias_id is not None:
        return one.alias_id == other.alias_id
    return other.domain is None or one.domain == other.domain


def given_on(asked: Strength, maker: Strength) -> Strength:
    """What a key that `maker` makes is to be: what is not asked for is as with the maker.

    Raises Forbidden for whatever the maker does not have itself.
    """
    lacking = [scope for scope in SCOPES if scope in asked.scopes - maker.scopes]
    if lacking:
        raise _too_strong(f"it does not have {', '.join(lacking)} itself")
    if asked.alias_id is None and asked.domain is None:
        asked = msgspec.structs.replace(asked, alias_id=maker.alias_id, domain=maker.domain)
    if not reaches_within(asked, maker):
        place = "its own alias" if maker.alias_id else f"{maker.domain} and its aliases there"
        raise _too_strong(f"it is bound to {place}")
    if asked.expires_at is None:
        asked = msgspec.structs.replace(asked, expires_at=maker.expires_at)
    if not _ends_within(asked, maker):
        raise _too_strong("it ends before that")
    return asked


def _ends_within(one: Strength, other: Strength) -> bool:
    return other.expires_at is None or (one.expires_at is not None and one.expires_at <= other.expires_at)


def _too_strong(reason: str) -> Forbidden:
    return Forbidden(f"This API key cannot make such a key: {reason}.", code="key_too_strong")
