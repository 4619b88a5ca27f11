"""SQL over webhooks, what is to be delivered to them, and what became of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from app.core.events.model import EventType
from app.core.webhooks.model import Attempt, Delivery, DeliveryState, Replayable, Webhook, WebhookRow
from app.lib.db import Conn
from app.lib.ids import first_id_at

MAX_WEBHOOKS = 20
MAX_PAGE = 200
MAX_ATTEMPTS = 50
_MAX_COUNTED = 1000
_AROUND = timedelta(hours=1)
"""An id begins with the time at which it was made, which is nearly that of its event: so a span is one of ids, too."""
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

_ROW = """
    SELECT w.account_id, w.webhook_id, w.alias_id, a.address AS alias_address, w.is_enabled, w.event_types, w.content,
           w.details, w.created_on, w.disabled_reason, w.failing_since, w.failure_count, w.next_attempt_at,
           (SELECT count(*)::integer FROM (
                SELECT FROM webhook_deliveries d
                WHERE d.account_id = w.account_id AND d.webhook_id = w.webhook_id AND d.state = 'pending'
                LIMIT %(counted)s) waiting) AS pending_count
    FROM webhooks w LEFT JOIN aliases a ON a.account_id = w.account_id AND a.alias_id = w.alias_id
    WHERE w.account_id = %(account_id)s
"""


async def webhooks(conn: Conn, account_id: UUID) -> list[WebhookRow]:
    """All webhooks of the account, oldest first; at most 20."""
    async with conn.cursor(row_factory=class_row(WebhookRow)) as cursor:
        await cursor.execute(
            _ROW + " ORDER BY w.webhook_id LIMIT %(limit)s",
            {"account_id": account_id, "limit": MAX_WEBHOOKS, "counted": _MAX_COUNTED},
        )
        return await cursor.fetchall()


async def webhook(conn: Conn, account_id: UUID, webhook_id: UUID) -> WebhookRow | None:
    """One webhook of the account."""
    async with conn.cursor(row_factory=class_row(WebhookRow)) as cursor:
        await cursor.execute(
            _ROW + " AND w.webhook_id = %(webhook_id)s LIMIT 1",
            {"account_id": account_id, "webhook_id": webhook_id, "counted": _MAX_COUNTED},
        )
        return await cursor.fetchone()


async def lock_webhook(conn: Conn, account_id: UUID, webhook_id: UUID) -> bool:
    """Keep others from changing it until the transaction ends; whether it is there."""
    cursor = await conn.execute(
        """SELECT FROM webhooks WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s
           LIMIT 1 FOR NO KEY UPDATE""",
        {"account_id": account_id, "webhook_id": webhook_id},
    )
    return cursor.rowcount == 1


async def insert_webhook(conn: Conn, account_id: UUID, made: Webhook, details: bytes) -> None:
    """A new webhook."""
    await conn.execute(
        """INSERT INTO webhooks (account_id, webhook_id, alias_id, is_enabled, event_types, content, details,
                                 created_on)
           VALUES (%(account_id)s, %(webhook_id)s, %(alias_id)s, %(is_enabled)s, %(event_types)s, %(content)s,
                   %(details)s, %(created_on)s)""",
        _values(account_id, made, details) | {"created_on": made.created_on},
    )


async def set_webhook(conn: Conn, account_id: UUID, changed: Webhook, details: bytes) -> None:
    """Replace what its owner has chosen."""
    await conn.execute(
        """UPDATE webhooks SET alias_id = %(alias_id)s, is_enabled = %(is_enabled)s, event_types = %(event_types)s,
                  content = %(content)s, details = %(details)s
           WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s""",
        _values(account_id, changed, details),
    )


def _values(account_id: UUID, webhook: Webhook, details: bytes) -> dict[str, object]:
    return {
        "account_id": account_id,
        "webhook_id": webhook.webhook_id,
        "alias_id": webhook.alias_id,
        "is_enabled": webhook.is_enabled,
        "event_types": list(webhook.event_types),
        "content": webhook.content,
        "details": details,
    }


async def begin_anew(conn: Conn, account_id: UUID, webhook_id: UUID, *, now: datetime) -> None:
    """Forget that it has failed, and try what waits at once."""
    await conn.execute(
        """UPDATE webhooks SET disabled_reason = NULL, failing_since = NULL, failure_count = 0, next_attempt_at = NULL,
                  failed_event_id = NULL, pause_count = 0
           WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s""",
        {"account_id": account_id, "webhook_id": webhook_id},
    )
    await conn.execute(
        """UPDATE webhook_deliveries SET next_attempt_at = %(now)s
           WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s AND state = 'pending'
             AND next_attempt_at > %(now)s""",
        {"account_id": account_id, "webhook_id": webhook_id, "now": now},
    )


async def end_pause(conn: Conn, account_id: UUID, webhook_id: UUID, *, now: datetime) -> None:
    """Try a webhook that is given a rest now."""
    await conn.execute(
        """UPDATE webhooks SET next_attempt_at = %(now)s
           WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s AND next_attempt_at > %(now)s""",
        {"account_id": account_id, "webhook_id": webhook_id, "now": now},
    )


async def set_all_thin(conn: Conn, account_id: UUID) -> int:
    """Have all of the account's webhooks told the least; how many were told more."""
    cursor = await conn.execute(
        "UPDATE webhooks SET content = 'thin' WHERE account_id = %s AND content = 'full'", (account_id,)
    )
    return cursor.rowcount


