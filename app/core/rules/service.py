"""Making, deleting and restoring rules about senders; `finding` lists them. The caller owns the transaction."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.auth.model import Actor
from app.core.auth.reach import service as reach
from app.core.platform import Platform
from app.core.rules import queries, senders
from app.core.rules.model import Made, NewRow, NewRule, Rule, RuleLabel, RuleRow, Verdict
from app.errors import Conflict, FieldError, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import made_at, new_id
from app.vault import seal

MAX_RULES = 10_000
"""Of an account."""
MAX_NOTE_CHARS = 500
RESTORABLE = timedelta(days=1)
_PURPOSE = "sender_rule.label"
_BATCH = 1000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RuleLabel).decode


async def block(platform: Platform, conn: Conn, actor: Actor, new: NewRule) -> Made:
    """Refuse mail of this sender, to one alias or to all; a rule that allowed it in the same place is replaced.

    What was noted there stays unless there is a new note.
    Raises Invalid (fields `text`, `note`), NotFound for an alias that is not the account's, LimitReached.
    """
    return await _make(platform, conn, actor, new, "block")


async def allow(platform: Platform, conn: Conn, actor: Actor, new: NewRule) -> Made:
    """Know this sender: mail passes the alias's screening, and blocks that are less specific. Raises as `block`."""
    return await _make(platform, conn, actor, new, "allow")


async def get(conn: Conn, actor: Actor, rule_id: UUID) -> Rule:
    """One rule of the account. Raises NotFound."""
    row = await queries.rule(conn, actor.account_id, rule_id)
    if row is None:
        raise NotFound("There is no such rule.")
    return opened(actor, row)


async def delete(conn: Conn, actor: Actor, rule_id: UUID, *, now: datetime) -> None:
    """The rule holds no more; for a day it can be restored. Raises NotFound."""
    if not await queries.delete_rules(conn, actor.account_id, [rule_id], now=now):
        raise NotFound("There is no such rule.")


async def restore(conn: Conn, actor: Actor, rule_id: UUID) -> Rule:
    """Take a deletion back, hits and all. Raises NotFound; Conflict when there is a rule about this sender by now."""
    await accounts.hold(conn, actor.account_id)
    if not await queries.restore_rule(conn, actor.account_id, rule_id):
        if await queries.is_deleted(conn, actor.account_id, rule_id):
            raise Conflict("There is another rule about this sender by now.", code="rule_exists")
        raise NotFound("This rule cannot be restored any more.")
    return await get(conn, actor, rule_id)


async def take_back(conn: Conn, actor: Actor, rule_id: UUID, was: Verdict | None, *, now: datetime) -> None:
    """Undo what gave `Made(rule, was)`: the new rule goes, and one that it has replaced returns, hits and all.

    Raises NotFound, also where what was replaced is forgotten; nothing is changed then.
    """
    if was is None:
        await delete(conn, actor, rule_id, now=now)
        return
    await accounts.hold(conn, actor.account_id)
    before = await queries.replaced(conn, actor.account_id, rule_id, was, made_at=made_at(rule_id))
    if before is None:
        raise NotFound("This rule cannot be restored any more.")
    await delete(conn, actor, rule_id, now=now)
    await restore(conn, actor, before)


async def forget_deleted(platform: Platform, *, now: datetime) -> int:
    """Delete for good what nobody restored within a day, of all accounts; how many rules. Raises Unavailable."""
    moment = now - RESTORABLE
    return await platform.db.in_batches(
        lambda conn: queries.delete_rules_deleted_before(conn, moment, limit=_BATCH), batch=_BATCH
    )


def sealed_label(actor: Actor, rule_id: UUID, text: str, note: str) -> bytes:
    """What the owner wrote, as it is stored."""
    return seal.seal_field(
        actor.keyring,
        account_id=actor.account_id,
        purpose=_PURPOSE,
        row_id=rule_id,
        plaintext=_encode(RuleLabel(text, note)),
    )


def opened(actor: Actor, row: RuleRow) -> Rule:
    """A rule out of its seal. Raises CannotOpen."""
    label_bytes = seal.open_field(
        actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=row.rule_id, sealed=row.label
    )
    label = _decode(label_bytes)
    return Rule(
        rule_id=row.rule_id,
        alias_id=row.alias_id,
        alias_address=row.alias_address,
        verdict=row.verdict,
        kind=row.kind,
        text=label.text,
        note=label.note,
        created_at=made_at(row.rule_id),
        hit_count=row.hit_count,
        last_hit_on=row.last_hit_on,
    )


async def _make(platform: Platform, conn: Conn, actor: Actor, new: NewRule, verdict: Verdict) -> Made:
    subject = _check(new)
    account_id = actor.account_id
    await reach.assert_place(conn, actor, new.alias_id)
    if new.alias_id is not None and not await aliases.addresses_of(conn, account_id, [new.alias_id]):
        raise NotFound("There is no such alias.")
    index_key = await accounts.index_key(conn, platform.instance, account_id)
    matcher = senders.matcher(index_key, subject.text)
    await accounts.hold(conn, account_id)
    there = await queries.rule_about(conn, account_id, new.alias_id, matcher)
    if there is None and await queries.count(conn, account_id) >= MAX_RULES:
        text = f"There are {MAX_RULES:,} rules already; delete some first, or block whole domains."
        raise LimitReached(text, code="too_many_rules")
    note = new.note.strip()
    if there is not None and there.verdict == verdict:
        if note:
            label = sealed_label(actor, there.rule_id, subject.text, note)
            await queries.set_label(conn, account_id, there.rule_id, label)
        return Made(rule=await get(conn, actor, there.rule_id), was=verdict)
    rule_id = new_id()
    if there is not None:
        note = note or opened(actor, there).note
        await queries.delete_rules(conn, account_id, [there.rule_id], now=made_at(rule_id))
    row = NewRow(
        rule_id=rule_id,
        alias_id=new.alias_id,
        verdict=verdict,
        kind=subject.kind,
        matcher=matcher,
        label=sealed_label(actor, rule_id, subject.text, note),
    )
    await queries.insert_rules(conn, account_id, [row])
    return Made(rule=await get(conn, actor, rule_id), was=None if there is None else there.verdict)


def _check(new: NewRule) -> senders.Subject:
    """Raises Invalid with every fault."""
    faults: list[FieldError] = []
    subject = None
    try:
        subject = senders.subject(new.text) if new.is_as_sent else senders.typed(new.text)
    except Invalid as error:
        faults += error.fields
    if len(new.note) > MAX_NOTE_CHARS:
        faults.append(FieldError(field="note", message=f"Use at most {MAX_NOTE_CHARS} characters."))
    if faults or subject is None:
        raise Invalid("The rule cannot be made like this.", fields=faults)
    return subject
