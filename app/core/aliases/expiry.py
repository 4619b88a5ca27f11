"""When an alias stops taking mail by itself. Pure; `queries` says the same in SQL for lists."""

from datetime import date, datetime, timedelta

from app.core.aliases.model import Alias, Ending


def ending(
    *,
    expires_at: datetime | None,
    messages_left: int | None,
    idle_days: int | None,
    idle_from: date | None,
    last_received_on: date | None,
    now: datetime,
) -> Ending | None:
    """Why an alias has expired at `now` (UTC); None when it has not.

    It is idle once more than `idle_days` whole days have passed since its newest message, or since `idle_from` where
    that is later.
    """
    if expires_at is not None and expires_at <= now:
        return "date"
    if messages_left == 0:
        return "count"
    active = [day for day in (idle_from, last_received_on) if day is not None]
    if idle_days is not None and active and max(active) + timedelta(days=idle_days) < now.date():
        return "idle"
    return None


def ending_of(alias: Alias, *, now: datetime) -> Ending | None:
    """The same of an opened alias."""
    return ending(
        expires_at=alias.expires_at,
        messages_left=alias.messages_left,
        idle_days=alias.idle_days,
        idle_from=alias.idle_from,
        last_received_on=alias.last_day,
        now=now,
    )
