"""Domains over the wire, and what clients send to add and change them. No lookups, no I/O."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.domains import records
from app.core.domains.model import (
    CatchAllMode,
    DomainPatch,
    OwnDomain,
    Pattern,
    PatternKind,
    Record,
    RecordKind,
    RecordState,
    SharedDomain,
    State,
)
from app.lib.times import Moment, rfc3339


class RecordResource(msgspec.Struct, frozen=True, kw_only=True):
    """A DNS record to set. `found` is what is there, clipped, and hostile: whoever runs the domain wrote it."""

    kind: RecordKind
    type: str
    name: str
    value: str
    is_required: bool
    state: RecordState
    found: list[str]
    advice: str


class PatternResource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which local parts a catch-all takes: `*` and `?`, or an expression in RE2's syntax that matches the whole."""

    kind: PatternKind
    text: str


class DomainResource(msgspec.Struct, frozen=True, kw_only=True):
    """A domain of the account. Mail is taken while `state` is `active` or `failing`; domains only receive.

    `is_taken`: somebody else has proven it. `pauses_at` is when mail will be put off unless the proof comes back.
    """

    domain: str
    """In A-labels."""
    unicode: str
    """As people read it."""
    is_mixed_script: bool
    """Its letters are of scripts that look alike: beware."""
    state: State
    """Not proven yet; proven; proven once, and the proof is missing now; missing for long, and mail is put off."""
    is_receive_only: bool
    is_taken: bool
    """Somebody else has proven it."""
    added_on: date
    proven_on: date | None
    """When its proof was first found."""
    checked_at: Moment | None
    next_check_at: Moment
    failing_since: Moment | None
    pauses_at: Moment | None
    """When mail will be put off, unless the proof comes back."""
    records: list[RecordResource]
    """What to set in DNS, and what is there."""
    zone_file: str
    """The same for a zone file (RFC 1035)."""
    catch_all: CatchAllMode
    """Mail for addresses that are no alias: refused, taken into one alias, or each gets an alias of its own."""
    catch_all_alias_id: UUID | None
    """The one alias."""
    catch_all_pattern: PatternResource | None
    """Which addresses a catch-all takes; null: all."""


class NewDomainBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST takes; Unicode is fine."""

    domain: str


class DomainPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays; without a pattern every address is taken."""

    catch_all: CatchAllMode | msgspec.UnsetType = msgspec.UNSET
    catch_all_alias_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    catch_all_pattern: PatternResource | msgspec.UnsetType | None = msgspec.UNSET


class SharedDomainResource(msgspec.Struct, frozen=True, kw_only=True):
    """A domain that everybody may make aliases on; the first of the list is used where none is named."""

    domain: str
    unicode: str
    is_default: bool
    is_configured: bool


class SharedPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only true can be set: some domain is always the first."""

    is_default: bool


def domain_resource(domain: OwnDomain) -> DomainResource:
    """The domain as its owner's programs see it."""
    pattern = domain.catch_all.pattern
    return DomainResource(
        domain=domain.domain,
        unicode=domain.unicode,
        is_mixed_script=domain.is_mixed_script,
        state=domain.state,
        is_receive_only=True,
        is_taken=domain.is_taken,
        added_on=domain.added_on,
        proven_on=domain.proven_on,
        checked_at=rfc3339(domain.checked_at) if domain.checked_at else None,
        next_check_at=rfc3339(domain.next_check_at),
        failing_since=rfc3339(domain.failing_since) if domain.failing_since else None,
        pauses_at=rfc3339(domain.pauses_at) if domain.pauses_at else None,
        records=[_record(one) for one in domain.records],
        zone_file=records.zone_text(domain.records),
        catch_all=domain.catch_all.mode,
        catch_all_alias_id=domain.catch_all.alias_id,
        catch_all_pattern=PatternResource(kind=pattern.kind, text=pattern.text) if pattern else None,
    )


def shared_resource(domain: SharedDomain, *, is_first: bool, unicode: str) -> SharedDomainResource:
    """A shared domain as programs see it."""
    return SharedDomainResource(
        domain=domain.domain, unicode=unicode, is_default=is_first, is_configured=domain.is_configured
    )


def patch_of(body: DomainPatchBody) -> DomainPatch:
    """What the body changes."""
    pattern = body.catch_all_pattern
    if isinstance(pattern, PatternResource):
        return DomainPatch(
            mode=body.catch_all, alias_id=body.catch_all_alias_id, pattern=Pattern(pattern.kind, pattern.text)
        )
    return DomainPatch(mode=body.catch_all, alias_id=body.catch_all_alias_id, pattern=pattern)


def _record(record: Record) -> RecordResource:
    return RecordResource(
        kind=record.kind,
        type=record.type,
        name=record.name,
        value=record.value,
        is_required=record.is_required,
        state=record.state,
        found=list(record.found),
        advice=record.advice,
    )
