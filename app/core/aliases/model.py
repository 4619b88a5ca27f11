"""An alias: an address of its own for one site, what its owner wrote about it, and when it takes mail."""

from datetime import date, datetime
from typing import Literal, NamedTuple, get_args
from uuid import UUID

import msgspec

from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.auth.model import WHOLE, Reach

WhenDisabled = Literal["refuse", "defer", "discard"]
"""What a sender gets while the alias is off or has expired: 550, 421, or a 250 for mail that is dropped."""
WHEN_DISABLED: tuple[WhenDisabled, ...] = get_args(WhenDisabled)
Screening = Literal["open", "known"]
"""Whose mail comes into the inbox: everybody's, or that of known senders; that of others is held."""
Format = Literal["words", "name", "uuid", "random", "site"]
"""How a local part made at random looks (`generate`)."""
FORMATS: tuple[Format, ...] = get_args(Format)
Ending = Literal["date", "count", "idle"]
"""Why an alias has expired: its day has come, it has its messages, nobody has written for long."""
State = Literal["current", "on", "off", "expired", "archived", "deleted"]
"""Which aliases a list shows. All but the last two leave out what is archived or deleted; "on" has not expired."""
STATES: tuple[State, ...] = get_args(State)
Sort = Literal["newest", "name", "recent", "busiest"]
"""By when they were made, by address, by the day of the newest message, by how many messages there are."""
SORTS: tuple[Sort, ...] = get_args(Sort)

BulkAction = Literal[
    "on", "off", "pin", "unpin", "archive", "unarchive", "category", "expiry", "renew", "delete", "restore"
]
"""What can be done to many at once; "renew" takes away whatever has made them expire."""
BULK_ACTIONS: tuple[BulkAction, ...] = get_args(BulkAction)


class AliasSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner sets and the database sees; the names are the columns'."""

    is_enabled: bool = True
    when_disabled: WhenDisabled = "refuse"
    category_id: UUID | None = None
    is_pinned: bool = False
    is_archived: bool = False
    """Kept out of lists, and takes mail as before."""
    expires_at: datetime | None = None
    message_limit: int | None = None
    """Messages it takes in all."""
    messages_left: int | None = None
    idle_days: int | None = None
    """Days without a message after which it takes no more."""
    idle_from: date | None = None
    """Idleness is counted from here, or from the newest message."""
    screening: Screening = "open"


class Alias(AliasSettings, frozen=True, kw_only=True):
    """An alias as its owner sees it, opened."""

    alias_id: UUID
    address: str
    description: str
    created_at: datetime
    message_count: int
    last_received_on: str | None
    """Day of the newest message, ISO 8601, or None."""
    site: str = ""
    """Host name of the site it was made for, in A-labels; empty where none was named."""
    note: str = ""
    deleted_on: date | None = None
    """It takes no mail and is hidden; its messages stay readable, and its address is nobody else's for ever."""
    is_suspended: bool = False
    """By an administrator: it takes no mail, whatever its owner sets. `administration.suspensions` says why."""
    is_readable: bool = True
    """False: what its owner wrote is damaged, so description, site and note are empty."""

    @property
    def last_day(self) -> date | None:
        """Day of the newest message."""
        return date.fromisoformat(self.last_received_on) if self.last_received_on else None

    @property
    def is_role(self) -> bool:
        """Whether its domain has to answer for it, so that it takes mail in any state."""
        return self.address.partition("@")[0] in ROLE_LOCAL_PARTS

    def __repr__(self) -> str:
        return f"Alias({self.alias_id})"


