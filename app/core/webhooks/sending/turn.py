"""Sending to one webhook, one event after the other, for as long as its turn lasts.

Events go out in the order of their ids, which is that of their happening. What came of them is written down together
after a quarter of a second; a worker that dies before leaves them to be sent again, under the same ids.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

import msgspec

from app.core.events import payloads
from app.core.platform import Platform
from app.core.webhooks import sealing, signing
from app.core.webhooks.model import WebhookDetails
from app.core.webhooks.sending import queries
from app.core.webhooks.sending.model import DueEvent, Held, Kept, Sent
from app.core.webhooks.sending.retries import Outcome, after_attempt, is_about_the_event
from app.errors import CannotOpen, NotFound
from app.lib.aside import aside
from app.lib.ids import new_id
from app.lib.logs import logger
from app.lib.outbound import Answer
from app.vault.keyring import unwrap_index_key

LEASE = timedelta(seconds=30)
"""For so long a webhook is held without a sign of life: longer than a request takes. Then a dead worker's goes on."""
TURN = timedelta(seconds=30)
"""Then others who wait get their turn."""
_UNWRITTEN_FOR = timedelta(milliseconds=250)
_MAX_UNWRITTEN = 20
_BATCH = 50
_BATCH_BYTES = 1024 * 1024
_UNREADABLE = "unreadable"
"""There is nothing to send: what was to be told is wiped or damaged."""
_MEDIA_TYPE = "application/json"


async def claim(platform: Platform, *, now: datetime, limit: int, lease: timedelta = LEASE) -> list[Held]:
    """Webhooks that have something due, for this worker alone. Raises Unavailable."""
    async with platform.db.transaction() as conn:
        return await queries.claim(conn, now=now, until=now + lease, limit=limit)


async def serve(
    platform: Platform,
    held: Held,
    stop: asyncio.Event,
    *,
    clock: Callable[[], datetime],
    lease: timedelta = LEASE,
) -> int:
    """Send what is due to a webhook until nothing is, its turn is over, it gets a rest, or `stop` is set; how many
    requests that took. Raises Unavailable, CannotOpen; then the lease ends by itself.
    """
    turn = _Turn(platform, held, clock=clock, lease=lease)
    await turn.run(stop)
    return turn.request_count


class _Turn:
    def __init__(self, platform: Platform, held: Held, *, clock: Callable[[], datetime], lease: timedelta) -> None:
        self._platform, self._held, self._clock, self._lease = platform, held, clock, lease
        self._index_key = unwrap_index_key(platform.instance, held.account_id, held.index_key)
        self._sealed, self._content, self._details = held.details, held.content, self._opened(held.details)
        self._health = held.health
        self._held_until = held.leased_until
        self._unwritten: list[Sent] = []
        self._written_at = self._began_at = clock()
        self._is_over = False
        self.request_count = 0

    async def run(self, stop: asyncio.Event) -> None:
        """The whole turn."""
        if self._health.is_paused:
            await self._probe(stop)
        while not self._is_done(stop):
            events = await self._due()
            if not events:
                break
            for event in events:
                if self._is_done(stop):
                    break
                await self._send(event)
                await self._write_now_and_then()
        if not self._is_over:
            await self._write(is_last=True)

    def _is_done(self, stop: asyncio.Event) -> bool:
        rests = self._health.is_paused or self._health.disabled_reason is not None
        return stop.is_set() or self._is_over or rests or self._clock() - self._began_at > TURN

    async def _due(self) -> list[DueEvent]:
        """Written down first, so that nothing is read that was sent."""
        await self._write()
        if self._is_over:
            return []
        async with self._platform.db.connection() as conn:
            return await queries.due(
                conn,
                self._held.account_id,
                self._held.webhook_id,
                now=self._clock(),
                limit=_BATCH,
                max_size=_BATCH_BYTES,
            )

    async def _probe(self, stop: asyncio.Event) -> None:
        """Try the oldest event; where the endpoint is there and refuses it, another may still get through."""
        async with self._platform.db.connection() as conn:
            events = await queries.probes(conn, self._held.account_id, self._held.webhook_id)
        if not events:
            self._health = msgspec.structs.replace(self._health, next_attempt_at=None)
            return
        answer = await self._send(events[0])
        if len(events) > 1 and self._health.is_paused and is_about_the_event(answer) and not stop.is_set():
            paused = self._health
            await self._send(events[1])
            if self._health.is_paused:  # one round of trying makes the pause longer once
                self._health = msgspec.structs.replace(
                    self._health, pause_count=paused.pause_count, next_attempt_at=paused.next_attempt_at
                )

    async def _send(self, event: DueEvent) -> Answer:
        """One request, which is written down soon."""
        now, size = self._clock(), len(event.payload or b"")
        try:
            body = await aside(size, payloads.body, self._platform, event, self._index_key, self._content, now=now)
        except (CannotOpen, NotFound):
            answer = Answer(milliseconds=0)
            outcome = Outcome(state="failed", attempt_count=event.attempt_count, next_attempt_at=now)
            self._note(event, answer, outcome, error=_UNREADABLE)
            return answer
        headers = signing.headers(event.event_id, body, self._details.secrets, now=now) | {"Content-Type": _MEDIA_TYPE}
        answer = await self._platform.outbound.post(self._details.url, headers=headers, body=body)
        self.request_count += 1
        self._health, outcome = after_attempt(
            self._health, event.event_id, event.attempt_count, answer, now=self._clock(), chance=random()
        )
        self._note(event, answer, outcome, error=answer.fault)
        return answer

    def _note(self, event: DueEvent, answer: Answer, outcome: Outcome, *, error: str | None) -> None:
        attempt_id = new_id()
        sealed = sealing.seal_answer(self._index_key, self._held.account_id, attempt_id, answer.body)
        self._unwritten.append(
            Sent(
                event_id=event.event_id,
                attempt_id=attempt_id,
                status=answer.status,
                error=error,
                milliseconds=answer.milliseconds,
                answer=sealed if answer.body else None,
                outcome=outcome,
            )
        )

    async def _write_now_and_then(self) -> None:
        age = self._clock() - self._written_at
        is_lease_short = self._held_until - self._clock() < self._lease * 2 / 3
        if len(self._unwritten) >= _MAX_UNWRITTEN or age >= _UNWRITTEN_FOR or is_lease_short:
            await self._write()

    async def _write(self, *, is_last: bool = False) -> None:
        if not self._unwritten and not is_last:
            return
        now = self._clock()
        until = None if is_last else now + self._lease
        async with self._platform.db.transaction() as conn:
            await queries.do_not_wait_for_the_disk(conn)
            kept = await queries.record(
                conn, self._held, self._unwritten, self._health, lease=self._held_until, until=until, now=now
            )
        self._unwritten.clear()
        self._written_at = now
        if kept is None or not kept.is_enabled:
            self._is_over = True
        if kept is not None:
            self._held_until = until or now
            self._follow(kept)

    def _follow(self, kept: Kept) -> None:
        """What its owner changed meanwhile holds from now on."""
        if kept.disabled_reason is not None and self._health.disabled_reason is not None:
            fields = {"webhook_id": str(self._held.webhook_id), "reason": kept.disabled_reason}
            logger().info("webhook_disabled", account_id=str(self._held.account_id), **fields)
        if kept.details != self._sealed or kept.content != self._content:
            self._sealed, self._content, self._details = kept.details, kept.content, self._opened(kept.details)

    def _opened(self, details: bytes) -> WebhookDetails:
        return sealing.open_details(self._index_key, self._held.account_id, self._held.webhook_id, details)
