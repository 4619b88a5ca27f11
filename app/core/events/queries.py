"""SQL over events: writing them down together with what is to be delivered of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from app.core.events.model import EventRow, Facts, Fullness, NewEvent, Quota
from app.lib.db import Conn

# One statement, which also goes with what is stored in a pipeline. Webhooks that are to be told in full, but were made
# too late for the payload, are not told.
_INSERT = """
    WITH new AS MATERIALIZED (
        SELECT * FROM unnest(%(accounts)b::uuid[], %(ids)b::uuid[], %(types)b::text[], %(aliases)b::uuid[],
                             %(subjects)b::uuid[], %(times)b::timestamptz[], %(facts)b::jsonb[], %(payloads)b::bytea[],
                             %(are_full)b::boolean[])
            AS n (account_id, event_id, type, alias_id, subject_id, occurred_at, facts, payload, is_full)
    ), event AS (
        INSERT INTO events (account_id, event_id, type, alias_id, subject_id, occurred_at, facts, payload)
        SELECT account_id, event_id, type, alias_id, subject_id, occurred_at, facts, payload FROM new
    )
    INSERT INTO webhook_deliveries (account_id, webhook_id, event_id, state, next_attempt_at)
    SELECT n.account_id, w.webhook_id, n.event_id, 'pending', n.occurred_at
    FROM new n JOIN webhooks w USING (account_id)
    WHERE w.is_enabled AND n.type = ANY(w.event_types) AND (w.alias_id IS NULL OR w.alias_id = n.alias_id)
      AND (w.content = 'thin' OR n.is_full OR n.payload IS NULL)
"""


async def insert_events(conn: Conn, events: Sequence[NewEvent]) -> int:
    """Write events down, and that the webhooks which want them are to be told; how many deliveries that makes.

    In pipeline mode the number is not known yet, and -1.
    """
    cursor = await conn.execute(
        _INSERT,
        {
            "accounts": [one.account_id for one in events],
            "ids": [one.event_id for one in events],
            "types": [one.type for one in events],
            "aliases": [one.alias_id for one in events],
            "subjects": [one.subject_id for one in events],
            "times": [one.occurred_at for one in events],
            "facts": [None if one.facts is None else Jsonb(one.facts) for one in events],
            "payloads": [one.payload for one in events],
            "are_full": [one.is_full for one in events],
        },
    )
    return cursor.rowcount


_WARNED: Mapping[Quota, LiteralString] = {"storage": "storage_warned", "aliases": "aliases_warned"}


async def note_fullness(
    conn: Conn, account_id: UUID, fullness: Fullness, *, event_id: UUID, facts: Facts, now: datetime
) -> int:
    """Note how full the account is; when that is more than was noted, with an event. How many deliveries that makes,
    as `insert_events` says.
    """
    column = _WARNED[fullness.quota]
    cursor = await conn.execute(
        f"""WITH before AS MATERIALIZED (
                SELECT account_id, {column} AS percent FROM accounts
                WHERE account_id = %(account_id)s FOR NO KEY UPDATE
            ), noted AS (
                UPDATE accounts a SET {column} = %(percent)s FROM before b
                WHERE a.account_id = b.account_id AND b.percent <> %(percent)s
            ), risen AS (
                SELECT account_id FROM before WHERE percent < %(percent)s
            ), event AS (
                INSERT INTO events (account_id, event_id, type, occurred_at, facts)
                SELECT account_id, %(event_id)s, 'quota.warning', %(now)s, %(facts)s FROM risen
            )
            INSERT INTO webhook_deliveries (account_id, webhook_id, event_id, state, next_attempt_at)
            SELECT r.account_id, w.webhook_id, %(event_id)s, 'pending', %(now)s
            FROM risen r JOIN webhooks w USING (account_id)
            WHERE w.is_enabled AND 'quota.warning' = ANY(w.event_types) AND w.alias_id IS NULL""",
        {
            "account_id": account_id,
            "percent": fullness.percent,
            "event_id": event_id,
            "facts": Jsonb(facts),
            "now": now,
        },
    )
    return cursor.rowcount


_EVENT = """
    SELECT e.account_id, e.event_id, e.type, e.alias_id, a.address AS alias_address, e.subject_id, m.thread_id,
           e.occurred_at, e.facts, e.payload
    FROM events e
    LEFT JOIN aliases a ON a.account_id = e.account_id AND a.alias_id = e.alias_id
    LEFT JOIN messages m ON m.account_id = e.account_id AND m.message_id = e.subject_id
