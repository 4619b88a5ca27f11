"""What a rule of retention is: what is kept where, for how long and why, and what ends it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from app.core.platform import Platform

Forget = Callable[[Platform, datetime], Awaitable[int]]
"""Deletes what has had its time at this moment, of all accounts; how many."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. `what`, `kept` and `why` are shown to people: plain words, no names of ours."""

    name: str
    """For logs and tests."""
    what: str
    where: tuple[str, ...]
    """Tables of the database, in part or whole; or one of `OUTSIDE`."""
    kept: str
    """For how long, or until when; followed by nothing."""
    why: str
    forget: Forget | None = None
    """None: it goes together with what it belongs to, or when its owner deletes it."""
    is_nightly: bool = False
    """Done once a day instead of every hour, because it looks at everything there is."""


OUTSIDE = frozenset({"object store", "log files"})
"""Where things are kept beside the database."""
