"""SQL over who writes to an alias, how often, and in which week."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.model import WHOLE, Reach
from app.core.auth.reach import queries as reach_queries
from app.core.messages.model import Delivery
from app.core.senders.model import ExpectedRow, OrganisationRow, Place, SenderRow, Sort, Week
from app.lib.db import Conn

MAX_PAGE = 200
MOST_SENDERS = 1000
"""Of an alias that are listed, about 300 kB; the mail of all others is counted together."""
MOST_ORGANISATIONS = 300
"""Of an alias that are looked at for leaks: those that wrote first."""
_UNLISTED = b""


async def insert_senders(conn: Conn, deliveries: Iterable[Delivery], *, shard: int) -> None:
    """Note who wrote the messages, just stored, and count them by sender and by week. `conn` is in pipeline mode.

    In one order everywhere, so that two processes never wait for each other in a circle; and only a sender's first
    message to an alias, and the first that comes while it takes everybody's, write to a row that processes share.
    """
    first: dict[tuple[UUID, UUID, bytes], Delivery] = {}
    counts: Counter[tuple[UUID, UUID, bytes, date]] = Counter()
    weeks: Counter[tuple[UUID, UUID, date]] = Counter()
    for one in deliveries:
        day = one.received_at.date()
        weeks[one.account_id, one.alias_id, monday(day)] += 1
        if one.sender is not None:
            first.setdefault((one.account_id, one.alias_id, one.sender.sender), one)
            counts[one.account_id, one.alias_id, one.sender.sender, day] += 1
    if first:
        await _insert_names(conn, [one for _, one in sorted(first.items(), key=lambda item: item[0])])
        await _count_by_sender(conn, counts, shard=shard)
    if weeks:
        await _count_by_week(conn, weeks, shard=shard)


async def _insert_names(conn: Conn, deliveries: Sequence[Delivery]) -> None:
    # Subqueries with a limit are looked up by index for each row; as plain joins they might read whole tables.
    marks = [one.sender for one in deliveries if one.sender is not None]
    await conn.execute(
        """INSERT INTO alias_senders AS w (account_id, alias_id, sender, organisation, message_id, message_key, details,
                                           is_known)
           SELECT n.account_id, n.alias_id, n.sender, n.organisation, n.message_id, n.message_key, n.details, n.is_known
           FROM unnest(%(accounts)b::uuid[], %(aliases)b::uuid[], %(senders)b::bytea[], %(organisations)b::bytea[],
                       %(messages)b::uuid[], %(keys)b::bytea[], %(details)b::bytea[], %(known)b::boolean[])
                AS n (account_id, alias_id, sender, organisation, message_id, message_key, details, is_known)
           LEFT JOIN LATERAL (
               SELECT s.is_known FROM alias_senders s
               WHERE s.account_id = n.account_id AND s.alias_id = n.alias_id AND s.sender = n.sender LIMIT 1
           ) there ON true
           WHERE CASE WHEN there.is_known IS NOT NULL THEN n.is_known AND NOT there.is_known ELSE (
                     SELECT count(*) FROM (
                         SELECT FROM alias_senders s
                         WHERE s.account_id = n.account_id AND s.alias_id = n.alias_id LIMIT %(most)b
                     ) listed
                 ) < %(most)b END
           ON CONFLICT (account_id, alias_id, sender) DO UPDATE SET is_known = true
           WHERE excluded.is_known AND NOT w.is_known""",
        {
            "accounts": [one.account_id for one in deliveries],
            "aliases": [one.alias_id for one in deliveries],
            "senders": [mark.sender for mark in marks],
            "organisations": [mark.organisation for mark in marks],
            "messages": [one.message_id for one in deliveries],
            "keys": [one.message_key for one in deliveries],
            "details": [mark.details for mark in marks],
            "known": [mark.is_known for mark in marks],
            "most": MOST_SENDERS,
        },
    )


async def _count_by_sender(conn: Conn, counts: Mapping[tuple[UUID, UUID, bytes, date], int], *, shard: int) -> None:
    accounts, aliases, senders, days = zip(*sorted(counts), strict=True)
    await conn.execute(
        """INSERT INTO alias_sender_usage AS u (account_id, alias_id, sender, shard, message_count, last_on)
           SELECT account_id, alias_id, sender, %(shard)b, sum(count), max(day) FROM (
               SELECT n.account_id, n.alias_id, n.count, n.day, coalesce((
                   SELECT s.sender FROM alias_senders s
                   WHERE s.account_id = n.account_id AND s.alias_id = n.alias_id AND s.sender = n.sender LIMIT 1
               ), %(unlisted)b) AS sender
               FROM unnest(%(accounts)b::uuid[], %(aliases)b::uuid[], %(senders)b::bytea[], %(days)b::date[],
                           %(counts)b::bigint[]) AS n (account_id, alias_id, sender, day, count)
           ) listed
           GROUP BY account_id, alias_id, sender ORDER BY account_id, alias_id, sender
           ON CONFLICT (account_id, alias_id, sender, shard) DO UPDATE
           SET message_count = u.message_count + excluded.message_count,
               last_on = greatest(u.last_on, excluded.last_on)""",
        {
            "accounts": list(accounts),
            "aliases": list(aliases),
            "senders": list(senders),
            "days": list(days),
            "counts": [counts[key] for key in sorted(counts)],
            "shard": shard,
            "unlisted": _UNLISTED,
        },
    )


async def _count_by_week(conn: Conn, weeks: Mapping[tuple[UUID, UUID, date], int], *, shard: int) -> None:
    accounts, aliases, mondays = zip(*sorted(weeks), strict=True)
    await conn.execute(
        """INSERT INTO alias_weeks AS w (account_id, alias_id, week, shard, message_count)
           SELECT account_id, alias_id, week, %(shard)b, count
           FROM unnest(%(accounts)b::uuid[], %(aliases)b::uuid[], %(weeks)b::date[], %(counts)b::bigint[])
                AS n (account_id, alias_id, week, count)
           ON CONFLICT (account_id, alias_id, week, shard) DO UPDATE
           SET message_count = w.message_count + excluded.message_count""",
        {
            "accounts": list(accounts),
            "aliases": list(aliases),
            "weeks": list(mondays),
            "counts": [weeks[key] for key in sorted(weeks)],
            "shard": shard,
        },
    )


def monday(day: date) -> date:
    """The first day of the week that a day lies in."""
    return day - timedelta(days=day.weekday())


_ROW: LiteralString = """
    SELECT s.sender, s.organisation, s.message_id, s.message_key, s.details, s.is_expected, u.message_count, u.last_on
    FROM alias_senders s CROSS JOIN LATERAL (
        SELECT coalesce(sum(message_count), 0)::bigint AS message_count, max(last_on) AS last_on
        FROM alias_sender_usage
        WHERE account_id = s.account_id AND alias_id = s.alias_id AND sender = s.sender
    ) u
    WHERE s.account_id = %(account_id)s AND s.alias_id = %(alias_id)s
