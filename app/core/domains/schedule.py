"""When a domain's records are asked for again, and what a check makes of its state. Pure."""

from datetime import datetime, timedelta

import msgspec

from app.core.domains.model import DomainRow, RecordState, State

DAILY, HOURLY = timedelta(days=1), timedelta(hours=1)
EAGER_FOR = timedelta(days=3)
"""A domain that waits for its proof is looked at every hour for so long, then every day."""
PAUSE_AFTER = timedelta(days=7)
"""Without its proof for so long, a domain's mail is put off until the proof is back."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a check changes."""

    is_proof_found: bool
    failing_since: datetime | None
    is_paused: bool
    next_check_at: datetime


def after_check(row: DomainRow, proof: RecordState, *, now: datetime) -> Outcome:
    """What follows from how the proof was found. No answer (`unknown`) changes nothing: it is no evidence."""
    if proof == "ok":
        return Outcome(is_proof_found=True, failing_since=None, is_paused=False, next_check_at=now + DAILY)
    if not row.is_proven:
        is_new = now - EAGER_FOR < datetime(row.added_on.year, row.added_on.month, row.added_on.day, tzinfo=now.tzinfo)
        pause = HOURLY if is_new and not row.is_taken else DAILY
        return Outcome(is_proof_found=False, failing_since=None, is_paused=False, next_check_at=now + pause)
    since = row.failing_since if proof == "unknown" else row.failing_since or now
    is_over = proof != "unknown" and since is not None and now - since >= PAUSE_AFTER
    return Outcome(
        is_proof_found=False,
        failing_since=since,
        is_paused=row.is_paused or is_over,
        next_check_at=now + HOURLY,
    )


def state(row: DomainRow) -> State:
    """The domain's state in a word."""
    if not row.is_proven:
        return "waiting"
    if row.is_paused:
        return "paused"
    return "failing" if row.failing_since is not None else "active"