"""


async def event(conn: Conn, account_id: UUID, event_id: UUID) -> EventRow | None:
    """One event of the account."""
    async with conn.cursor(row_factory=class_row(EventRow)) as cursor:
        await cursor.execute(
            _EVENT + " WHERE e.account_id = %(account_id)s AND e.event_id = %(event_id)s LIMIT 1",
            {"account_id": account_id, "event_id": event_id},
        )
        return await cursor.fetchone()


async def told(conn: Conn, account_id: UUID) -> set[str]:
    """What any of the account's webhooks is told of: types of events, and `thin` or `full`."""
    cursor = await conn.execute(
        """SELECT DISTINCT t.word FROM webhooks w CROSS JOIN LATERAL unnest(w.content || w.event_types) AS t (word)
           WHERE w.account_id = %(account_id)s AND w.is_enabled LIMIT 100""",
        {"account_id": account_id},
    )
    return {word for (word,) in await cursor.fetchall()}


async def events_by_id(conn: Conn, account_id: UUID, event_ids: Sequence[UUID]) -> list[EventRow]:
    """These events of the account, oldest first; at most 1,000."""
    async with conn.cursor(row_factory=class_row(EventRow)) as cursor:
        await cursor.execute(
            _EVENT
            + """ WHERE e.account_id = %(account_id)s AND e.event_id = ANY(%(event_ids)s)
                  ORDER BY e.event_id LIMIT 1000""",
            {"account_id": account_id, "event_ids": list(event_ids)},
        )
        return await cursor.fetchall()


async def events_after(conn: Conn, account_id: UUID, after: UUID, *, limit: int) -> list[EventRow]:
    """What happened besides arriving mail and refusals, behind this id, oldest first; without tests of webhooks."""
    async with conn.cursor(row_factory=class_row(EventRow)) as cursor:
        await cursor.execute(
            _EVENT
            + """ WHERE e.account_id = %(account_id)s AND e.event_id > %(after)s
                    AND e.type NOT IN ('message.received', 'message.held', 'message.refused', 'webhook.test')
                  ORDER BY e.event_id LIMIT %(limit)s""",
            {"account_id": account_id, "after": after, "limit": min(limit, 1000)},
        )
        return await cursor.fetchall()


async def delete_before(conn: Conn, moment: datetime, *, limit: int) -> int:
    """Forget what happened to anybody before then, with all that was delivered of it; how many events."""
    cursor = await conn.execute(
        """DELETE FROM events WHERE (account_id, event_id) IN (
               SELECT account_id, event_id FROM events WHERE occurred_at < %(moment)s
               ORDER BY occurred_at LIMIT %(limit)s
           )""",
        {"moment": moment, "limit": limit},
    )
    return cursor.rowcount


async def wipe_payload(conn: Conn, account_id: UUID, event_id: UUID) -> None:
    """Wipe the payload of an event that nobody waits to be told of."""
    await conn.execute(
        """UPDATE events e SET payload = NULL
           WHERE account_id = %(account_id)s AND event_id = %(event_id)s AND payload IS NOT NULL AND NOT EXISTS (
               SELECT FROM webhook_deliveries d
               WHERE d.account_id = e.account_id AND d.event_id = e.event_id AND d.state = 'pending'
           )""",
        {"account_id": account_id, "event_id": event_id},
    )


async def wipe_idle_payloads(conn: Conn, *, before: datetime, limit: int) -> int:
    """The same for all events older than that, at most `limit` of them; how many payloads."""
    cursor = await conn.execute(
        """UPDATE events SET payload = NULL WHERE (account_id, event_id) IN (
               SELECT e.account_id, e.event_id FROM events e
               WHERE e.payload IS NOT NULL AND e.occurred_at < %(before)s AND NOT EXISTS (
                   SELECT FROM webhook_deliveries d
                   WHERE d.account_id = e.account_id AND d.event_id = e.event_id AND d.state = 'pending'
               )
               ORDER BY e.occurred_at LIMIT %(limit)s
           )""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount
