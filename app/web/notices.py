"""What a page says has just been done, as the address it was sent to tells it; and the way to take it back. Pure."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from app.core.filing import service as filing
from app.core.rules.bulk import MAX_AT_ONCE
from app.web.paging import address
from app.web.session import local_path
from app.web.undo import MAX_CHARS

_MESSAGES: Mapping[str, str] = {
    "read": "marked read",
    "unread": "marked unread",
    "star": "starred",
    "unstar": "no longer starred",
    "inbox": "moved to the inbox",
    "archive": "archived",
    "spam": "marked as spam",
    "trash": "moved to the trash",
    "held": "moved to the waiting room",
    "delete": "deleted for ever",
    "undo": "put back as before",
    "released": "let into the inbox",
}
_RULES: Mapping[str, str] = {
    "blocked": "blocked",
    "allowed": "allowed",
    "known": "known already; nothing was changed",
}
_STRANGERS: Mapping[str, str] = {
    "fine": "Noted: this organisation may write to this alias.",
    "stranger": "Taken back: this organisation is judged like any other.",
}
_NOTHING = "Nothing was changed. Tick the messages first, then choose what to do with them."


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The sentence, and the word that takes it back; either may be empty."""

    text: str
    undo: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], *, nothing: str = _NOTHING) -> "Notice":
        """`3 messages archived.`; empty where the address tells of nothing done. `nothing` is for none ticked."""
        return cls(text=_text(query, nothing), undo=query.get("undo", "")[:MAX_CHARS])


def told(back: str, done: str, count: int, undo: str, *, moved: int = 0) -> str:
    """The page of ours to go back to, with what was done to how many, and how many messages moved with that."""
    notice = [("done", done), ("count", str(count))]
    notice += [("moved", str(moved))] if moved else []
    notice += [("undo", undo)] if undo else []
    return address(local_path(back), urlencode(notice))


def _text(query: Mapping[str, str], nothing: str) -> str:
    done = query.get("done", "")
    count = number_in(query, "count", filing.MAX_AT_ONCE if done in _MESSAGES else MAX_AT_ONCE)
    if count is None:
        return ""
    if done in _MESSAGES:
        return f"{counted(count, 'message')} {_MESSAGES[done]}." if count else nothing
    if done in _RULES:
        moved = number_in(query, "moved", 2 * filing.MAX_AT_ONCE)
        also = f" {counted(moved, 'message')} moved with that." if moved else ""
        return f"{counted(count, 'sender')} {_RULES[done]}.{also}" if count else nothing
    if done == "deleted":
        return "The rule is deleted. Mail it has refused does not come back by itself." if count else ""
    if done in _STRANGERS:
        return _STRANGERS[done]
    if done == "back":
        return "Taken back: all is as before." if count else "There was nothing left to take back."
    return ""


def number_in(query: Mapping[str, str], name: str, most: int) -> int | None:
    """The number that an address tells under this name; None for what is none, or larger than what we tell."""
    text = query.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and int(text) <= most else None


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 alias`, `2,000 aliases`; the plural takes an s unless it is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
