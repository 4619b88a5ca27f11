"""Who writes to an alias, over the wire. No lookups, no I/O."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.senders.model import Leak, Sender, Statistics
from app.core.senders.overview import Leaked


class EvidenceResource(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that wrote before; `since` is null where its site was named and it has not written."""

    organisation: str
    since: date | None
    message_count: int


class LeakResource(msgspec.Struct, frozen=True, kw_only=True):
    """The alias may have leaked from `source`: `stranger` writes to it. A guess, with what it is made from.

    `is_named`: the alias says by its site, description or name that it was made for the source.
    """

    source: str
    stranger: str
    first_on: date
    message_count: int
    is_named: bool
    known: tuple[EvidenceResource, ...]


class SenderResource(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has written to the alias; `organisation` is the registered domain, or empty."""

    id: UUID
    name: str
    address: str
    organisation: str
    message_count: int
    first_on: date
    last_on: date
    is_expected: bool
    """The owner has said that this organisation may write to the alias."""
    leak: LeakResource | None


class SenderPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396)."""

    is_expected: bool | msgspec.UnsetType = msgspec.UNSET


class WeekResource(msgspec.Struct, frozen=True, kw_only=True):
    """The seven days from `monday` on."""

    monday: date
    message_count: int


class StatisticsResource(msgspec.Struct, frozen=True, kw_only=True):
    """How an alias is used: `weeks` are the last 53, oldest first; `refused` is of 30 days.

    Of an alias 1,000 senders are listed; `unlisted_count` is the mail of all others.
    """

    received_count: int
    last_received_on: date | None
    refused_count: int
    sender_count: int
    unlisted_count: int
    weeks: tuple[WeekResource, ...]


class LeakedAliasResource(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that may have leaked, the newest stranger first."""

    alias_id: UUID
    email: str
    leaks: tuple[LeakResource, ...]


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
        leak=_leak(sender.leak) if sender.leak else None,
    )


def statistics_resource(found: Statistics) -> StatisticsResource:
    """The numbers of an alias."""
    return StatisticsResource(
        received_count=found.received,
        last_received_on=found.last_received_on,
        refused_count=found.refused,
        sender_count=found.sender_count,
        unlisted_count=found.unlisted,
        weeks=tuple(WeekResource(monday=one.monday, message_count=one.message_count) for one in found.weeks),
    )


def leaked_alias_resource(one: Leaked) -> LeakedAliasResource:
    """The alias and why it is here."""
    return LeakedAliasResource(
        alias_id=one.alias.alias_id, email=one.alias.address, leaks=tuple(_leak(leak) for leak in one.leaks)
    )


def _leak(leak: Leak) -> LeakResource:
    return LeakResource(
        source=leak.source,
        stranger=leak.stranger,
        first_on=leak.first_on,
        message_count=leak.message_count,
        is_named=leak.is_named,
        known=tuple(
            EvidenceResource(organisation=one.organisation, since=one.since, message_count=one.message_count)
            for one in leak.known
        ),
    )
