"""Many rules at once, as pasted line by line: what is understood is made, and each line is told what became of it."""

import re
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.rules import queries, senders
from app.core.rules.model import NewRow, RuleChange, Verdict
from app.core.rules.service import MAX_NOTE_CHARS, MAX_RULES, sealed_label
from app.errors import Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id

MAX_AT_ONCE = 1000
"""Senders of one list."""
Outcome = Literal["made", "turned", "there", "invalid", "too_many"]
_APART = re.compile(r"[\n\r,;]+")
_NAMED = re.compile(r"[^<>]*<([^<>\s]+)>\Z")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list and what became of it; `turned`: the rule said the opposite before."""

    text: str
    outcome: Outcome
    told: str = ""
    """Why, where it is no rule."""
    rule_id: UUID | None = None

    def __repr__(self) -> str:
        return f"Written({self.outcome})"


def lines(text: str) -> list[str]:
    """The senders that a pasted text names, one a line or set apart by commas: `Ada <ada@shop.example>` is `ada@…`.

    Empty lines and what follows # at a line's beginning are left out. Raises Invalid for more than a thousand.
    """
    pieces = (piece.strip() for piece in _APART.split(text))
    found = [named[1] if (named := _NAMED.match(piece)) else piece for piece in pieces if piece and piece[0] != "#"]
    if len(found) > MAX_AT_ONCE:
        raise Invalid.field("senders", f"Write at most {MAX_AT_ONCE:,} senders at once; these are {len(found):,}.")
    return found


async def make(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    texts: Sequence[str],
    verdict: Verdict,
    *,
    alias_id: UUID | None,
    note: str = "",
) -> list[Written]:
    """Make the rules, and turn around those that say the opposite; what became of each text, in their order.

    At most a thousand. Raises Invalid for more and for a long note, NotFound for an alias that is not the account's.
    """
    if len(texts) > MAX_AT_ONCE:
        raise Invalid.field("senders", f"Give at most {MAX_AT_ONCE:,} senders at once.")
    if len(note) > MAX_NOTE_CHARS:
        raise Invalid.field("note", f"Use at most {MAX_NOTE_CHARS} characters.")
    if alias_id is not None and not await aliases.addresses_of(conn, actor.account_id, [alias_id]):
        raise NotFound("There is no such alias.")
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    read = [_read(text, index_key) for text in texts]
    await accounts.hold(conn, actor.account_id)
    plan = _Plan(
        actor=actor,
        verdict=verdict,
        alias_id=alias_id,
        note=note.strip(),
        there=await queries.in_place(conn, actor.account_id, alias_id, [one[1] for one in read if one[1]]),
        room=MAX_RULES - await queries.count(conn, actor.account_id),
    )
    written = [plan.write(text, subject, matcher) for text, (subject, matcher) in zip(texts, read, strict=True)]
    await queries.insert_rules(conn, actor.account_id, plan.new)
    await queries.set_rules(conn, actor.account_id, plan.turned)
    return written


class _Plan:
    """Goes through the list and gathers what is to be stored; a sender that stands twice is made once."""

    def __init__(
        self,
        *,
        actor: Actor,
        verdict: Verdict,
        alias_id: UUID | None,
        note: str,
        there: dict[bytes, tuple[UUID, Verdict]],
        room: int,
    ) -> None:
        self.new: list[NewRow] = []
        self.turned: list[RuleChange] = []
        self._actor, self._verdict, self._alias_id, self._note = actor, verdict, alias_id, note
        self._there = dict(there)
        self._room = room

    def write(self, text: str, subject: senders.Subject | str, matcher: bytes) -> Written:
        if isinstance(subject, str):
            return Written(text=text, outcome="invalid", told=subject)
        rule_id, was = self._there.get(matcher, (None, None))
        if was == self._verdict:
            return Written(text=subject.text, outcome="there", told="There is this rule already.", rule_id=rule_id)
        if rule_id is None and len(self.new) >= self._room:
            return Written(text=subject.text, outcome="too_many", told=f"There are {MAX_RULES:,} rules already.")
        is_new, rule_id = rule_id is None, rule_id or new_id()
        label = sealed_label(self._actor, rule_id, subject.text, self._note)
        if is_new:
            row = NewRow(
                rule_id=rule_id,
                alias_id=self._alias_id,
                verdict=self._verdict,
                kind=subject.kind,
                matcher=matcher,
                label=label,
            )
            self.new.append(row)
        else:
            change = RuleChange(rule_id=rule_id, verdict=self._verdict, label=label if self._note else None)
            self.turned.append(change)
        self._there[matcher] = (rule_id, self._verdict)
        return Written(text=subject.text, outcome="made" if is_new else "turned", rule_id=rule_id)


def _read(text: str, index_key: bytes) -> tuple[senders.Subject | str, bytes]:
    """(what the rule is about and its digest), or (why it is none, no bytes)."""
    try:
        subject = senders.subject(text)
    except Invalid as error:
        return error.detail, b""
    return subject, senders.matcher(index_key, subject.text)
