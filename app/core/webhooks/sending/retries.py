"""What follows from an answer: whether and when an event is sent again, and whether its endpoint is given a rest. Pure.

A delivery that fails is tried again by its own schedule while others go on. When two different ones in a row have
failed, it is the endpoint: it gets a pause, and after it the oldest event alone is tried.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from app.core.webhooks.model import DeliveryState, DisabledReason
from app.lib.outbound import Answer

_MINUTE, _HOUR = 60, 3600
PAUSES = (
    *(5, 10, 20, 40, 80),
    *(3 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 40 * _MINUTE, 80 * _MINUTE),
    *(3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR, 24 * _HOUR),
)
"""Seconds after a delivery's first, second, … failure; about three days in all. They double at first: where an endpoint
refuses one request in three by chance, the unluckiest of ten thousand events fails eight times and is there in half an
hour.
"""
ENDPOINT_PAUSES = (1, *PAUSES)
"""Seconds; the first is short, because two failures may follow each other by chance."""
GIVE_UP_AFTER = timedelta(days=3)
"""An endpoint that has answered nothing well for so long is disabled."""
MAX_ASKED = 24 * _HOUR
"""Seconds that an answer may ask us to wait."""
_GONE = 410
_ASKS = {429, 503}
"""Statuses whose Retry-After is about the endpoint, not about the event."""
_OVERLOADED = {408, 421, 425, 429, 502, 503, 504}
_JITTER = 0.15


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint has answered of late; as it is by default: well."""

    failing_since: datetime | None = None
    failure_count: int = 0
    """Attempts that failed since."""
    failed_event_id: UUID | None = None
    """What the newest of them was about."""
    pause_count: int = 0
    """Pauses in a row."""
    next_attempt_at: datetime | None = None
    """When the pause ends; None: there is none."""
    disabled_reason: DisabledReason | None = None

    @property
    def is_paused(self) -> bool:
        """Whether only the oldest event is tried, to see whether the endpoint is back."""
        return self.next_attempt_at is not None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a delivery."""

    state: DeliveryState
    attempt_count: int
    next_attempt_at: datetime


def after_attempt(
    health: Health, event_id: UUID, attempt_count: int, answer: Answer, *, now: datetime, chance: float
) -> tuple[Health, Outcome]:
    """The endpoint's health and the delivery after one more attempt; `chance` from 0 to 1 spreads retries in time."""
    count = attempt_count + 1
    if answer.is_success:
        return Health(), Outcome(state="delivered", attempt_count=count, next_attempt_at=now)
    since = health.failing_since or now
    failing = Health(failing_since=since, failure_count=health.failure_count + 1, failed_event_id=event_id)
    if answer.status == _GONE:
        return _disabled(failing, "gone", count, now)
    asked = min(answer.retry_after or 0.0, MAX_ASKED) if answer.status in _ASKS else 0.0
    if health.is_paused or asked or health.failed_event_id not in {None, event_id}:
        return _rested(health, failing, count, asked, now=now, chance=chance)
    if count > len(PAUSES):
        # Others were taken meanwhile, so it is this event that the endpoint will not have.
        return Health(), Outcome(state="failed", attempt_count=count, next_attempt_at=now)
    wait = _spread(PAUSES[count - 1], chance)
    return failing, Outcome(state="pending", attempt_count=count, next_attempt_at=now + wait)


def is_about_the_event(answer: Answer) -> bool:
    """Whether an endpoint that is paused may yet take another event: it is there, and refused this one."""
    return answer.status is not None and answer.status not in _OVERLOADED and answer.status != _GONE


def _rested(
    before: Health, failing: Health, count: int, asked: float, *, now: datetime, chance: float
) -> tuple[Health, Outcome]:
    end = (failing.failing_since or now) + GIVE_UP_AFTER
    if now >= end:
        return _disabled(failing, "failing", count, now)
    pauses = before.pause_count + 1 if before.is_paused else 1
    wait = _spread(ENDPOINT_PAUSES[min(pauses, len(ENDPOINT_PAUSES)) - 1], chance)
    until = min(now + max(wait, timedelta(seconds=asked)), end)
    paused = msgspec.structs.replace(failing, pause_count=pauses, next_attempt_at=until)
    return paused, Outcome(state="pending", attempt_count=count, next_attempt_at=until)


def _disabled(failing: Health, reason: Literal["gone", "failing"], count: int, now: datetime) -> tuple[Health, Outcome]:
    """Nothing is lost by it: what waits goes out when its owner enables the endpoint again."""
    disabled = msgspec.structs.replace(failing, disabled_reason=reason)
    return disabled, Outcome(state="pending", attempt_count=count, next_attempt_at=now)


def _spread(seconds: float, chance: float) -> timedelta:
    return timedelta(seconds=seconds * (1 - _JITTER + 2 * _JITTER * chance))