async def delete_webhook(conn: Conn, account_id: UUID, webhook_id: UUID) -> bool:
    """Delete it with everything that was to be, or has been, delivered to it; False when there is none such."""
    await conn.execute(
        "DELETE FROM webhook_deliveries WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s",
        {"account_id": account_id, "webhook_id": webhook_id},
    )
    cursor = await conn.execute(
        "DELETE FROM webhooks WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s",
        {"account_id": account_id, "webhook_id": webhook_id},
    )
    return cursor.rowcount == 1


async def insert_delivery(conn: Conn, account_id: UUID, webhook_id: UUID, event_id: UUID, *, now: datetime) -> None:
    """An event is to be delivered to this webhook, whatever it wants; anew where it was."""
    await conn.execute(
        """INSERT INTO webhook_deliveries (account_id, webhook_id, event_id, state, next_attempt_at)
           VALUES (%(account_id)s, %(webhook_id)s, %(event_id)s, 'pending', %(now)s)
           ON CONFLICT (account_id, webhook_id, event_id)
           DO UPDATE SET state = 'pending', attempt_count = 0, next_attempt_at = excluded.next_attempt_at,
                         ended_at = NULL""",
        {"account_id": account_id, "webhook_id": webhook_id, "event_id": event_id, "now": now},
    )


_DELIVERY = """
    SELECT d.webhook_id, d.event_id, e.type, e.alias_id, e.occurred_at, d.state, d.attempt_count, d.next_attempt_at,
           d.ended_at
    FROM webhook_deliveries d JOIN events e USING (account_id, event_id)
    WHERE account_id = %(account_id)s AND d.webhook_id = %(webhook_id)s
"""


async def deliveries(
    conn: Conn,
    account_id: UUID,
    webhook_id: UUID,
    *,
    state: DeliveryState | None,
    event_type: EventType | None,
    before: UUID | None,
    limit: int,
) -> list[Delivery]:
    """A page of what was to be delivered to the webhook, newest event first; at most 200."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(
            _DELIVERY
            + """ AND (%(state)s::text IS NULL OR d.state = %(state)s)
                  AND (%(type)s::text IS NULL OR e.type = %(type)s)
                  AND (%(before)s::uuid IS NULL OR event_id < %(before)s)
                  ORDER BY event_id DESC LIMIT %(limit)s""",
            {
                "account_id": account_id,
                "webhook_id": webhook_id,
                "state": state,
                "type": event_type,
                "before": before,
                "limit": min(limit, MAX_PAGE),
            },
        )
        return await cursor.fetchall()


async def delivery(conn: Conn, account_id: UUID, webhook_id: UUID, event_id: UUID) -> Delivery | None:
    """What has become of one event at one webhook."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(
            _DELIVERY + " AND event_id = %(event_id)s LIMIT 1",
            {"account_id": account_id, "webhook_id": webhook_id, "event_id": event_id},
        )
        return await cursor.fetchone()


async def attempts(conn: Conn, account_id: UUID, webhook_id: UUID, event_id: UUID) -> list[Attempt]:
    """The newest requests with one event to one webhook, oldest first; at most 50. Their answers are still sealed."""
    async with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        await cursor.execute(
            """SELECT * FROM (
                   SELECT attempt_id, status, error, milliseconds, answer FROM webhook_attempts
                   WHERE account_id = %(account_id)s AND webhook_id = %(webhook_id)s AND event_id = %(event_id)s
                   ORDER BY attempt_id DESC LIMIT %(limit)s
               ) newest ORDER BY attempt_id""",
            {"account_id": account_id, "webhook_id": webhook_id, "event_id": event_id, "limit": MAX_ATTEMPTS},
        )
        return await cursor.fetchall()


