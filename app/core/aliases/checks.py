"""What of an alias can be as its owner wants it, and what is wrong with it, all at once. Pure."""

import re
from datetime import datetime

import msgspec

from app.core.aliases import naming, sites
from app.core.aliases.model import AliasPatch, NewAlias
from app.errors import FieldError, Invalid

MAX_DESCRIPTION_CHARS = 500
MAX_NOTE_CHARS = 2000
MAX_MESSAGES = 1_000_000
MAX_IDLE_DAYS = 3650
_LAST_YEAR = 2999
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_new(new: NewAlias, *, now: datetime, is_own_domain: bool = False) -> list[FieldError]:
    """What is wrong with a new alias, besides its domain and category."""
    faults = []
    if new.local_part is not None:
        fault = naming.fault_of(new.local_part, is_own_domain=is_own_domain)
        if fault is not None:
            faults.append(FieldError(field="local_part", message=fault))
        elif new.format is not None:
            text = "Give either `local_part` or the format of a random one."
            faults.append(FieldError(field="format", message=text))
    if new.format == "site" and not new.site.strip():
        text = "Name the site, as in shop.example, or choose another format."
        faults.append(FieldError(field="site", message=text))
    patch = AliasPatch(
        description=new.description,
        site=new.site,
        note=new.note,
        expires_at=new.expires_at,
        message_limit=new.message_limit,
        idle_days=new.idle_days,
    )
    return faults + check_patch(patch, now=now)


def check_patch(patch: AliasPatch, *, now: datetime) -> list[FieldError]:
    """What is wrong with a change, besides its category."""
    found = {
        "description": _bad_text(patch.description, MAX_DESCRIPTION_CHARS),
        "site": _bad_site(patch.site),
        "note": _bad_text(patch.note, MAX_NOTE_CHARS),
        "expires_at": _bad_end(patch.expires_at, now),
        "message_limit": _out_of(patch.message_limit, MAX_MESSAGES),
        "idle_days": _out_of(patch.idle_days, MAX_IDLE_DAYS),
    }
    return [FieldError(field=name, message=message) for name, message in found.items() if message]


def assert_none(faults: list[FieldError], summary: str) -> None:
    """Raise Invalid where there are faults."""
    if faults:
        raise Invalid(summary, fields=faults)


def has_control_characters(text: str) -> bool:
    """Whether it holds what no text has (tabs and line ends it may): a file of aliases could not carry it."""
    return _CONTROL.search(text) is not None


def _bad_text(text: str | msgspec.UnsetType, most: int) -> str | None:
    if not isinstance(text, str):
        return None
    if len(text) > most:
        return f"Use at most {most} characters."
    return "Leave out control characters; they cannot be shown." if has_control_characters(text) else None


def _bad_site(text: str | msgspec.UnsetType) -> str | None:
    if isinstance(text, str) and sites.normal_site(text) is None:
        return "Write the site as in shop.example, or leave this empty."
    return None


def _bad_end(moment: datetime | msgspec.UnsetType | None, now: datetime) -> str | None:
    if not isinstance(moment, datetime):
        return None
    if moment.tzinfo is None:
        return "Give a time with its zone, as in 2026-11-21T09:30:00Z."
    if moment <= now:
        return "Choose a time to come."
    if moment.year > _LAST_YEAR:
        return f"Choose a time before the year {_LAST_YEAR + 1}, or none."
    return None


def _out_of(number: int | msgspec.UnsetType | None, most: int) -> str | None:
    if isinstance(number, int) and not 1 <= number <= most:
        return f"Choose a number from 1 to {most:,}."
    return None