class NewAlias(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses; without a local part one is made at random."""

    domain: str | None = None
    local_part: str | None = None
    format: Format | None = None
    """Of a random local part; None: `words`."""
    description: str = ""
    site: str = ""
    """A host name or the address of a page."""
    note: str = ""
    category_id: UUID | None = None
    is_pinned: bool = False
    when_disabled: WhenDisabled = "refuse"
    expires_at: datetime | None = None
    message_limit: int | None = None
    idle_days: int | None = None
    screening: Screening = "open"

    def __repr__(self) -> str:
        return "NewAlias()"


class AliasPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes; None takes a category or a limit away."""

    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    when_disabled: WhenDisabled | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    site: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    category_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    is_pinned: bool | msgspec.UnsetType = msgspec.UNSET
    is_archived: bool | msgspec.UnsetType = msgspec.UNSET
    expires_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    message_limit: int | msgspec.UnsetType | None = msgspec.UNSET
    idle_days: int | msgspec.UnsetType | None = msgspec.UNSET
    screening: Screening | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        return "AliasPatch()"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which aliases a list shows, and in which order."""

    text: str = ""
    """Every word of it stands in the address, the description, the site or the category's name."""
    state: State = "current"
    category_id: UUID | None = None
    is_pinned: bool | None = None
    sort: Sort = "newest"
    reach: Reach = WHOLE
    """What the reader sees of the account."""

    def __repr__(self) -> str:
        return "Listing()"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page of a list begins: behind this alias, which stood there with this number when it was shown."""

    alias_id: UUID
    number: int = 0
    """Days since 1970 of its newest message ("recent") or how many it has ("busiest"); 0 for other orders."""


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do to many aliases."""

    action: BulkAction
    category_id: UUID | None = None
    """Of "category"; None takes it away."""
    expires_at: datetime | None = None
    """Of "expiry"; None takes it away."""
    trashes_mail: bool = False
    """Of "delete": what they have received goes into the trash."""


class AliasStep(msgspec.Struct, frozen=True, kw_only=True):
    """What takes an action back, and the aliases it is for."""

    bulk: Bulk
    alias_ids: tuple[UUID, ...]


class AliasDetails(msgspec.Struct, frozen=True, array_like=True):
    """What the owner wrote, sealed under the account's data key. New fields go at the end."""

    description: str
    created_at: datetime
    site: str = ""
    note: str = ""

    def __repr__(self) -> str:
        return "AliasDetails()"


class AliasRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alias as stored. Nothing has a default, so that no column can be forgotten where it is read."""

    alias_id: UUID
    address: str
    is_enabled: bool
    when_disabled: WhenDisabled
    details: bytes
    category_id: UUID | None
    is_pinned: bool
    is_archived: bool
    deleted_on: date | None
    expires_at: datetime | None
    message_limit: int | None
    messages_left: int | None
    idle_days: int | None
    idle_from: date | None
    screening: Screening
    is_suspended: bool
    message_count: int
    last_received_on: str | None


class AliasText(NamedTuple):
    """What of an alias can be searched; thousands of them are read at once."""

    alias_id: UUID
    address: str
    details: bytes
    category_id: UUID | None
    number: int


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """What receiving needs to know of an address: its alias, its account's state, and the keys mail is sealed with."""

    account_id: UUID
    alias_id: UUID
    address: str
    is_enabled: bool
    when_disabled: WhenDisabled
    status: str
    kind: str
    public_key: bytes
    index_key: bytes
    """Under the instance key."""
    storage_limit: int
    stored_bytes: int
    has_rules: bool = False
    """The account has any, about whatever sender and alias."""
    told: list[str] | None = None
    """What its webhooks are told of: types of events, and `thin` or `full` for how much; None where it has none."""
    storage_warned: int = 0
    """How full its owner was last told the account is, in percent."""
    screening: Screening = "open"
    expires_at: datetime | None = None
    messages_left: int | None = None
    idle_days: int | None = None
    idle_from: date | None = None
    last_received_on: date | None = None
    """Looked up only where `idle_days` asks for it."""
    is_domain_paused: bool = False
    """The alias is on a domain of the account whose proof has been missing for long."""
    is_suspended: bool = False
    """The alias, by an administrator; of the account `status` tells."""
    is_to_be_made: bool = False
    """There is no such alias yet: the first mail to it makes it (a catch-all)."""