"""
_ORDERS: Mapping[Sort, tuple[LiteralString, LiteralString]] = {
    # (what stands behind a place, the order)
    "recent": (
        "(u.last_on - DATE '1970-01-01', s.sender) < (%(number)s, %(after)s)",
        "u.last_on DESC, s.sender DESC",
    ),
    "first": (
        """s.message_id < (SELECT message_id FROM alias_senders
                            WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND sender = %(after)s)""",
        "s.message_id DESC",
    ),
    "most": ("(u.message_count, s.sender) < (%(number)s, %(after)s)", "u.message_count DESC, s.sender DESC"),
}


async def senders(
    conn: Conn, account_id: UUID, alias_id: UUID, *, sort: Sort, after: Place | None, limit: int
) -> list[SenderRow]:
    """A page of those who wrote to the alias; at most 200."""
    behind, order = _ORDERS[sort]
    values = {
        "account_id": account_id,
        "alias_id": alias_id,
        "after": after.sender_id.bytes if after else None,
        "number": after.number if after else 0,
        "limit": min(limit, MAX_PAGE),
    }
    async with conn.cursor(row_factory=class_row(SenderRow), binary=True) as cursor:
        await cursor.execute(
            f"{_ROW} AND (%(after)s::bytea IS NULL OR {behind}) ORDER BY {order} LIMIT %(limit)s", values
        )
        return await cursor.fetchall()


async def sender(conn: Conn, account_id: UUID, alias_id: UUID, digest: bytes) -> SenderRow | None:
    """One of those who wrote to the alias."""
    async with conn.cursor(row_factory=class_row(SenderRow), binary=True) as cursor:
        await cursor.execute(
            f"{_ROW} AND s.sender = %(sender)s LIMIT 1",
            {"account_id": account_id, "alias_id": alias_id, "sender": digest},
        )
        return await cursor.fetchone()


async def organisations(conn: Conn, account_id: UUID, alias_id: UUID, *, each: int) -> list[OrganisationRow]:
    """The first senders (`each`) of every organisation that wrote to the alias, in the order the organisations came."""
    async with conn.cursor(row_factory=class_row(OrganisationRow), binary=True) as cursor:
        await cursor.execute(
            f"""WITH listed AS ({_ROW} LIMIT %(most_senders)s), ranked AS (
                    SELECT l.*, row_number() OVER first AS place, first_value(message_id) OVER first AS first_id,
                           (sum(message_count) OVER of_one)::bigint AS in_all,
                           bool_or(is_expected) OVER of_one AS is_any
                    FROM listed l
                    WINDOW of_one AS (PARTITION BY organisation), first AS (of_one ORDER BY message_id)
                )
                SELECT organisation, message_id, sender, message_key, details, is_any AS is_expected, first_id,
                       in_all AS message_count, place = 1 AND EXISTS (
                           SELECT FROM messages m JOIN messages e USING (account_id, thread_id)
                           WHERE m.account_id = %(account_id)s AND m.message_id = first_id
                             AND e.alias_id = %(alias_id)s AND e.message_id < m.message_id
                       ) AS is_answer
                FROM ranked WHERE place <= %(each)s ORDER BY first_id, message_id LIMIT %(most)s""",
            {
                "account_id": account_id,
                "alias_id": alias_id,
                "each": each,
                "most": MOST_ORGANISATIONS * each,
                "most_senders": MOST_SENDERS,
            },
        )
        return await cursor.fetchall()


async def known(
    conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], digests: Sequence[bytes]
) -> set[tuple[UUID, bytes]]:
    """(alias, sender) of those that have written to these aliases while they took everybody's mail."""
    cursor = await conn.execute(
        """SELECT alias_id, sender FROM alias_senders
           WHERE account_id = %(account_id)s AND alias_id = ANY(%(aliases)s) AND sender = ANY(%(senders)s) AND is_known
           LIMIT %(limit)s""",
        {
            "account_id": account_id,
            "aliases": list(alias_ids),
            "senders": list(digests),
            "limit": len(alias_ids) * len(digests),
        },
        binary=True,
    )
    return {(alias_id, sender) for alias_id, sender in await cursor.fetchall()}


