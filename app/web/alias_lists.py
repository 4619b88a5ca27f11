"""A list of aliases as its address says it, what was done there, and the way back. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from app.core.aliases.bulk.service import MAX_AT_ONCE
from app.core.aliases.model import BULK_ACTIONS, SORTS, STATES, AliasStep, Bulk, BulkAction, Listing, Place, Sort, State
from app.errors import Invalid
from app.lib.ids import parse_id
from app.web.notices import Notice, counted, number_in
from app.web.undo import MAX_CHARS, MAX_IDS, decoded_ids, encoded_ids

MAX_TEXT_CHARS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DONE: Mapping[str, str] = {
    "on": "switched on",
    "off": "switched off",
    "pin": "pinned",
    "unpin": "no longer pinned",
    "archive": "archived",
    "unarchive": "back from the archive",
    "category": "given another category",
    "expiry": "given another last day",
    "renew": "taking mail again",
    "delete": "deleted",
    "restore": "restored",
    "undo": "put back as before",
}
_NOTHING = "Nothing was changed. Tick the aliases first, then choose what to do with them."


class AliasQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to and sorted by; what an address says wrongly counts as not said."""

    text: str = ""
    state: State = "current"
    category_id: UUID | None = None
    pinned: bool = False
    sort: Sort = "newest"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "AliasQuery":
        """Out of an address."""
        return cls(
            text=query.get("q", "").strip()[:MAX_TEXT_CHARS],
            state=next((one for one in STATES if one == query.get("state")), "current"),
            category_id=parse_id(query.get("category", "")),
            pinned=bool(query.get("pinned")),
            sort=next((one for one in SORTS if one == query.get("sort")), "newest"),
        )

    @property
    def query(self) -> str:
        """The same as an address says it, or empty."""
        pairs = [("q", self.text), ("category", str(self.category_id or "")), ("pinned", "1" if self.pinned else "")]
        pairs += [("state", "" if self.state == "current" else self.state)]
        pairs += [("sort", "" if self.sort == "newest" else self.sort)]
        return urlencode([(name, value) for name, value in pairs if value])

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out that the plain list shows."""
        return bool(self.text or self.category_id or self.pinned or self.state != "current")

    @property
    def listing(self) -> Listing:
        """What core lists."""
        return Listing(
            text=self.text,
            state=self.state,
            category_id=self.category_id,
            is_pinned=True if self.pinned else None,
            sort=self.sort,
        )


def of_query(text: str) -> AliasQuery:
    """Out of the query of an address."""
    return AliasQuery.of(dict(parse_qsl(text)))


def write_place(place: Place) -> str:
    """`<id>`, or `<id>.<number>`, for an address."""
    return f"{place.alias_id}.{place.number}" if place.number else str(place.alias_id)


def read_place(text: str) -> Place | None:
    """What `write_place` wrote; None for anything else."""
    alias_id, _, number = text.partition(".")
    found = parse_id(alias_id)
    is_number = number.removeprefix("-").isascii() and number.removeprefix("-").isdigit() and len(number) < 16  # noqa: PLR2004
    return Place(alias_id=found, number=int(number) if is_number else 0) if found else None


def notice(query: Mapping[str, str], *, nothing: str = _NOTHING) -> Notice:
    """`3 aliases archived.`; empty where the address tells of nothing done."""
    words, count = _DONE.get(query.get("done", "")), number_in(query, "count", MAX_AT_ONCE)
    if words is None or count is None:
        return Notice(text="")
    text = f"{counted(count, 'alias', 'aliases')} {words}." if count else nothing
    return Notice(text=text, undo=query.get("undo", "")[:MAX_CHARS])


def pack(steps: Sequence[AliasStep]) -> str:
    """`<action>[:value].<ids in base64>~…`; empty when there is nothing to take back, or too much."""
    if sum(len(step.alias_ids) for step in steps) > MAX_IDS:
        return ""
    packed = "~".join(f"{_named(step.bulk)}.{encoded_ids(step.alias_ids)}" for step in steps)
    return packed if len(packed) <= MAX_CHARS else ""


def unpack(text: str) -> tuple[AliasStep, ...]:
    """What `pack` packed. Raises Invalid for anything else."""
    return tuple(_step(part) for part in text.split("~")) if text else ()


def _named(bulk: Bulk) -> str:
    if bulk.action == "category":
        return f"category:{bulk.category_id.hex if bulk.category_id else ''}"
    if bulk.action == "expiry":
        return f"expiry:{(bulk.expires_at - _EPOCH) // _MILLISECOND if bulk.expires_at else ''}"
    return bulk.action


def _step(part: str) -> AliasStep:
    named, _, encoded = part.partition(".")
    name, _, value = named.partition(":")
    ids = decoded_ids(encoded)
    action: BulkAction | None = next((one for one in BULK_ACTIONS if one == name and one != "renew"), None)
    if not ids or action is None:
        raise _gone()
    try:
        bulk = Bulk(
            action=action,
            category_id=UUID(value) if value and action == "category" else None,
            expires_at=_EPOCH + int(value) * _MILLISECOND if value and action == "expiry" else None,
        )
    except (ValueError, OverflowError):
        raise _gone() from None
    return AliasStep(bulk=bulk, alias_ids=ids)


def _gone() -> Invalid:
    return Invalid("This cannot be taken back any more. Open the page again.")
