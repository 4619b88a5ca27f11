"""API keys over the wire, and what clients send to make and name them. No lookups, no I/O."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.auth.keys.model import ApiKey, MadeKey, NewKey
from app.core.auth.scopes import Scope
from app.lib.times import Moment, rfc3339


class KeyResource(msgspec.Struct, frozen=True, kw_only=True):
    """An API key; itself it is not here: it was shown once.

    At most one of `alias` and `domain` says what the key is bound to: it sees and does only what belongs to that alias,
    or to the account's aliases on that domain. `made_with` is the key that made it; whoever revokes that one revokes
    this one, too. `last_used_on` is the last day on which it was used before, by UTC.
    """

    id: UUID
    name: str
    scopes: list[Scope]
    alias: AliasRef | None
    domain: str | None
    created_on: date
    expires_at: Moment | None
    last_used_on: date | None
    made_with: UUID | None
    is_current: bool
    """Whether it is the key of this very request."""
    is_readable: bool
    """False: the name is damaged, and so empty."""


class MadeKeyResource(KeyResource, frozen=True, kw_only=True):
    """An API key just made: `key` is told this once, and stored nowhere but as a hash."""

    key: str


class NewKeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /keys takes. Bound to an alias or to a domain, not to both; without an end it lives until revoked."""

    scopes: list[Scope]
    name: str = ""
    alias_id: UUID | None = None
    domain: str | None = None
    expires_at: datetime | None = None


class KeyPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what a key may do is never changed; make another one."""

    name: str | msgspec.UnsetType = msgspec.UNSET


def new_key(body: NewKeyBody) -> NewKey:
    """What is asked for, in core's words."""
    return NewKey(
        name=body.name,
        scopes=frozenset(body.scopes),
        alias_id=body.alias_id,
        domain=body.domain,
        expires_at=body.expires_at,
    )


def key_resource(key: ApiKey, *, current: UUID | None) -> KeyResource:
    """The key as programs see it; `current` is the one that asks."""
    return KeyResource(
        id=key.key_id,
        name=key.name,
        scopes=list(key.scopes),
        alias=AliasRef(id=key.alias_id, email=key.alias_address or "") if key.alias_id else None,
        domain=key.domain,
        created_on=key.created_on,
        expires_at=rfc3339(key.expires_at) if key.expires_at else None,
        last_used_on=key.last_used_on,
        made_with=key.made_with,
        is_current=key.key_id == current,
        is_readable=key.is_readable,
    )


def made_key_resource(made: MadeKey, *, current: UUID | None) -> MadeKeyResource:
    """The key with what is shown once."""
    shown = key_resource(made.shown, current=current)
    return MadeKeyResource(key=made.key, **{name: getattr(shown, name) for name in shown.__struct_fields__})
