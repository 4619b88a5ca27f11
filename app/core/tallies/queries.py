"""SQL over the tallies."""

from collections.abc import Mapping
from datetime import date

from app.lib.db import Conn

_LONG_AGO = date(1, 1, 1)


async def add(conn: Conn, counts: Mapping[tuple[str, str], int], *, day: date, shard: int) -> None:
    """Add counts by (name, label) to the day's, in one order, so that no two processes wait for each other in a circle.

    A crash may cost the last moment's.
    """
    await conn.execute("SET LOCAL synchronous_commit = off")
    rows = sorted(counts.items())
    await conn.execute(
        """INSERT INTO tallies AS t (day, name, label, shard, count)
           SELECT %(day)s, n.name, n.label, %(shard)s, n.count
           FROM unnest(%(names)s::text[], %(labels)s::text[], %(counts)s::bigint[]) AS n (name, label, count)
           ON CONFLICT (day, name, label, shard) DO UPDATE SET count = t.count + excluded.count""",
        {
            "day": day,
            "shard": shard,
            "names": [name for (name, _), _ in rows],
            "labels": [label for (_, label), _ in rows],
            "counts": [count for _, count in rows],
        },
    )


async def sums(conn: Conn, *, since: date | None) -> dict[tuple[str, str], int]:
    """By (name, label), from this day on or since ever; at most 5,000."""
    cursor = await conn.execute(
        """SELECT name, label, sum(count)::bigint FROM tallies
           WHERE %(since)s::date IS NULL OR day >= %(since)s
           GROUP BY name, label ORDER BY name, label LIMIT 5000""",
        {"since": since},
    )
    return {(name, label): count for name, label, count in await cursor.fetchall()}


async def fold(conn: Conn, before: date, *, limit: int) -> int:
    """Keep only the sum of at most `limit` numbers of days before this; how many those were."""
    cursor = await conn.execute(
        """WITH gone AS (
               DELETE FROM tallies WHERE (day, name, label, shard) IN (
                   SELECT day, name, label, shard FROM tallies
                   WHERE day < %(before)s AND day > %(long_ago)s LIMIT %(limit)s)
               RETURNING name, label, shard, count),
           kept AS (
               INSERT INTO tallies AS t (day, name, label, shard, count)
               SELECT %(long_ago)s, name, label, shard, sum(count) FROM gone GROUP BY name, label, shard
               ON CONFLICT (day, name, label, shard) DO UPDATE SET count = t.count + excluded.count)
           SELECT count(*) FROM gone""",
        {"before": before, "long_ago": _LONG_AGO, "limit": limit},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
