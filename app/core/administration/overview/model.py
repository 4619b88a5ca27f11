"""What the overview tells: whether the parts work, and numbers of the whole service."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The database as it tells of itself."""

    version: str
    size: int
    """Bytes, indexes included."""
    schema: str
    """The newest of our migrations that was applied."""
    connection_count: int
    connection_limit: int


class AccountNumber(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts there are of a kind and status."""

    kind: str
    status: str
    count: int


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored, of all accounts together."""

    message_count: int
    stored_bytes: int
    alias_count: int
    suspended_alias_count: int
    domain_count: int
    failing_domain_count: int
    """Domains of accounts whose proof is missing now."""
    shared_domain_count: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits to be done in the background."""

    todo_count: int
    doing_count: int
    failed_count: int
    late_since: datetime | None
    """Since when the oldest job that could be done has waited."""
    worker_count: int
    """Workers heard from within a minute."""
    last_beat: datetime | None
    pending_delivery_count: int
    oldest_delivery_at: datetime | None
    """When the webhook that has waited longest was due."""
    disabled_webhook_count: int
    """Switched off because their endpoints failed."""


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """Of the file system that holds the data directory; bytes."""

    free: int
    total: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    version: str
    database: Database
    accounts: tuple[AccountNumber, ...]
    stock: Stock
    queue: Queue
    disk: Disk
    today: date
    mail_today: Mapping[str, int]
    """Recipients of messages by what became of them: a reason of `policy`, `held`, or `failed`."""
    mail_of_week: Mapping[str, int]
    """The same of seven days, today among them."""
    connections_today: Mapping[str, int]
    """SMTP connections: `admitted`, or why not."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job of the queue."""

    job_id: int
    name: str
    status: str
    attempt_count: int
    at: datetime | None
    """When it failed, was taken, or is due."""
