"""What an owner sees of mail that was refused or dropped, and forgetting it after 30 days."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.aliases.model import Mailbox
from app.core.auth.model import Actor
from app.core.events.model import Fullness
from app.core.platform import Platform
from app.core.policy.model import Reason
from app.core.refusals import queries
from app.core.refusals.model import NewRefusal, Refusal, RefusalDetails, RefusalRow
from app.errors import CannotOpen, NotFound
from app.lib.db import Conn
from app.lib.ids import made_at
from app.vault import seal
from app.vault.instance import InstanceKey
from app.vault.keyring import unwrap_index_key

LIFETIME = timedelta(days=30)
PURPOSE = "refusal"
_BATCH = 5000
_FULL = 100
_decode = msgspec.msgpack.Decoder(RefusalDetails).decode


def new(
    instance: InstanceKey, mailbox: Mailbox, details: RefusalDetails, *, code: int, reason: Reason, rule_id: UUID | None
) -> NewRefusal:
    """What is to be written down of mail for this mailbox, and told to its webhooks where they want it."""
    full = None
    if reason == "over_quota" and mailbox.storage_warned < _FULL:
        full = Fullness(quota="storage", percent=_FULL, used=mailbox.stored_bytes, limit=mailbox.storage_limit)
    is_told = "message.refused" in (mailbox.told or ())
    return NewRefusal(
        account_id=mailbox.account_id,
        alias_id=mailbox.alias_id,
        public_key=mailbox.public_key,
        code=code,
        reason=reason,
        details=details,
        alias_address=mailbox.address,
        rule_id=rule_id,
        outbox_key=unwrap_index_key(instance, mailbox.account_id, mailbox.index_key) if is_told else None,
        fullness=full,
    )


async def page(conn: Conn, actor: Actor, *, alias_id: UUID | None, before: UUID | None, limit: int) -> list[Refusal]:
    """What was refused to the account, or to one alias, newest first, before `before`; at most 200.

    Of a day with too many to list, an entry without details counts the rest. What is damaged is told as such.
    """
    rows = await queries.refusals(
        conn, actor.account_id, alias_id=alias_id, before=before, limit=limit, reach=actor.reach
    )
    return [_open(actor, row) for row in rows]


async def following(conn: Conn, actor: Actor, *, alias_id: UUID | None, after: UUID, limit: int) -> list[Refusal]:
    """What was refused behind this id, oldest first; at most 200. What is damaged is told as such."""
    rows = await queries.refusals_after(
        conn, actor.account_id, alias_id=alias_id, after=after, limit=limit, reach=actor.reach
    )
    return [_open(actor, row) for row in rows]


async def get(conn: Conn, actor: Actor, refusal_id: UUID) -> Refusal:
    """One refusal of the account, also one that is damaged. Raises NotFound."""
    row = await queries.refusal(conn, actor.account_id, refusal_id)
    if row is None or not actor.reach.holds(row.alias_id, row.alias_address):
        raise NotFound("There is no such refusal; they are kept for 30 days.")
    return _open(actor, row)


async def forget(platform: Platform, *, now: datetime) -> int:
    """Delete what is older than 30 days, of all accounts; how many rows. Raises Unavailable."""
    day = (now - LIFETIME).date()
    return await platform.db.in_batches(lambda conn: queries.delete_before(conn, day, limit=_BATCH), batch=_BATCH)


def _open(actor: Actor, row: RefusalRow) -> Refusal:
    details, is_readable = None, True
    if row.details is not None:
        try:
            opened = seal.open_received(
                actor.keyring,
                account_id=actor.account_id,
                purpose=PURPOSE,
                row_id=row.refusal_id,
                sealed=row.details,
            )
            details = _decode(opened)
        except CannotOpen:
            is_readable = False
    return Refusal(
        refusal_id=row.refusal_id,
        alias_id=row.alias_id,
        alias_address=row.alias_address,
        refused_at=made_at(row.refusal_id),
        code=row.code,
        reason=row.reason,
        details=details,
        count=row.count,
        is_readable=is_readable,
    )
