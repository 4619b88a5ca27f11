"""Files of aliases, understood by their first line: ours, SimpleLogin's, addy.io's, or a plain list. Pure.

SimpleLogin writes `alias,note,enabled,mailboxes` (app/alias_utils.py). addy.io writes all columns of its table, among
them `email,active,description,deleted_at` (app/Models/Alias.php), and takes `alias,description,recipient_ids`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, get_args

from app.core.aliases import address as addresses
from app.core.aliases import sites
from app.core.aliases.checks import (
    MAX_DESCRIPTION_CHARS,
    MAX_IDLE_DAYS,
    MAX_MESSAGES,
    MAX_NOTE_CHARS,
    has_control_characters,
)
from app.core.aliases.files import cells, text
from app.core.aliases.files.model import AliasFile, Entry, Source
from app.core.aliases.model import WHEN_DISABLED, Screening
from app.core.categories.service import MAX_NAME_CHARS
from app.errors import Invalid

MAX_LINES = 10_000
"""As many as a usual account has aliases, so that its export comes in again."""
_ADDRESS_CHARS = 320
_SCREENINGS: tuple[Screening, ...] = get_args(Screening)
_ADDRESS = ("alias", "email", "address")
_OTHERS = {
    "description": "description",
    "site": "site",
    "note": "note",
    "category": "category",
    "enabled": "enabled",
    "active": "enabled",
    "when_disabled": "when_disabled",
    "screening": "screening",
    "pinned": "pinned",
    "archived": "archived",
    "expires_at": "expires_at",
    "message_limit": "message_limit",
    "idle_days": "idle_days",
    "created_at": "created_at",
    "deleted_on": "deleted",
    "deleted_at": "deleted",
}
"""What a column of this name holds."""
_COUNTS = frozenset({"messages", "last_received_on"})
"""Our own columns that tell what happened; nobody misses them."""

Cells = Mapping[str, str]
_T = TypeVar("_T")


def read(data: bytes) -> AliasFile:
    """The aliases that a file of at most 4 MiB and 10,000 lines names. Raises Invalid (field `file`).

    A line that cannot be read is an entry with its fault.
    """
    found = text.rows(text.decoded(data))
    _, header = next(found, (1, []))
    names = [cell.strip().lower() for cell in header]
    source = _source(names)
    meanings = _meanings(names)
    entries: list[Entry] = []
    for line, values in found:
        if len(entries) == MAX_LINES:
            raise Invalid.field("file", f"This file has more than {MAX_LINES:,} lines. Split it and send the parts.")
        entries.append(_entry(source, meanings, line, values))
    if not entries:
        raise Invalid.field("file", "There is no line with an alias in this file.")
    return AliasFile(source=source, entries=tuple(entries), unused=_unused(names, meanings))


def _source(names: Sequence[str]) -> Source:
    have = set(names)
    if not have & set(_ADDRESS):
        text = "The first line has to name the columns, and one of them has to be `alias`, `email` or `address`."
        raise Invalid.field("file", text)
    if {"alias", "when_disabled"} <= have:
        return "restante"
    if {"email", "local_part", "active"} <= have or {"alias", "recipient_ids"} <= have:
        return "addy"
    if {"alias", "note", "enabled"} <= have:
        return "simplelogin"
    return "plain"


def _meanings(names: Sequence[str]) -> list[str]:
    """Of each column; empty for one that says nothing to us. The first of several with one meaning counts."""
    address = next(name for name in _ADDRESS if name in names)
    meanings: list[str] = []
    for name in names:
        meaning = "address" if name == address else _OTHERS.get(name, "")
        meanings.append("" if meaning in meanings else meaning)
    return meanings


def _entry(source: Source, meanings: Sequence[str], line: int, values: Sequence[str]) -> Entry:
    if source == "restante":
        values = [cells.restored(value) for value in values]
    found = {meaning: value.strip() for meaning, value in zip(meanings, values, strict=False) if meaning}
    written = found.get("address", "")[:_ADDRESS_CHARS]
    fault = "This line has more cells than the first." if any(values[len(meanings) :]) else ""
    fault = fault or _bad_address(found)
    if fault:
        return Entry(line=line, address=written, fault=fault)
    try:
        return Entry(line=line, address=written, **_said(source, found))
    except ValueError as error:
        return Entry(line=line, address=written, fault=f"{error}.")


def _bad_address(found: Cells) -> str:
    if not found.get("address"):
        return "There is no address in this line."
    return "" if addresses.parse(found["address"]) else "This is not a mail address."


def _said(source: Source, found: Cells) -> dict[str, Any]:
    """The fields of an entry. Raises ValueError with what is wrong, the column's name first."""

    def told(column: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(found.get(column, ""))
        except ValueError as error:
            raise ValueError(f"`{column}` {error}") from None

    description, note = _texts(source, found.get("description", ""), found.get("note", ""))
    found = {**found, "description": description, "note": note}
    # addy.io's library leaves the cell empty where an alias is off.
    empty_is_on = not (source == "addy" and "enabled" in found)
    return {
        "description": told("description", partial(_within, MAX_DESCRIPTION_CHARS)),
        "note": told("note", partial(_within, MAX_NOTE_CHARS)),
        "site": told("site", _site),
        "category": told("category", _category),
        "is_enabled": told("enabled", partial(cells.yes_or_no, when_empty=empty_is_on)),
        "when_disabled": told("when_disabled", partial(cells.one_of, WHEN_DISABLED, "refuse")),
        "screening": told("screening", partial(cells.one_of, _SCREENINGS, "open")),
        "is_pinned": told("pinned", partial(cells.yes_or_no, when_empty=False)),
        "is_archived": told("archived", partial(cells.yes_or_no, when_empty=False)),
        "is_gone": bool(found.get("deleted")),
        "expires_at": told("expires_at", cells.moment),
        "message_limit": told("message_limit", partial(cells.number, MAX_MESSAGES)),
        "idle_days": told("idle_days", partial(cells.number, MAX_IDLE_DAYS)),
        "created_at": _made(found.get("created_at", "")),
    }


def _texts(source: Source, description: str, note: str) -> tuple[str, str]:
    """Elsewhere a note is all there is to say what an alias is for, so it describes it; a long one stays a note too."""
    if source == "restante" or description or not note:
        return description, note
    if len(note) <= MAX_DESCRIPTION_CHARS and "\n" not in note and "\r" not in note:
        return note, ""
    return note.splitlines()[0][:MAX_DESCRIPTION_CHARS].strip(), note


def _within(most: int, value: str) -> str:
    if len(value) > most:
        raise ValueError(f"is longer than {most:,} characters")
    if has_control_characters(value):
        raise ValueError("holds characters that cannot be shown")
    return value


def _site(value: str) -> str:
    site = sites.normal_site(value)
    if site is None:
        raise ValueError("should look like shop.example")
    return site


def _category(value: str) -> str:
    name = " ".join(value.split())
    if not name.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return _within(MAX_NAME_CHARS, name)


def _made(value: str) -> datetime | None:
    """Told for information only, so nothing is lost with one that nobody can read."""
    try:
        return cells.moment(value)
    except ValueError:
        return None


def _unused(names: Sequence[str], meanings: Sequence[str]) -> tuple[str, ...]:
    pairs = zip(names, meanings, strict=True)
    return tuple(name[:60] for name, meaning in pairs if name and not meaning and name not in _COUNTS)
