"""Aliases in a file: what a line of it says, and what becomes of the line."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from app.core.aliases.model import Screening, WhenDisabled

Source = Literal["restante", "simplelogin", "addy", "plain"]
"""Whose export the first line looks like; `plain`: a list that somebody made."""

OtherDomains = Literal["skip", "same", "generate"]
"""What becomes of addresses on domains that the account cannot use: nothing; the same name, or a new one at random, on
a domain that it can."""
OTHER_DOMAINS: tuple[OtherDomains, ...] = get_args(OtherDomains)

Outcome = Literal["made", "exists", "deleted", "taken", "repeated", "elsewhere", "gone", "limit", "faulty"]
"""Of a line: an alias is (or would be) made; it is there already; the account deleted it; it is or was somebody else's;
an earlier line says the same; its domain is none of ours; the file says that it was deleted; there is no room for it;
the line cannot be read."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a line of the file says. Sealed with its file; new fields get defaults."""

    line: int
    """Where it begins: the file's lines are counted from 1."""
    address: str
    """As written, at most 320 characters."""
    fault: str = ""
    """Why it cannot be read, as a sentence; then only the address above is told."""
    description: str = ""
    site: str = ""
    note: str = ""
    category: str = ""
    is_enabled: bool = True
    when_disabled: WhenDisabled = "refuse"
    screening: Screening = "open"
    is_pinned: bool = False
    is_archived: bool = False
    is_gone: bool = False
    """It was deleted where it comes from."""
    expires_at: datetime | None = None
    message_limit: int | None = None
    idle_days: int | None = None
    created_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Entry(line={self.line})"


class AliasFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was understood."""

    source: Source
    entries: tuple[Entry, ...]
    unused: tuple[str, ...]
    """Columns that say nothing to us, such as where mail was forwarded to."""

    def __repr__(self) -> str:
        return f"AliasFile(source={self.source}, entries={len(self.entries)})"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner wants of lines whose domain is not ours."""

    others: OtherDomains = "skip"
    domain: str | None = None
    """For `same` and `generate`; None: the account's default."""


class LineReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a line, or would."""

    line: int
    written: str
    outcome: Outcome
    address: str = ""
    """Of the alias; empty where none is or was made, and for one that gets a random name, until it has it."""
    detail: str = ""
    """A sentence, where there is something to say."""

    def __repr__(self) -> str:
        return f"LineReport(line={self.line}, outcome={self.outcome})"
