"""Aliases over the wire, and what clients send to make and change them. No lookups, no I/O."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from app.core.aliases import expiry
from app.core.aliases.model import Alias, AliasPatch, BulkAction, Ending, Screening, WhenDisabled
from app.lib.times import Moment, rfc3339

MAX_IDS = 1000
"""Of one action; a thousand ids are 40 KB of JSON."""


class AliasResource(msgspec.Struct, frozen=True, kw_only=True):
    """An alias; days are ISO 8601.

    `site` is the host name of the site it was made for, or empty. `messages_left` counts `message_limit` down. Mail is
    taken while `is_enabled`, unless `expired_by` says why no more, `is_suspended`, or `deleted_on` is set.
    """

    id: UUID
    email: str
    """The address to give away."""
    is_enabled: bool
    """False: it was switched off."""
    is_suspended: bool
    """An administrator of the service has suspended it: it takes no mail, whatever `is_enabled` says."""
    when_disabled: WhenDisabled
    """What senders get while it takes no mail: 550, 421 or 450 (`defer`), or 250 for mail that is dropped."""
    description: str
    site: str
    """The host name of the site it was made for, or empty."""
    note: str
    category_id: UUID | None
    is_pinned: bool
    is_archived: bool
    """Not in lists that ask for nothing else, and still taking mail."""
    deleted_on: date | None
    """It takes no mail, and its address is never given to anybody else."""
    expires_at: Moment | None
    """From then on it takes no mail."""
    message_limit: int | None
    """It expires after so many messages."""
    messages_left: int | None
    """Of `message_limit`."""
    idle_days: int | None
    """It expires when nobody has written for so many days."""
    expired_by: Ending | None
    """Why it takes no more mail: its date, its count of messages, or nobody wrote."""
    screening: Screening
    """`known`: mail of senders who have not written before is held until it is let in."""
    created_at: Moment
    message_count: int
    """All it has ever taken."""
    last_received_on: date | None
    """By UTC."""
    is_readable: bool
    """False: what was written about it is damaged, so description, site and note are empty."""


class NewAliasBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /aliases takes, all of it optional; among it all that clients made for addy.io send."""

    domain: str | None = None
    """One of yours, or of the service's; its first one unless given."""
    local_part: str | None = None
    """What stands before the @; made at random unless given."""
    description: str | None = None
    format: str | None = None
    """How one made at random looks: `words`, `name`, `uuid`, `random` or `site`."""
    site: str | None = None
    """A host name, or the address of a page, of which the host name is kept."""
    note: str | None = None
    category_id: UUID | None = None
    is_pinned: bool = False
    when_disabled: WhenDisabled = "refuse"
    """What senders get while it takes no mail."""
    expires_at: datetime | None = None
    """From then on it takes no mail; with its zone."""
    message_limit: int | None = None
    """It expires after so many messages."""
    idle_days: int | None = None
    """It expires when nobody has written for so many days."""
    screening: Screening = "open"
    """`known`: mail of senders who have not written before is held."""
    recipient_ids: list[str] | None = None
    """addy.io's word for where mail is forwarded to. It changes nothing: nothing is forwarded here."""


class AliasPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays, null takes a text, a category or a limit away."""

    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    when_disabled: WhenDisabled | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    site: str | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET
    category_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    is_pinned: bool | msgspec.UnsetType = msgspec.UNSET
    is_archived: bool | msgspec.UnsetType = msgspec.UNSET
    expires_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    message_limit: int | msgspec.UnsetType | None = msgspec.UNSET
    idle_days: int | msgspec.UnsetType | None = msgspec.UNSET
    screening: Screening | msgspec.UnsetType = msgspec.UNSET


class AliasActionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do to at most 1,000 aliases.

    `category_id` is for "category", `expires_at` for "expiry" (null takes it away), `mail` for "delete".
    """

    ids: Annotated[list[UUID], msgspec.Meta(max_length=MAX_IDS)]
    """The aliases."""
    action: BulkAction
    category_id: UUID | None = None
    """For `category`; null: none."""
    expires_at: datetime | None = None
    """For `expiry`; null takes it away."""
    mail: Literal["keep", "trash"] = "keep"
    """For `delete`: what becomes of their messages."""


class NewSuggestionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an address is to be suggested for."""

    domain: str | None = None
    format: str | None = None
    site: str | None = None


class SuggestionResource(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is free at this moment; nobody keeps it."""

    email: str
    local_part: str
    domain: str


def alias_resource(alias: Alias, *, now: datetime) -> AliasResource:
    """The alias as its owner's programs see it."""
    return AliasResource(
        id=alias.alias_id,
        email=alias.address,
        is_enabled=alias.is_enabled,
        is_suspended=alias.is_suspended,
        when_disabled=alias.when_disabled,
        description=alias.description,
        site=alias.site,
        note=alias.note,
        category_id=alias.category_id,
        is_pinned=alias.is_pinned,
        is_archived=alias.is_archived,
        deleted_on=alias.deleted_on,
        expires_at=rfc3339(alias.expires_at) if alias.expires_at else None,
        message_limit=alias.message_limit,
        messages_left=alias.messages_left,
        idle_days=alias.idle_days,
        expired_by=expiry.ending_of(alias, now=now),
        screening=alias.screening,
        created_at=rfc3339(alias.created_at),
        message_count=alias.message_count,
        last_received_on=alias.last_day,
        is_readable=alias.is_readable,
    )


def alias_patch(body: AliasPatchBody) -> AliasPatch:
    """The patch in core's words: a text of null is an empty one."""
    sent = msgspec.structs.asdict(body)
    texts = {name: sent[name] or "" for name in ("description", "site", "note") if sent[name] is None}
    return AliasPatch(**(sent | texts))
