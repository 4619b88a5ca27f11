"""Domains: the shared ones, those of one account, what DNS says of them, and where mail for unknown addresses goes."""

from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

State = Literal["waiting", "active", "failing", "paused"]
"""Not proven yet; proven; proven, but the proof is missing now; missing for long, and mail is put off."""
RecordKind = Literal["proof", "mx", "spf", "dmarc", "dkim"]
RecordState = Literal["unasked", "ok", "missing", "wrong", "other", "unknown"]
"""`wrong` keeps the domain from working, `other` is not what we propose but may be meant, `unknown`: no answer."""
CatchAllMode = Literal["off", "alias", "make"]
"""Mail for addresses that are no alias: refused, taken into one alias, or each gets an alias of its own."""
CATCH_ALL_MODES: tuple[CatchAllMode, ...] = get_args(CatchAllMode)
PatternKind = Literal["wildcard", "regex"]
PATTERN_KINDS: tuple[PatternKind, ...] = get_args(PatternKind)

Obstacle = Literal["domain_paused", "too_many_new"]
"""What keeps mail for an unknown address out for now: a lost proof, or all aliases there may be, in all or in a day."""


class SharedDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A domain everybody may make aliases on."""

    domain: str
    created_on: date
    is_configured: bool
    """It stands in RESTANTE_MAIL_DOMAINS, and would come back at the next start."""
    is_default: bool


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """What DNS said about one record; new fields go at the end."""

    kind: RecordKind
    state: RecordState
    found: tuple[str, ...]
    """The records there, clipped; as whoever runs the domain wrote them."""
    reason: str
    """In a word, why the state is not ok: what `advice` explains."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record that the owner is to set, and how it was found."""

    kind: RecordKind
    type: Literal["TXT", "MX"]
    name: str
    """The record's name, in A-labels, without the final dot."""
    value: str
    is_required: bool
    state: RecordState
    found: tuple[str, ...]
    advice: str
    """What is wrong and what to do; empty where nothing is."""


class Pattern(msgspec.Struct, frozen=True, array_like=True):
    """Which local parts a catch-all takes."""

    kind: PatternKind
    text: str

    def __repr__(self) -> str:
        return f"Pattern({self.kind})"


class CatchAll(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail for unknown addresses of a domain goes. Without a pattern: all of it."""

    mode: CatchAllMode = "off"
    alias_id: UUID | None = None
    """With `alias`: which."""
    pattern: Pattern | None = None


class DomainPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes of a catch-all."""

    mode: CatchAllMode | msgspec.UnsetType = msgspec.UNSET
    alias_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    pattern: Pattern | msgspec.UnsetType | None = msgspec.UNSET


class OwnDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A domain of one account as its owner sees it."""

    domain: str
    """In A-labels."""
    unicode: str
    """As people read it."""
    is_mixed_script: bool
    """A label of it has letters of scripts that do not belong together: it may look like another domain."""
    state: State
    added_on: date
    proven_on: date | None
    checked_at: datetime | None
    next_check_at: datetime
    failing_since: datetime | None
    pauses_at: datetime | None
    """When mail will be put off unless the proof comes back."""
    is_taken: bool
    """Somebody else has proven it."""
    records: tuple[Record, ...]
    catch_all: CatchAll


class DomainRow(msgspec.Struct, frozen=True, kw_only=True):
    """A domain of one account as stored, with its entry in the directory."""

    account_id: UUID
    domain: str
    proof_token: str
    added_on: date
    checked_at: datetime | None
    next_check_at: datetime
    failing_since: datetime | None
    findings: bytes | None
    catch_all: CatchAllMode
    catch_all_alias_id: UUID | None
    catch_all_pattern: bytes | None
    is_proven: bool
    is_taken: bool
    is_paused: bool
    proven_on: date | None


class Reception(msgspec.Struct, frozen=True, kw_only=True):
    """What receiving needs to know of a domain that we take mail for."""

    account_id: UUID | None
    """None: a shared domain."""
    is_paused: bool
    catch_all: CatchAllMode
    catch_all_alias_id: UUID | None
    catch_all_pattern: bytes | None
