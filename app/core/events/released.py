"""Held messages that their owner lets in: told as received then, under ids of their own, as they were told as held."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.events import queries, replays
from app.core.events.model import DUE, NewEvent
from app.core.events.payloads import seal_payload
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.model import MessageLine, OpenMessage
from app.core.messages.queries import MAX_PAGE
from app.core.platform import Platform
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.wakeups import notify


async def tell(platform: Platform, conn: Conn, actor: Actor, message_ids: Sequence[UUID], *, now: datetime) -> None:
    """Tell webhooks that want it of these messages, which this transaction has moved.

    Raises CannotOpen, Unavailable.
    """
    told = await queries.told(conn, actor.account_id) if message_ids else set()
    if "message.received" not in told:
        return
    lines = await _lines(conn, actor, message_ids)
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    opened: dict[object, OpenMessage] = {}
    if "full" in told:
        opened = {one.line.message_id: one for one in await messages.open_messages(platform, actor, lines)}
    made = []
    for line in lines:
        event_id, whole = new_id(), opened.get(line.message_id)
        payload = replays.payload_of(line, whole)
        made.append(
            NewEvent(
                account_id=actor.account_id,
                event_id=event_id,
                type="message.received",
                alias_id=line.alias_id,
                subject_id=line.message_id,
                occurred_at=now,
                payload=seal_payload(index_key, actor.account_id, event_id, payload),
                is_full=whole is not None,
            )
        )
    if await queries.insert_events(conn, made):
        await notify(conn, "webhooks", [DUE])


async def _lines(conn: Conn, actor: Actor, message_ids: Sequence[UUID]) -> list[MessageLine]:
    """Oldest first."""
    found: list[MessageLine] = []
    for at in range(0, len(message_ids), MAX_PAGE):
        rows = await message_queries.messages_of(conn, actor.account_id, message_ids[at : at + MAX_PAGE])
        found += await messages.open_rows(conn, actor, rows)
    return sorted(found, key=lambda line: line.message_id)
