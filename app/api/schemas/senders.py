"""Who writes to an alias, over the wire; leaks and weeks are core's own values. No lookups, no I/O."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.senders.model import Leak, Sender, Statistics, Week
from app.core.senders.overview import Leaked


class SenderResource(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has written to the alias; `organisation` is the registered domain, or empty."""

    id: UUID
    name: str
    """As the sender wrote it."""
    address: str
    organisation: str
    """The registered domain, or empty."""
    message_count: int
    first_on: date
    """By UTC."""
    last_on: date
    """By UTC."""
    is_expected: bool
    """The owner has said that this organisation may write to the alias."""
    leak: Leak | None
    """Why this sender should perhaps not have the address; null: no reason."""
    is_readable: bool
    """False: what was stored is damaged, so name, address and organisation are empty."""


class SenderPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396)."""

    is_expected: bool | msgspec.UnsetType = msgspec.UNSET


class StatisticsResource(msgspec.Struct, frozen=True, kw_only=True):
    """How an alias is used: `weeks` are the last 53, oldest first; `refused_count` is of 30 days.

    Of an alias 1,000 senders are listed; `unlisted_count` is the mail of all others.
    """

    received_count: int
    """All it has ever taken."""
    last_received_on: date | None
    refused_count: int
    """Of the last 30 days."""
    sender_count: int
    """Up to 1,000."""
    unlisted_count: int
    """Messages of senders beyond those."""
    weeks: tuple[Week, ...]
    """The last 53, oldest first."""


class LeakedAliasResource(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that may have leaked, the newest stranger first."""

    alias: AliasRef
    leaks: tuple[Leak, ...]


def sender_resource(sender: Sender) -> SenderResource:
    """The sender as the alias's owner sees him."""
    return SenderResource(
        id=sender.sender_id,
        name=sender.name,
        address=sender.address,
        organisation=sender.organisation,
        message_count=sender.message_count,
        first_on=sender.first_on,
        last_on=sender.last_on,
        is_expected=sender.is_expected,
        leak=sender.leak,
        is_readable=sender.is_readable,
    )


def statistics_resource(found: Statistics) -> StatisticsResource:
    """The numbers of an alias."""
    return StatisticsResource(
        received_count=found.received,
        last_received_on=found.last_received_on,
        refused_count=found.refused,
        sender_count=found.sender_count,
        unlisted_count=found.unlisted,
        weeks=found.weeks,
    )


def leaked_alias_resource(one: Leaked) -> LeakedAliasResource:
    """The alias and why it is here."""
    return LeakedAliasResource(alias=AliasRef(id=one.alias.alias_id, email=one.alias.address), leaks=one.leaks)
