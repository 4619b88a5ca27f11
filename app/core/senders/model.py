"""Who writes to an alias: what is stored of a sender, what the owner sees, and what makes one a stranger."""

from datetime import date
from typing import Literal, get_args
from uuid import UUID

import msgspec

Sort = Literal["recent", "first", "most"]
"""By the day of the newest message, of the first one, or by how many there are."""
SORTS: tuple[Sort, ...] = get_args(Sort)


class SenderDetails(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a sender, from their first message. New fields go at the end and have defaults."""

    name: str
    address: str
    """In the normal form of rules."""
    organisation: str
    """The registered domain (A-labels) of the address; empty where there is none."""
    claims: tuple[str, ...] = ()
    """Other registered domains that the message named as its own: envelope, signatures, list. Not verified."""
    is_bounce: bool = False
    """A report or an automatic answer: it tells nothing about who has the address."""
    is_bulk: bool = False
    """It came to many, or says so."""

    def __repr__(self) -> str:
        return "SenderDetails()"


class SenderMark(msgspec.Struct, frozen=True, kw_only=True):
    """Who a message is from, as it is stored with the message."""

    sender: bytes
    organisation: bytes
    details: bytes
    """Sealed under the message's key."""
    is_known: bool
    """The alias took everybody's mail when the message came."""


class SenderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sender of an alias as stored, with the counters summed up."""

    sender: bytes
    organisation: bytes
    message_id: UUID
    message_key: bytes | None
    details: bytes
    is_expected: bool
    message_count: int
    last_on: date


class OrganisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the first senders of an organisation, as stored, with the counters of all its senders."""

    organisation: bytes
    sender: bytes
    message_id: UUID
    message_key: bytes | None
    details: bytes
    is_expected: bool
    first_id: UUID
    """The first message of the organisation."""
    message_count: int
    is_answer: bool
    """The first message belongs to a conversation that the alias had before."""


class ExpectedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sender whose organisation may write to the alias of this address, as stored."""

    address: str
    message_id: UUID
    message_key: bytes | None
    details: bytes


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that may write to an alias, as the owner says."""

    alias: str
    """The alias's address."""
    sender: str
    """The first address of the organisation that wrote."""
    organisation: str

    def __repr__(self) -> str:
        return "Expected()"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that an alias was given to, or has heard from before. Told by the API as it is."""

    organisation: str
    since: date | None
    """None: the owner named it, and it has not written."""
    message_count: int


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """An alias may have leaked from `source`: `stranger` writes to it. A guess, with what it is made from.

    Told by the API as it is. `is_named`: the alias says by its site, description or name that it is for the source.
    """

    source: str
    """The registered domain that most likely gave the address away."""
    stranger: str
    """The registered domain that nobody expected."""
    first_on: date
    message_count: int
    is_named: bool
    known: tuple[Evidence, ...]
    """Who wrote before; the first is `source`."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has written to an alias, opened."""

    sender_id: UUID
    name: str
    address: str
    organisation: str
    message_count: int
    first_on: date
    last_on: date
    first_message_id: UUID
    is_expected: bool
    """The owner said that this organisation may write to this alias."""
    leak: Leak | None = None
    is_readable: bool = True
    """False: what was stored of them is damaged, so name, address and organisation are empty."""

    def __repr__(self) -> str:
        return f"Sender({self.sender_id})"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page of senders begins: behind this one, which stood there with this number when it was shown."""

    sender_id: UUID
    number: int = 0
    """Days since 1970 ("recent") or messages ("most"); 0 for "first"."""


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """How much mail came in the seven days from `monday` on. Told by the API as it is."""

    monday: date
    message_count: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How an alias is used."""

    received: int
    """Messages it has ever taken."""
    weeks: tuple[Week, ...]
    """The last 53, oldest first, those without mail as well."""
    refused: int
    """Of the last 30 days: mail that was refused, put off or dropped."""
    sender_count: int
    """Up to as many as are kept (`MOST_SENDERS`)."""
    unlisted: int
    """Messages of senders beyond those."""
    last_received_on: date | None
