"""Messages by the beginning of their ids, aliases by their addresses: what people type into what the API takes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.client.server import Params, Server, data_of
from app.client.text import line
from app.errors import Invalid, NotFound
from app.lib.times import rfc3339

SHORTEST = 12
"""Hexadecimal digits: the milliseconds at the beginning of a UUIDv7 (RFC 9562 section 5.7)."""
_FEWEST = 8
_DIGITS = 32
_PAGE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = ("current", "archived", "deleted")

Row = Mapping[str, Any]


def pages(server: Server, path: str, params: Params, *, limit: int) -> Iterator[Row]:
    """The items of a list, at most `limit`, page by page."""
    cursor: str | None = None
    while limit > 0:
        asked = {**params, "limit": str(min(limit, _PAGE))} | ({"cursor": cursor} if cursor else {})
        answer = server.get(path, asked)
        found = data_of(answer)
        yield from found[:limit]
        limit, cursor = limit - len(found), answer.get("next")
        if cursor is None:
            return


def short_ids(ids: Sequence[str]) -> list[str]:
    """Beginnings of these ids, twelve digits or as many more as tell them apart."""
    digits = [one.replace("-", "") for one in ids]
    length = next(
        (count for count in range(SHORTEST, _DIGITS) if len({one[:count] for one in digits}) == len(set(digits))),
        _DIGITS,
    )
    return [one[:length] for one in digits]


def message_id(server: Server, text: str) -> str:
    """The id of the message whose id begins like this; eight digits at least. Raises Invalid, NotFound."""
    start = text.strip().lower().replace("-", "")
    if not re.fullmatch(r"[0-9a-f]+", start) or not _FEWEST <= len(start) <= _DIGITS:
        raise Invalid(f"“{line(text)}” is no message's id. `restante inbox` shows them.", code="bad_id")
    if len(start) == _DIGITS:
        return str(UUID(start))
    params = {
        "after": rfc3339(_EPOCH + timedelta(milliseconds=int(start[:SHORTEST].ljust(SHORTEST, "0"), 16))),
        "before": rfc3339(_EPOCH + timedelta(milliseconds=int(start[:SHORTEST].ljust(SHORTEST, "f"), 16) + 1)),
    }
    for more in ({}, {"folder": "held"}):
        ids = (str(row["id"]) for row in pages(server, "/messages", params | more, limit=_PAGE))
        found = [one for one in ids if one.replace("-", "").startswith(start)]
        if found:
            return _only(found, start)
    raise NotFound(f"There is no message whose id begins with {start}.")


def alias_id(server: Server, text: str) -> str:
    """The id of the alias with this address, archived and deleted ones too; an id stays as it is. Raises NotFound."""
    wanted = text.strip().lower()
    try:
        return str(UUID(wanted))
    except ValueError:
        pass
    for state in _STATES:
        rows = pages(server, "/aliases", {"q": wanted, "state": state}, limit=_PAGE)
        found = next((str(row["id"]) for row in rows if row["email"] == wanted), None)
        if found is not None:
            return found
    raise NotFound(f"You have no alias {line(wanted)}. `restante alias list` shows them.")


def _only(found: Iterable[str], start: str) -> str:
    first, *others = found
    if others:
        raise Invalid(f"Several messages have ids that begin with {start}. Give more of it.", code="ambiguous_id")
    return first
