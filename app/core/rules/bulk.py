"""Many rules at once, as pasted line by line: what is understood is made, and each line is told what became of it."""

import re
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.auth.model import Actor
from app.core.auth.reach import service as reach
from app.core.platform import Platform
from app.core.rules import queries, senders
from app.core.rules.model import NewRow, RuleRow, Verdict
from app.core.rules.service import MAX_NOTE_CHARS, MAX_RULES, opened, sealed_label
from app.errors import FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import made_at, new_id

MAX_AT_ONCE = 1000
"""Senders of one list."""
Outcome = Literal["made", "turned", "there", "invalid", "too_many"]
_APART = re.compile(r"[\n\r,;]+")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list and what became of it; `turned`: it replaces a rule that said the opposite."""

    text: str
    outcome: Outcome
    told: str = ""
    """Why, where it is no rule."""
    rule_id: UUID | None = None

    def __repr__(self) -> str:
        return f"Written({self.outcome})"


def lines(text: str) -> list[str]:
    """The senders that a pasted text names, one a line or set apart by commas: `Ada <ada@shop.example>` is `ada@…`.

    Empty lines and what follows # at a line's beginning are left out.
    """
    pieces = (piece.strip() for piece in _APART.split(text))
    return [senders.unnamed(piece) for piece in pieces if piece and piece[0] != "#"]


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
    """Make the rules, and replace those that say the opposite; what became of each text, in their order.

    At most a thousand. Raises Invalid for more and for a long note, NotFound for an alias that is not the account's.
    """
    faults = check(texts, note)
    if faults:
        raise Invalid("The rules cannot be made like this.", fields=faults)
    await reach.assert_place(conn, actor, alias_id)
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
    if plan.replaced:
        await queries.delete_rules(conn, actor.account_id, plan.replaced, now=made_at(plan.new[0].rule_id))
    await queries.insert_rules(conn, actor.account_id, plan.new)
    return written


def check(texts: Sequence[str], note: str) -> list[FieldError]:
    """What is wrong with all of it, besides the single senders."""
    faults = []
    if len(texts) > MAX_AT_ONCE:
        text = f"Write at most {MAX_AT_ONCE:,} senders at once; these are {len(texts):,}."
        faults.append(FieldError(field="senders", message=text))
    if len(note) > MAX_NOTE_CHARS:
        faults.append(FieldError(field="note", message=f"Use at most {MAX_NOTE_CHARS} characters."))
    return faults


class _Plan:
    """Goes through the list and gathers what is to be stored; a sender that stands twice is made once."""

    def __init__(
        self,
        *,
        actor: Actor,
        verdict: Verdict,
        alias_id: UUID | None,
        note: str,
        there: dict[bytes, RuleRow],
        room: int,
    ) -> None:
        self.new: list[NewRow] = []
        self.replaced: list[UUID] = []
        self._actor, self._verdict, self._alias_id, self._note = actor, verdict, alias_id, note
        self._there = there
        self._made: dict[bytes, UUID] = {}
        self._room = room

    def write(self, text: str, subject: senders.Subject | str, matcher: bytes) -> Written:
        if isinstance(subject, str):
            return Written(text=text, outcome="invalid", told=subject)
        was = self._there.get(matcher)
        there_id = was.rule_id if was and was.verdict == self._verdict else self._made.get(matcher)
        if there_id is not None:
            return Written(text=subject.text, outcome="there", told="There is this rule already.", rule_id=there_id)
        if was is None and len(self.new) - len(self.replaced) >= self._room:
            return Written(text=subject.text, outcome="too_many", told=f"There are {MAX_RULES:,} rules already.")
        rule_id = self._made[matcher] = new_id()
        if was is not None:
            self.replaced.append(was.rule_id)
        note = self._note or (opened(self._actor, was).note if was else "")
        row = NewRow(
            rule_id=rule_id,
            alias_id=self._alias_id,
            verdict=self._verdict,
            kind=subject.kind,
            matcher=matcher,
            label=sealed_label(self._actor, rule_id, subject.text, note),
        )
        self.new.append(row)
        return Written(text=subject.text, outcome="turned" if was else "made", rule_id=rule_id)


def _read(text: str, index_key: bytes) -> tuple[senders.Subject | str, bytes]:
    """(what the rule is about and its digest), or (why it is none, no bytes)."""
    try:
        subject = senders.typed(text)
    except Invalid as error:
        return error.detail, b""
    return subject, senders.matcher(index_key, subject.text)