async def note_missed(
    conn: Conn,
    account_id: UUID,
    webhook: Webhook,
    *,
    first: datetime,
    last: datetime,
    types: Sequence[EventType],
    now: datetime,
    limit: int,
) -> None:
    """Note what the webhook was not to be told of in this span, the oldest, as failed before any attempt.

    Of messages those that are still there, whether or not there was an event of them; of other things but refusals
    those that are noted as events.
    """
    await conn.execute(
        """WITH missed AS MATERIALIZED (
               SELECT event_id, type, alias_id, occurred_at FROM (
                   SELECT m.message_id AS event_id, m.alias_id, m.received_at AS occurred_at,
                          CASE m.folder WHEN 'held' THEN 'message.held' ELSE 'message.received' END AS type
                   FROM messages m WHERE m.account_id = %(account_id)s
                   UNION ALL
                   SELECT e.event_id, e.alias_id, e.occurred_at, e.type
                   FROM events e WHERE e.account_id = %(account_id)s AND e.type NOT LIKE 'message.%%'
               ) happened
               WHERE event_id >= %(first_id)s AND event_id < %(last_id)s
                 AND occurred_at >= %(first)s AND occurred_at < %(last)s AND type = ANY(%(types)s)
                 AND (%(alias_id)s::uuid IS NULL OR alias_id = %(alias_id)s)
                 AND NOT EXISTS (
                     SELECT FROM webhook_deliveries d
                     WHERE d.account_id = %(account_id)s AND d.webhook_id = %(webhook_id)s
                       AND d.event_id = happened.event_id
                 )
               ORDER BY event_id LIMIT %(limit)s
           ), event AS (
               INSERT INTO events (account_id, event_id, type, alias_id, subject_id, occurred_at)
               SELECT %(account_id)s, event_id, type, alias_id, event_id, occurred_at FROM missed
               WHERE type LIKE 'message.%%' ON CONFLICT DO NOTHING
           )
           INSERT INTO webhook_deliveries (account_id, webhook_id, event_id, state, next_attempt_at, ended_at)
           SELECT %(account_id)s, %(webhook_id)s, event_id, 'failed', %(now)s, %(now)s FROM missed
           ON CONFLICT DO NOTHING""",
        {
            "account_id": account_id,
            "webhook_id": webhook.webhook_id,
            "alias_id": webhook.alias_id,
            "types": list(types),
            "now": now,
            "limit": limit,
        }
        | _span(first, last),
    )


def _span(first: datetime, last: datetime) -> dict[str, object]:
    return {
        "first": first,
        "last": last,
        "first_id": first_id_at(max(first, _EARLIEST) - _AROUND),
        "last_id": first_id_at(min(last, _LATEST) + _AROUND),
    }


async def replayable(
    conn: Conn,
    account_id: UUID,
    webhook_id: UUID,
    *,
    first: datetime,
    last: datetime,
    states: Sequence[Replayable],
    types: Sequence[EventType] | None,
    limit: int,
) -> list[UUID]:
    """Events of this span (the last moment excluded) whose deliveries are in one of these states, oldest first."""
    cursor = await conn.execute(
        """SELECT event_id FROM webhook_deliveries d JOIN events e USING (account_id, event_id)
           WHERE account_id = %(account_id)s AND d.webhook_id = %(webhook_id)s
             AND (d.state = ANY(%(states)s)
                  OR 'missed' = ANY(%(states)s) AND d.state = 'failed' AND d.attempt_count = 0)
             AND e.occurred_at >= %(first)s AND e.occurred_at < %(last)s
             AND event_id >= %(first_id)s AND event_id < %(last_id)s
             AND (%(types)s::text[] IS NULL OR e.type = ANY(%(types)s))
           ORDER BY event_id LIMIT %(limit)s""",
        {
            "account_id": account_id,
            "webhook_id": webhook_id,
            "states": list(states),
            "types": None if types is None else list(types),
            "limit": limit,
        }
        | _span(first, last),
    )
    return [event_id for (event_id,) in await cursor.fetchall()]


async def set_payload(conn: Conn, account_id: UUID, event_id: UUID, payload: bytes) -> None:
    """What an event tells, made anew."""
    await conn.execute(
        """UPDATE events SET payload = %(payload)s
           WHERE account_id = %(account_id)s AND event_id = %(event_id)s""",
        {"account_id": account_id, "event_id": event_id, "payload": payload},
    )
