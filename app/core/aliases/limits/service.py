"""How many aliases an account may have, and how fast it may make them. The caller owns the transaction."""

import math
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases.limits import queries
from app.core.aliases.limits.model import Allowance
from app.core.events import fullness
from app.errors import LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import first_id_at, made_at

PER_HOUR = 200
PER_DAY = 1000
"""Made by the owner, by hand or by a program: an address is never given to anybody else, so names are used up."""
IMPORTED_PER_DAY = 10_000
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


async def allowance(conn: Conn, account_id: UUID) -> Allowance:
    """How many aliases the account has and may have. Raises NotFound."""
    found = await queries.allowance(conn, account_id)
    if found is None:
        raise NotFound
    return found


async def take(conn: Conn, account_id: UUID, *, now: datetime) -> None:
    """Let the owner make one more alias in this transaction; others of the account wait for its end.

    Raises LimitReached: `alias_limit` when the account is full, `alias_rate` (with the seconds to wait) beyond 200 an
    hour or 1,000 a day.
    """
    await accounts.hold(conn, account_id)
    have = await allowance(conn, account_id)
    if not have.room:
        raise LimitReached(full(have), code="alias_limit")
    for span, most in ((_HOUR, PER_HOUR), (_DAY, PER_DAY)):
        first = await queries.nth_newest(conn, account_id, most, made_by="owner", first_id=first_id_at(now - span))
        if first is not None:
            wait = max(1, math.ceil((made_at(first) + span - now).total_seconds()))
            text = f"That was {most:,} aliases in {_SPANS[span]}, the most that can be made. {_waiting(wait)}"
            raise LimitReached(text, code="alias_rate", retry_after=wait)
    await _note(conn, account_id, msgspec.structs.replace(have, alias_count=have.alias_count + 1), now=now)


async def note(conn: Conn, account_id: UUID, *, now: datetime) -> None:
    """Note how many of its aliases the account has after this change, and tell where that is nearly or wholly all."""
    await _note(conn, account_id, await allowance(conn, account_id), now=now)


async def _note(conn: Conn, account_id: UUID, have: Allowance, *, now: datetime) -> None:
    found = fullness.of("aliases", used=have.alias_count, limit=have.alias_limit)
    if found.percent != have.aliases_warned:
        await fullness.note(conn, account_id, found, now=now)


async def assert_within(conn: Conn, account_id: UUID) -> None:
    """Raise LimitReached where the account has more aliases than it may. The transaction has it on hold."""
    have = await allowance(conn, account_id)
    if have.alias_count > have.alias_limit:
        text = f"Your account may have {have.alias_limit:,} aliases, and this would be {have.alias_count:,}."
        raise LimitReached(f"{text} Delete some first, or ask whoever runs this service for more.", code="alias_limit")


async def importable(conn: Conn, account_id: UUID, *, now: datetime) -> int:
    """How many aliases may come out of files now: what the account has room for, and 10,000 a day."""
    have = await allowance(conn, account_id)
    made = await queries.count_made(conn, account_id, made_by="import", first_id=first_id_at(now - _DAY))
    return min(have.room, max(0, IMPORTED_PER_DAY - made))


def full(have: Allowance) -> str:
    """What is told when an account has all the aliases that it may have."""
    return (
        f"Your account has {have.alias_count:,} of {have.alias_limit:,} aliases. Delete some that you no longer use, "
        "or ask whoever runs this service for more."
    )


_SPANS = {_HOUR: "an hour", _DAY: "a day"}


def _waiting(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    if minutes <= 1:
        return "Try again in a minute."
    return f"Try again in {minutes} minutes." if minutes <= 90 else f"Try again in {math.ceil(minutes / 60)} hours."  # noqa: PLR2004
