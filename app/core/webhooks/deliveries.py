"""What was, and is to be, delivered to a webhook: shown, and told anew. Sending is in `sending`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.events import queries as events
from app.core.events import replays
from app.core.events.model import DUE, EventType
from app.core.platform import Platform
from app.core.webhooks import queries, service
from app.core.webhooks.model import Attempt, Delivery, DeliveryState, Replayable
from app.core.webhooks.sealing import open_answer
from app.errors import Invalid, NotFound
from app.lib.db import Conn
from app.lib.wakeups import notify

MAX_REPLAYED = 1000
"""Events in one request; what is more is replayed by the next."""
_AT_ONCE = 100
_NOT_THERE = "There is no such delivery; they are kept for 30 days."


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay: how many events are told anew, and of how many what they told is gone."""

    replayed: int
    gone: int
    next_from: datetime | None = None
    """Where to go on: there was more than one request takes."""


async def page(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    webhook_id: UUID,
    *,
    state: DeliveryState | None = None,
    event_type: EventType | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Delivery]:
    """What was to be delivered to it, the newest event first; at most 200. Raises NotFound."""
    await service.get(platform, conn, actor, webhook_id)
    return await queries.deliveries(
        conn, actor.account_id, webhook_id, state=state, event_type=event_type, before=before, limit=limit
    )


async def get(
    platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID, event_id: UUID
) -> tuple[Delivery, list[Attempt]]:
    """What became of one event there, and the newest 50 attempts, oldest first, with what was answered.

    Raises NotFound, CannotOpen.
    """
    await service.get(platform, conn, actor, webhook_id)
    found = await queries.delivery(conn, actor.account_id, webhook_id, event_id)
    if found is None:
        raise NotFound(_NOT_THERE)
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    attempts = [
        msgspec.structs.replace(one, answer=open_answer(index_key, actor.account_id, one.attempt_id, one.answer))
        if one.answer
        else one
        for one in await queries.attempts(conn, actor.account_id, webhook_id, event_id)
    ]
    return found, attempts


async def replay(platform: Platform, actor: Actor, webhook_id: UUID, event_id: UUID, *, now: datetime) -> Delivery:
    """Tell it of one event anew, under the same id. Raises NotFound (`event_gone` where the message or refusal that it
    was about is deleted), Conflict where it is switched off, ScopeMissing.
    """
    async with platform.db.connection() as conn:
        if await queries.delivery(conn, actor.account_id, webhook_id, event_id) is None:
            await service.get(platform, conn, actor, webhook_id)
            raise NotFound(_NOT_THERE)
    if not await _replay(platform, actor, webhook_id, [event_id], now=now):
        raise NotFound("What this event told is deleted, so it cannot be told again.", code="event_gone")
    async with platform.db.connection() as conn:
        found = await queries.delivery(conn, actor.account_id, webhook_id, event_id)
    if found is None:
        raise NotFound(_NOT_THERE)
    return found


async def replay_span(
    platform: Platform,
    actor: Actor,
    webhook_id: UUID,
    *,
    first: datetime,
    last: datetime,
    types: Sequence[EventType] | None = None,
    states: Sequence[Replayable] = ("failed",),
    now: datetime,
) -> Replayed:
    """Tell it anew of what happened from `first` to `last` (excluded), oldest first, as far as a delivery of it is in
    one of these states; 1,000 events at most. `missed`, too: what it wants and was not to be told of then.

    Raises Invalid, and as `replay`.
    """
    if first >= last:
        raise Invalid.field("to", "This has to be later than `from`.")
    async with platform.db.transaction() as conn:
        webhook = await service.held(platform, conn, actor, webhook_id)
        service.assert_enabled(webhook)
        if "missed" in states:
            wanted = [one for one in webhook.event_types if types is None or one in types]
            await queries.note_missed(
                conn,
                actor.account_id,
                webhook,
                first=first,
                last=last,
                types=wanted,
                now=now,
                limit=MAX_REPLAYED + 1,
            )
        found = await queries.replayable(
            conn,
            actor.account_id,
            webhook_id,
            first=first,
            last=last,
            states=states,
            types=types,
            limit=MAX_REPLAYED + 1,
        )
    chosen = found[:MAX_REPLAYED]
    count = 0
    for at in range(0, len(chosen), _AT_ONCE):
        count += await _replay(platform, actor, webhook_id, chosen[at : at + _AT_ONCE], now=now)
    next_from = None
    if len(found) > MAX_REPLAYED:
        async with platform.db.connection() as conn:
            following = await events.event(conn, actor.account_id, found[MAX_REPLAYED])
        next_from = following.occurred_at if following else None
    return Replayed(replayed=count, gone=len(chosen) - count, next_from=next_from)


async def _replay(
    platform: Platform, actor: Actor, webhook_id: UUID, event_ids: Sequence[UUID], *, now: datetime
) -> int:
    """How many of the events are told anew. What they tell is made before the transaction begins."""
    async with platform.db.connection() as conn:
        rows = await events.events_by_id(conn, actor.account_id, event_ids)
        # A payload is one for all webhooks that wait for the event, so it is made for the one that is told most.
        is_full = any(one.content == "full" for one in await queries.webhooks(conn, actor.account_id))
    made = await replays.made_anew(platform, actor, rows, is_full=is_full)
    async with platform.db.transaction() as conn:
        service.assert_enabled(await service.held(platform, conn, actor, webhook_id))
        for event_id, payload in made.items():
            if payload is not None:
                await queries.set_payload(conn, actor.account_id, event_id, payload)
            await queries.insert_delivery(conn, actor.account_id, webhook_id, event_id, now=now)
        if made:
            await queries.end_pause(conn, actor.account_id, webhook_id, now=now)
            await notify(conn, "webhooks", [DUE])
    return len(made)
