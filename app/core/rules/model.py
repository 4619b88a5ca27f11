"""A rule about a sender: block or allow, an address or a domain with its subdomains, for one alias or the account."""

from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

Verdict = Literal["block", "allow"]
Kind = Literal["address", "domain"]
Scope: TypeAlias = UUID | Literal["account"] | None
"""Which rules a list shows: those of one alias, those of the whole account, or (None) all."""


class NewRule(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner writes: `ada@shop.example`, or `shop.example` for the domain and its subdomains."""

    text: str
    alias_id: UUID | None = None
    """None: for every alias of the account."""
    note: str = ""
    is_as_sent: bool = False
    """The text is the sender of a message, so nothing in it is a slip."""

    def __repr__(self) -> str:
        return f"NewRule(alias_id={self.alias_id})"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its owner sees it, opened."""

    rule_id: UUID
    alias_id: UUID | None
    alias_address: str | None
    verdict: Verdict
    kind: Kind
    text: str
    """In normal form: lower case, the domain in A-labels."""
    note: str
    created_at: datetime
    hit_count: int
    """How often it was what decided."""
    last_hit_on: date | None

    def __repr__(self) -> str:
        return f"Rule({self.rule_id})"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The rule that holds now, and what held about the same sender in the same place before: the way back."""

    rule: Rule
    was: Verdict | None
    """None: the rule is new. The same verdict: it was there already. The other: this one has replaced it."""


class RuleLabel(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a rule under the account's data key. New fields go at the end."""

    text: str
    note: str


class NewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to be stored."""

    rule_id: UUID
    alias_id: UUID | None
    verdict: Verdict
    kind: Kind
    matcher: bytes
    label: bytes


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as stored."""

    rule_id: UUID
    alias_id: UUID | None
    alias_address: str | None
    verdict: Verdict
    kind: Kind
    label: bytes
    hit_count: int
    last_hit_on: date | None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that one of a sender's digests has met."""

    rule_id: UUID
    alias_id: UUID | None
    verdict: Verdict
    kind: Kind
    matcher: bytes
