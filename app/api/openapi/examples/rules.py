"""Rules about senders, and refusals."""

from datetime import date
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.rules import (
    NewRuleBody,
    ReleaseBody,
    ReleasedResource,
    RuleBatchBody,
    RuleResource,
    WrittenResource,
)
from app.core.aliases.resources import AliasRef
from app.core.refusals.resources import RefusalResource

_ALIAS = AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL)

EXAMPLES = (
    RuleResource(
        id=UUID(ids.RULE),
        verdict="block",
        kind="domain",
        sender="offers.example",
        alias=_ALIAS,
        note="Asked them twice to stop.",
        created_at="2026-11-13T17:02:44.900Z",
        hit_count=5,
        last_hit_on=date(2026, 11, 19),
    ),
    NewRuleBody(sender="offers.example", alias_id=UUID(ids.ALIAS), note="Asked them twice to stop."),
    RuleBatchBody(senders=["offers.example", "news@deals.example"], note="From my old mail program."),
    WrittenResource(sender="offers.example", outcome="made", detail="", rule_id=UUID(ids.RULE)),
    ReleaseBody(allow=True),
    ReleasedResource(released=2, rule=None),
    RefusalResource(
        id=UUID(ids.REFUSAL),
        alias=_ALIAS,
        refused_at="2026-11-19T03:11:08.215Z",
        code=550,
        reason="sender_blocked",
        sender="win@offers.example",
        envelope_from="bounce-81@offers.example",
        header_from=["win@offers.example"],
        recipient=ids.EMAIL,
        count=1,
    ),
)
