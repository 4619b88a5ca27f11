"""The fields of an alias's forms, into what core takes and back. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from app.core.aliases.model import FORMATS, WHEN_DISABLED, Alias, AliasPatch, NewAlias, Screening
from app.errors import FieldError, Invalid
from app.lib.ids import parse_id
from app.web.forms import Form

_MAX_DIGITS = 9
_TICK = timedelta(microseconds=1)
_SCREENING: Mapping[str, Screening] = {"known": "known"}


def new_alias(form: Form) -> tuple[NewAlias, list[FieldError]]:
    """What the form of a new alias asks for, and its fields that hold no number or day, which it leaves out."""
    local_part = form.get("local_part", "").strip() or None
    limits = _Limits.of(form)
    new = NewAlias(
        domain=form.get("domain") or None,
        local_part=local_part,
        format=None if local_part else next((one for one in FORMATS if one == form.get("format")), None),
        description=form.get("description", ""),
        site=form.get("site", ""),
        note=form.get("note", ""),
        category_id=parse_id(form.get("category_id", "")),
        is_pinned=bool(form.get("is_pinned")),
        when_disabled=next((one for one in WHEN_DISABLED if one == form.get("when_disabled")), "refuse"),
        expires_at=end_of(limits.last_day),
        message_limit=limits.message_limit,
        idle_days=limits.idle_days,
        screening=_SCREENING.get(form.get("screening", ""), "open"),
    )
    return new, limits.faults


def patch(form: Form, alias: Alias) -> tuple[AliasPatch, list[FieldError]]:
    """What the whole form of an alias's settings changes, and its fields that hold no number or day, which it leaves
    out; limits that are as before stay untouched.
    """
    limits, before = _Limits.of(form), fields_of(alias)
    kept = {name for name in ("expires_at", "message_limit", "idle_days") if form.get(name, "").strip() == before[name]}
    changes = AliasPatch(
        when_disabled=next((one for one in WHEN_DISABLED if one == form.get("when_disabled")), alias.when_disabled),
        description=form.get("description", ""),
        site=form.get("site", ""),
        note=form.get("note", ""),
        category_id=parse_id(form.get("category_id", "")),
        is_pinned=bool(form.get("is_pinned")),
        is_archived=bool(form.get("is_archived")),
        expires_at=msgspec.UNSET if "expires_at" in kept else end_of(limits.last_day),
        message_limit=msgspec.UNSET if "message_limit" in kept else limits.message_limit,
        idle_days=msgspec.UNSET if "idle_days" in kept else limits.idle_days,
        screening=_SCREENING.get(form.get("screening", ""), "open"),
    )
    return changes, limits.faults


def fields_of(alias: Alias) -> Form:
    """The same fields as the form shows them."""
    return {
        "description": alias.description,
        "site": alias.site,
        "note": alias.note,
        "category_id": str(alias.category_id or ""),
        "is_pinned": "yes" if alias.is_pinned else "",
        "is_archived": "yes" if alias.is_archived else "",
        "when_disabled": alias.when_disabled,
        "expires_at": last_day(alias.expires_at).isoformat() if alias.expires_at else "",
        "message_limit": str(alias.message_limit or ""),
        "idle_days": str(alias.idle_days or ""),
        "screening": alias.screening,
    }


def last_day(end: datetime) -> date:
    """The last day, in UTC, on which an alias with this end takes mail."""
    return (end.astimezone(UTC) - _TICK).date()


def end_of(day: date | None) -> datetime | None:
    """The end of an alias that takes mail on this day for the last time."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1) if day else None


def read_day(text: str, name: str) -> date | None:
    """The day that a field holds; None where it is empty. Raises Invalid."""
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        day = date.max
    if day is not None and day.year == date.max.year:
        raise Invalid.field(name, "Write days as in 2026-11-21.")
    return day


class _Limits(msgspec.Struct, frozen=True, kw_only=True):
    last_day: date | None
    message_limit: int | None
    idle_days: int | None
    faults: list[FieldError]

    @classmethod
    def of(cls, form: Form) -> "_Limits":
        faults: list[FieldError] = []
        day: date | None = None
        try:
            day = read_day(form.get("expires_at", ""), "expires_at")
        except Invalid as error:
            faults += error.fields
        return cls(
            last_day=day,
            message_limit=_number(form, "message_limit", faults),
            idle_days=_number(form, "idle_days", faults),
            faults=faults,
        )


def _number(form: Form, name: str, faults: list[FieldError]) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        faults.append(FieldError(field=name, message="Write a whole number, or leave this empty."))
        return None
    return int(text)
