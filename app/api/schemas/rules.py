"""Rules about senders over the wire, and what clients send to make rules. No lookups, no I/O."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.rules import bulk
from app.core.rules.bulk import Outcome, Written
from app.core.rules.judging import Destination
from app.core.rules.model import Kind, Rule, Verdict
from app.lib.times import Moment, rfc3339


class RuleResource(msgspec.Struct, frozen=True, kw_only=True):
    """A rule. `sender` is an address, or a domain that stands for its subdomains, too; `alias` null for all aliases.

    `hit_count` is how often it was what decided.
    """

    id: UUID
    verdict: Verdict
    """Refused, or always let in."""
    kind: Kind
    """What `sender` is."""
    sender: str
    """An address, or a domain with its subdomains."""
    alias: AliasRef | None
    """Where it holds; null: at all aliases."""
    note: str
    created_at: Moment
    hit_count: int
    """How often it was what decided."""
    last_hit_on: date | None
    """By UTC."""


class NewRuleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /blocks and /allows take: `sender`, or `message_id` for whoever wrote that message.

    With `message_id` the rule is for the message's alias unless `everywhere`, about the address unless `kind` is
    `domain`, and `also` says where a blocked sender's mail in inbox and archive goes.
    """

    sender: str | None = None
    """An address, or a domain with its subdomains."""
    alias_id: UUID | None = None
    """Where it is to hold; null: at all aliases."""
    message_id: UUID | None = None
    """Instead of `sender`: whoever wrote this message."""
    kind: Kind = "address"
    """With `message_id`: the address, or its whole domain."""
    everywhere: bool = False
    """With `message_id`: at all aliases."""
    also: Destination | None = None
    """With `message_id`: where a blocked sender's mail in inbox and archive goes."""
    note: str = ""


class RuleBatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Senders of at most a thousand rules, all for one alias or (null) for all."""

    senders: Annotated[list[str], msgspec.Meta(max_length=bulk.MAX_AT_ONCE)]
    alias_id: UUID | None = None
    note: str = ""


class WrittenResource(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one sender: `made`, `turned` (the rule said the opposite), `there`, `invalid` or `too_many`."""

    sender: str
    outcome: Outcome
    detail: str
    rule_id: UUID | None


class ReleaseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`allow`: from now on the sender may write to the alias, and what else is held of him is let in as well."""

    allow: bool = False


class ReleasedResource(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages were let in, and the rule that was made, if one was."""

    released: int
    rule: RuleResource | None


def rule_resource(rule: Rule) -> RuleResource:
    """The rule as its owner's programs see it."""
    alias = None
    if rule.alias_id is not None:
        alias = AliasRef(id=rule.alias_id, email=rule.alias_address or "")
    return RuleResource(
        id=rule.rule_id,
        verdict=rule.verdict,
        kind=rule.kind,
        sender=rule.text,
        alias=alias,
        note=rule.note,
        created_at=rfc3339(rule.created_at),
        hit_count=rule.hit_count,
        last_hit_on=rule.last_hit_on,
    )


def written_resource(one: Written) -> WrittenResource:
    """What became of one sender of a list."""
    return WrittenResource(sender=one.text, outcome=one.outcome, detail=one.told, rule_id=one.rule_id)
