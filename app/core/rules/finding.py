"""Finding rules: by what stands in them, and those that decide about a sender. Both ask what is sealed to be opened."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.messages.html.hosts import readable_form
from app.core.platform import Platform
from app.core.rules import queries
from app.core.rules.matching import Finding, digests, finding
from app.core.rules.model import Rule, Scope, Verdict
from app.core.rules.service import opened
from app.lib.db import Conn

_AT_ONCE = 200


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of rules, newest first, and where the next one begins."""

    rules: list[Rule]
    older: UUID | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who writes to an alias, and by whom rules know him: his From address, his envelope's, or both."""

    alias_id: UUID
    senders: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Asked({self.alias_id})"


async def containing(
    conn: Conn,
    actor: Actor,
    text: str,
    *,
    scope: Scope = None,
    verdict: Verdict | None = None,
    before: UUID | None = None,
    limit: int,
) -> Found:
    """The rules whose sender or note has this text in it, newest first; at most 200. All rules for an empty text.

    Rules are sealed, so each has to be opened, up to 10,000, which is all there can be.
    """
    limit = min(limit, _AT_ONCE)
    wanted = text.strip().lower()
    found: list[Rule] = []
    while True:
        rows = await queries.rules(
            conn,
            actor.account_id,
            alias_id=scope if isinstance(scope, UUID) else None,
            is_account_wide=scope == "account",
            verdict=verdict,
            before=before,
            limit=_AT_ONCE,
            reach=actor.reach,
        )
        found += [rule for rule in (opened(actor, row) for row in rows) if not wanted or _has(rule, wanted)]
        if len(found) > limit:
            return Found(rules=found[:limit], older=found[limit - 1].rule_id)
        if len(rows) < _AT_ONCE:
            return Found(rules=found, older=None)
        before = rows[-1].rule_id


async def deciding(platform: Platform, conn: Conn, actor: Actor, asked: Sequence[Asked]) -> list[Rule | None]:
    """For each sender the rule that decides about his mail, or None: one query for all of them, and one for the rules.

    Of several senders of one message, a block of any counts, as it does when mail comes.
    """
    if not asked:
        return []
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    sought = [[digests(index_key, sender) for sender in one.senders] for one in asked]
    every = list({matcher for one in sought for of_sender in one for matcher in of_sender})
    alias_ids = list({one.alias_id for one in asked})
    met = await queries.matches(conn, actor.account_id, alias_ids, every) if every else []
    if not met:
        return [None] * len(asked)
    decided = [
        _first([finding(met, one.alias_id, of_sender) for of_sender in theirs])
        for one, theirs in zip(asked, sought, strict=True)
    ]
    rows = await queries.rows(conn, actor.account_id, list({one.rule_id for one in decided if one}))
    by_id = {row.rule_id: opened(actor, row) for row in rows}
    return [by_id.get(one.rule_id) if one else None for one in decided]


def _first(findings: Sequence[Finding | None]) -> Finding | None:
    """A block, whoever it is about, else what allows."""
    said = [one for one in findings if one]
    return next((one for one in said if one.verdict == "block"), next(iter(said), None))


def _has(rule: Rule, wanted: str) -> bool:
    local, at, domain = rule.text.rpartition("@")
    readable = f"{local}{at}{readable_form(domain)}"
    return any(wanted in text for text in (rule.text, readable, rule.note.lower()))