async def newest_aliases(
    conn: Conn, account_id: UUID, *, before: UUID | None, limit: int, reach: Reach = WHOLE
) -> list[tuple[UUID, UUID]]:
    """(first message, alias) of the newest senders of the account, newest first, those before that message."""
    cursor = await conn.execute(
        f"""SELECT message_id, alias_id FROM alias_senders
            WHERE account_id = %(account_id)s AND (%(before)s::uuid IS NULL OR message_id < %(before)s)
                  {reach_queries.condition(reach, "alias_id")}
            ORDER BY message_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "before": before, "limit": limit} | reach_queries.values(reach),
    )
    return [(message_id, alias_id) for message_id, alias_id in await cursor.fetchall()]


async def set_details(conn: Conn, account_id: UUID, alias_id: UUID, details: Mapping[bytes, bytes]) -> None:
    """What describes these senders, under the data key from now on."""
    await conn.execute(
        """UPDATE alias_senders s SET message_key = NULL, details = n.details
           FROM unnest(%(senders)b::bytea[], %(details)b::bytea[]) AS n (sender, details)
           WHERE s.account_id = %(account_id)b AND s.alias_id = %(alias_id)b AND s.sender = n.sender""",
        {
            "account_id": account_id,
            "alias_id": alias_id,
            "senders": list(details),
            "details": list(details.values()),
        },
    )


async def set_expected(conn: Conn, account_id: UUID, alias_id: UUID, organisation: bytes, *, is_expected: bool) -> None:
    """Whether this organisation may write to the alias, as its owner says."""
    await conn.execute(
        """UPDATE alias_senders SET is_expected = %(is_expected)s
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND organisation = %(organisation)s""",
        {
            "account_id": account_id,
            "alias_id": alias_id,
            "organisation": organisation,
            "is_expected": is_expected,
        },
    )


async def expected(conn: Conn, account_id: UUID) -> list[ExpectedRow]:
    """The first senders of the organisations that may write to each alias, as the owner says; at most 10,000."""
    async with conn.cursor(row_factory=class_row(ExpectedRow), binary=True) as cursor:
        await cursor.execute(
            """SELECT DISTINCT ON (s.alias_id, s.organisation) a.address, s.message_id, s.message_key, s.details
               FROM alias_senders s JOIN aliases a USING (account_id, alias_id)
               WHERE s.account_id = %(account_id)s AND s.is_expected
               ORDER BY s.alias_id, s.organisation, s.message_id LIMIT 10000""",
            {"account_id": account_id},
        )
        return await cursor.fetchall()


async def weeks(conn: Conn, account_id: UUID, alias_id: UUID, *, first: date) -> list[Week]:
    """The weeks from this Monday on in which mail came to the alias, oldest first; at most 60."""
    async with conn.cursor(row_factory=class_row(Week)) as cursor:
        await cursor.execute(
            """SELECT week AS monday, sum(message_count)::bigint AS message_count FROM alias_weeks
               WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND week >= %(first)s
               GROUP BY week ORDER BY week LIMIT 60""",
            {"account_id": account_id, "alias_id": alias_id, "first": first},
        )
        return await cursor.fetchall()


async def sender_counts(conn: Conn, account_id: UUID, alias_id: UUID) -> tuple[int, int]:
    """(how many senders of the alias are listed, how many messages are of others)."""
    cursor = await conn.execute(
        """SELECT (SELECT count(*) FROM alias_senders WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s),
               (SELECT coalesce(sum(message_count), 0)::bigint FROM alias_sender_usage
                WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND sender = %(unlisted)s)""",
        {"account_id": account_id, "alias_id": alias_id, "unlisted": _UNLISTED},
    )
    row = await cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def refused_count(conn: Conn, account_id: UUID, alias_id: UUID, *, first: date) -> int:
    """How many messages to the alias were refused, put off or dropped from this day on."""
    cursor = await conn.execute(
        """SELECT coalesce(sum(count), 0)::bigint FROM refusals
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s AND refused_on >= %(first)s""",
        {"account_id": account_id, "alias_id": alias_id, "first": first},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def delete_weeks_before(conn: Conn, first: date, *, limit: int) -> int:
    """Forget the weeks of all accounts that began before; how many rows."""
    cursor = await conn.execute(
        """DELETE FROM alias_weeks WHERE (account_id, alias_id, week, shard) IN (
               SELECT account_id, alias_id, week, shard FROM alias_weeks WHERE week < %(first)s
               ORDER BY week LIMIT %(limit)s
           )""",
        {"first": first, "limit": limit},
    )
    return cursor.rowcount
