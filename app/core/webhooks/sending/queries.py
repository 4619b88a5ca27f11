"""SQL of the sending side: claiming webhooks that have something due, reading it, writing down what came of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.webhooks.sending.model import DueEvent, Held, Kept, Sent
from app.core.webhooks.sending.retries import Health
from app.lib.db import Conn

# `waiting` leaps from webhook to webhook along the index of what is pending, so it costs as much as there are webhooks
# that wait, however much waits for each.
_CLAIM = """
    WITH RECURSIVE waiting AS (
        (SELECT account_id, webhook_id FROM webhook_deliveries WHERE state = 'pending'
         ORDER BY account_id, webhook_id LIMIT 1)
        UNION ALL
        SELECT following.account_id, following.webhook_id FROM waiting w CROSS JOIN LATERAL (
            SELECT d.account_id, d.webhook_id FROM webhook_deliveries d
            WHERE d.state = 'pending' AND (d.account_id, d.webhook_id) > (w.account_id, w.webhook_id)
            ORDER BY d.account_id, d.webhook_id LIMIT 1
        ) following
    ), claimed AS (
        SELECT h.account_id, h.webhook_id FROM waiting JOIN webhooks h USING (account_id, webhook_id)
        WHERE h.is_enabled
          AND EXISTS (SELECT FROM accounts a WHERE a.account_id = h.account_id AND a.status = 'active')
          AND (h.leased_until IS NULL OR h.leased_until <= %(now)s)
          AND CASE WHEN h.next_attempt_at IS NOT NULL THEN h.next_attempt_at <= %(now)s ELSE EXISTS (
              SELECT FROM webhook_deliveries d
              WHERE d.account_id = h.account_id AND d.webhook_id = h.webhook_id AND d.state = 'pending'
                AND d.next_attempt_at <= %(now)s
          ) END
        ORDER BY random() LIMIT %(limit)s FOR NO KEY UPDATE OF h SKIP LOCKED
    )
    UPDATE webhooks h SET leased_until = %(until)s
    FROM claimed c JOIN accounts a USING (account_id)
    WHERE h.account_id = c.account_id AND h.webhook_id = c.webhook_id
    RETURNING h.account_id, h.webhook_id, h.content, h.details, a.index_key, h.failing_since, h.failure_count,
              h.failed_event_id, h.pause_count, h.next_attempt_at, h.leased_until
"""


async def claim(conn: Conn, *, now: datetime, until: datetime, limit: int) -> list[Held]:
    """Webhooks of anybody that have something due and that no worker holds, at most `limit`; held until then."""
    async with conn.cursor(row_factory=class_row(Held)) as cursor:
        await cursor.execute(_CLAIM, {"now": now, "until": until, "limit": limit})
        return await cursor.fetchall()


_EVENT = """
    SELECT e.account_id, e.event_id, e.type, e.alias_id, a.address AS alias_address, e.subject_id, m.thread_id,
           e.occurred_at, e.facts, e.payload, d.attempt_count
    FROM ({due}) d
    JOIN events e ON e.account_id = %(account_id)s AND e.event_id = d.event_id
    LEFT JOIN aliases a ON a.account_id = e.account_id AND a.alias_id = e.alias_id
    LEFT JOIN messages m ON m.account_id = e.account_id AND m.message_id = e.subject_id
    ORDER BY d.place, d.event_id
"""
_PENDING = """webhook_deliveries
    WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s AND state = 'pending'
"""
# The sizes are known without reading the payloads.
_DUE = _EVENT.format(
    due=f"""
        SELECT event_id, attempt_count, 0 AS place FROM (
            SELECT first.event_id, first.attempt_count, row_number() OVER way AS place,
                   sum(coalesce(octet_length(s.payload), 0)) OVER way AS size
            FROM (SELECT event_id, attempt_count FROM {_PENDING} AND next_attempt_at <= %(now)s
                  ORDER BY event_id LIMIT %(limit)s) first
            JOIN events s ON s.account_id = %(account_id)s AND s.event_id = first.event_id
            WINDOW way AS (ORDER BY first.event_id)
        ) sized WHERE place = 1 OR size <= %(max_size)s
    """
)
_PROBES = _EVENT.format(
    due=f"""
        (SELECT event_id, attempt_count, 0 AS place FROM {_PENDING} ORDER BY event_id LIMIT 1)
        UNION ALL
        (SELECT event_id, attempt_count, 1 AS place FROM {_PENDING}
         AND event_id > (SELECT event_id FROM {_PENDING} ORDER BY event_id LIMIT 1)
         ORDER BY attempt_count, event_id LIMIT 1)
    """
)


async def due(
    conn: Conn, account_id: UUID, webhook_id: UUID, *, now: datetime, limit: int, max_size: int
) -> list[DueEvent]:
    """What is to be sent now, oldest first: at most `limit` events and `max_size` bytes of them, but one at least."""
    async with conn.cursor(row_factory=class_row(DueEvent)) as cursor:
        await cursor.execute(
            _DUE,
            {"account_id": account_id, "webhook_id": webhook_id, "now": now, "limit": limit, "max_size": max_size},
            binary=True,
        )
        return await cursor.fetchall()


async def probes(conn: Conn, account_id: UUID, webhook_id: UUID) -> list[DueEvent]:
    """What to try a paused webhook with: the oldest event that waits, then the one that was tried least."""
    async with conn.cursor(row_factory=class_row(DueEvent)) as cursor:
        await cursor.execute(_PROBES, {"account_id": account_id, "webhook_id": webhook_id}, binary=True)
        return await cursor.fetchall()


# One statement, so that either all of it is written or none. A payload goes with the last delivery that needed it; of
# two webhooks that end at the same moment neither sees the other, and the worker's hourly job wipes it.
_RECORD = """
    WITH held AS (
        UPDATE webhooks SET
            leased_until = %(until)s,
            is_enabled = is_enabled AND %(disabled_reason)s::text IS NULL,
            disabled_reason = coalesce(%(disabled_reason)s::text, disabled_reason),
            failing_since = %(failing_since)s, failure_count = %(failure_count)s,
            failed_event_id = %(failed_event_id)s, pause_count = %(pause_count)s,
            next_attempt_at = %(next_attempt_at)s
        WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s AND leased_until = %(lease)s
        RETURNING is_enabled, content, details, disabled_reason
    ), sent AS MATERIALIZED (
        SELECT * FROM unnest(%(events)s::uuid[], %(attempts)s::uuid[], %(statuses)s::smallint[], %(errors)s::text[],
                             %(milliseconds)s::integer[], %(answers)s::bytea[], %(states)s::text[],
                             %(counts)s::integer[], %(nexts)s::timestamptz[])
            AS s (event_id, attempt_id, status, error, milliseconds, answer, state, attempt_count, next_attempt_at)
    ), changed AS (
        UPDATE webhook_deliveries d SET
            state = s.state, attempt_count = s.attempt_count, next_attempt_at = s.next_attempt_at,
            ended_at = CASE WHEN s.state = 'pending' THEN NULL ELSE %(now)s END
        FROM sent s
        WHERE d.account_id = %(account_id)s AND d.webhook_id = %(webhook_id)s AND d.event_id = s.event_id
          AND d.state = 'pending'
        RETURNING d.event_id, d.state
    ), logged AS (
        INSERT INTO webhook_attempts
            (account_id, webhook_id, event_id, attempt_id, status, error, milliseconds, answer)
        SELECT %(account_id)s, %(webhook_id)s, s.event_id, s.attempt_id, s.status, s.error, s.milliseconds, s.answer
        FROM sent s JOIN changed USING (event_id)
    ), wiped AS (
        UPDATE events e SET payload = NULL FROM changed c
        WHERE e.account_id = %(account_id)s AND e.event_id = c.event_id AND c.state <> 'pending'
          AND e.payload IS NOT NULL AND NOT EXISTS (
              SELECT FROM webhook_deliveries o
              WHERE o.account_id = %(account_id)s AND o.event_id = c.event_id AND o.webhook_id <> %(webhook_id)s
                AND o.state = 'pending'
          )
    )
    SELECT * FROM held
"""


async def record(
    conn: Conn,
    held: Held,
    sent: Sequence[Sent],
    health: Health,
    *,
    lease: datetime,
    until: datetime | None,
    now: datetime,
) -> Kept | None:
    """Write down what was sent, and hold the webhook until then (None: no longer). None where another has it by now."""
    async with conn.cursor(row_factory=class_row(Kept)) as cursor:
        await cursor.execute(
            _RECORD,
            {
                "account_id": held.account_id,
                "webhook_id": held.webhook_id,
                "lease": lease,
                "until": until,
                "now": now,
                "disabled_reason": health.disabled_reason,
                "failing_since": health.failing_since,
                "failure_count": health.failure_count,
                "failed_event_id": health.failed_event_id,
                "pause_count": health.pause_count,
                "next_attempt_at": health.next_attempt_at,
                "events": [one.event_id for one in sent],
                "attempts": [one.attempt_id for one in sent],
                "statuses": [one.status for one in sent],
                "errors": [one.error for one in sent],
                "milliseconds": [one.milliseconds for one in sent],
                "answers": [one.answer for one in sent],
                "states": [one.outcome.state for one in sent],
                "counts": [one.outcome.attempt_count for one in sent],
                "nexts": [one.outcome.next_attempt_at for one in sent],
            },
        )
        return await cursor.fetchone()


async def do_not_wait_for_the_disk(conn: Conn) -> None:
    """For this transaction: a crash of the database may undo it, and what it wrote down is sent again."""
    await conn.execute("SET LOCAL synchronous_commit = off")
