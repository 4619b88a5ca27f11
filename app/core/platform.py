"""What the whole product stands on, built once a process by the wiring and handed to every use case that needs it."""

from pathlib import Path

import msgspec

from app.core.auth.guessing import Guesses
from app.core.auth.hashing import PasswordHasher
from app.core.billing.shop import Shop
from app.core.joining.model import JoiningMode
from app.core.tallies.service import Tallies
from app.lib.blobs import BlobStore
from app.lib.db import Database
from app.lib.outbound import Outbound
from app.lib.resolver import Resolver
from app.lib.wakeups import Listener
from app.vault.instance import InstanceKey


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """The database, the object store, the instance key, and the few settings the product itself needs."""

    db: Database
    listener: Listener
    blobs: BlobStore
    instance: InstanceKey
    hasher: PasswordHasher
    guesses: Guesses
    resolver: Resolver
    outbound: Outbound
    public_url: str
    hostname: str
    max_message_size: int
    storage_limit: int
    """Bytes a new account may store."""
    alias_limit: int
    """Aliases a new account may have, and domains of its own."""
    domain_limit: int
    joining: JoiningMode
    joining_rate: int
    """Accounts an hour in all, while everybody may make one."""
    shard: int
    """Which of the counters' shards this process adds to (0 to 31)."""
    tallies: Tallies
    data_dir: Path
    """Where the service keeps what is on this machine: the embedded database, objects, logs."""
    shop: Shop | None = None
    """None: nothing is sold by Stripe."""
