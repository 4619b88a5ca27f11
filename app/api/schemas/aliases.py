"""Aliases over the wire, and what clients send to make and change them. No lookups, no I/O."""

from uuid import UUID

import msgspec

from app.api.schemas.envelopes import Moment
from app.core.aliases.model import Alias, WhenDisabled
from app.lib.times import rfc3339


class AliasResource(msgspec.Struct, frozen=True, kw_only=True):
    """An alias; `last_received_on` is a day (ISO 8601) or null."""

    id: UUID
    email: str
    is_enabled: bool
    when_disabled: WhenDisabled
    description: str
    created_at: Moment
    message_count: int
    last_received_on: str | None


class NewAliasBody(msgspec.Struct, frozen=True, kw_only=True):
    """What POST /aliases takes, all of it optional. Other fields are ignored: clients made for addy.io send some."""

    domain: str | None = None
    local_part: str | None = None
    description: str | None = None
    format: str | None = None


class AliasPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays, a description of null is removed."""

    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET


def alias_resource(alias: Alias) -> AliasResource:
    """The alias as its owner's programs see it."""
    return AliasResource(
        id=alias.alias_id,
        email=alias.address,
        is_enabled=alias.is_enabled,
        when_disabled=alias.when_disabled,
        description=alias.description,
        created_at=rfc3339(alias.created_at),
        message_count=alias.message_count,
        last_received_on=alias.last_received_on,
    )
