"""SQL over refusals."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.model import WHOLE, Reach
from app.core.auth.reach import queries as reach_queries
from app.core.refusals.model import RefusalRow, Rest, SealedRefusal
from app.lib.db import Conn

MAX_PAGE = 200

_ROW = """
    SELECT r.refusal_id, r.alias_id, a.address AS alias_address, r.refused_on, r.code, r.reason, r.details, r.count
    FROM refusals r JOIN aliases a USING (account_id, alias_id)
    WHERE r.account_id = %(account_id)s
"""


async def refusals(
    conn: Conn, account_id: UUID, *, alias_id: UUID | None, before: UUID | None, limit: int, reach: Reach = WHOLE
) -> list[RefusalRow]:
    """A page of what was refused to the account, or to one alias, newest first; at most 200."""
    of_alias = "" if alias_id is None else " AND r.alias_id = %(alias_id)s"
    async with conn.cursor(row_factory=class_row(RefusalRow), binary=True) as cursor:
        await cursor.execute(
            _ROW
            + of_alias
            + reach_queries.condition(reach, "r.alias_id")
            + """ AND (%(before)s::uuid IS NULL OR r.refusal_id < %(before)s)
                  ORDER BY r.refusal_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "alias_id": alias_id, "before": before, "limit": min(limit, MAX_PAGE)}
            | reach_queries.values(reach),
        )
        return await cursor.fetchall()


async def refusals_after(
    conn: Conn, account_id: UUID, *, alias_id: UUID | None, after: UUID, limit: int, reach: Reach = WHOLE
) -> list[RefusalRow]:
    """What was refused behind this id, oldest first; at most 200."""
    of_alias = "" if alias_id is None else " AND r.alias_id = %(alias_id)s"
    async with conn.cursor(row_factory=class_row(RefusalRow), binary=True) as cursor:
        await cursor.execute(
            _ROW
            + of_alias
            + reach_queries.condition(reach, "r.alias_id")
            + " AND r.refusal_id > %(after)s ORDER BY r.refusal_id LIMIT %(limit)s",
            {"account_id": account_id, "alias_id": alias_id, "after": after, "limit": min(limit, MAX_PAGE)}
            | reach_queries.values(reach),
        )
        return await cursor.fetchall()


async def refusal(conn: Conn, account_id: UUID, refusal_id: UUID) -> RefusalRow | None:
    """One refusal of the account."""
    async with conn.cursor(row_factory=class_row(RefusalRow), binary=True) as cursor:
        await cursor.execute(
            _ROW + " AND r.refusal_id = %(refusal_id)s LIMIT 1", {"account_id": account_id, "refusal_id": refusal_id}
        )
        return await cursor.fetchone()


async def delete_before(conn: Conn, day: date, *, limit: int) -> int:
    """Forget what was refused to anybody before that day; how many rows."""
    cursor = await conn.execute(
        """DELETE FROM refusals WHERE (account_id, refusal_id) IN (
               SELECT account_id, refusal_id FROM refusals WHERE refused_on < %(day)s
               ORDER BY refused_on LIMIT %(limit)s
           )""",
        {"day": day, "limit": limit},
    )
    return cursor.rowcount


async def counts_of_day(
    conn: Conn, aliases: Sequence[tuple[UUID, UUID]], *, first: UUID, of_alias: int, of_account: int
) -> Mapping[tuple[UUID, UUID], tuple[int, int]]:
    """By (account, alias): rows written since the id `first`, of the alias and of its account, counted up to a most."""
    accounts, alias_ids = zip(*aliases, strict=True)
    cursor = await conn.execute(
        """SELECT k.account_id, k.alias_id,
               (SELECT count(*) FROM (
                   SELECT FROM refusals r WHERE r.account_id = k.account_id AND r.alias_id = k.alias_id
                     AND r.refusal_id >= %(first)s LIMIT %(of_alias)s) a),
               (SELECT count(*) FROM (
                   SELECT FROM refusals r WHERE r.account_id = k.account_id
                     AND r.refusal_id >= %(first)s LIMIT %(of_account)s) a)
           FROM unnest(%(accounts)s::uuid[], %(aliases)s::uuid[]) AS k (account_id, alias_id)""",
        {
            "accounts": list(accounts),
            "aliases": list(alias_ids),
            "first": first,
            "of_alias": of_alias,
            "of_account": of_account,
        },
    )
    return {(account_id, alias_id): (one, both) for account_id, alias_id, one, both in await cursor.fetchall()}


async def wait_for_no_disk(conn: Conn) -> None:
    """Commit this transaction without waiting until it is on the disk: a crash may lose it, never half of it."""
    await conn.execute("SET LOCAL synchronous_commit = off")


async def insert_refusals(conn: Conn, rows: Sequence[SealedRefusal], *, day: date) -> None:
    """Refusals, one row each. An integrity error where an alias is gone."""
    await conn.execute(
        """INSERT INTO refusals (account_id, refusal_id, alias_id, code, reason, details, refused_on, count)
           SELECT account_id, refusal_id, alias_id, code, reason, details, %(day)s, 1
           FROM unnest(%(accounts)s::uuid[], %(ids)s::uuid[], %(aliases)s::uuid[], %(codes)s::smallint[],
                       %(reasons)s::text[], %(details)s::bytea[])
                AS r (account_id, refusal_id, alias_id, code, reason, details)""",
        {
            "accounts": [row.account_id for row in rows],
            "ids": [row.refusal_id for row in rows],
            "aliases": [row.alias_id for row in rows],
            "codes": [row.code for row in rows],
            "reasons": [row.reason for row in rows],
            "details": [row.details for row in rows],
            "day": day,
        },
    )


async def add_rests(conn: Conn, rests: Sequence[Rest], *, day: date) -> None:
    """Count refusals that are not written down one by one.

    `rests` are in one order everywhere, so that two processes never wait for each other in a circle.
    """
    await conn.execute(
        """INSERT INTO refusals AS r (account_id, refusal_id, alias_id, code, reason, refused_on, count)
           SELECT account_id, refusal_id, alias_id, code, reason, %(day)s, count
           FROM unnest(%(accounts)s::uuid[], %(ids)s::uuid[], %(aliases)s::uuid[], %(codes)s::smallint[],
                       %(reasons)s::text[], %(counts)s::bigint[])
                AS n (account_id, refusal_id, alias_id, code, reason, count)
           ON CONFLICT (account_id, alias_id, refused_on, reason, code) WHERE details IS NULL
           DO UPDATE SET count = r.count + excluded.count""",
        {
            "accounts": [rest.account_id for rest in rests],
            "ids": [rest.refusal_id for rest in rests],
            "aliases": [rest.alias_id for rest in rests],
            "codes": [rest.code for rest in rests],
            "reasons": [rest.reason for rest in rests],
            "counts": [rest.count for rest in rests],
            "day": day,
        },
    )


async def add_hits(conn: Conn, counts: Mapping[tuple[UUID, UUID], int], *, day: date) -> None:
    """Count hits by (account, rule); rules that are gone are passed over.

    Rows are locked in the order of their ids, so that two processes never wait for each other in a circle.
    """
    accounts, rules = zip(*counts, strict=True)
    await conn.execute(
        """WITH hit AS MATERIALIZED (
               SELECT r.account_id, r.rule_id, h.count
               FROM unnest(%(accounts)s::uuid[], %(rules)s::uuid[], %(counts)s::bigint[])
                    AS h (account_id, rule_id, count)
               JOIN sender_rules r USING (account_id, rule_id)
               ORDER BY r.account_id, r.rule_id FOR NO KEY UPDATE OF r
           )
           UPDATE sender_rules r SET hit_count = r.hit_count + hit.count, last_hit_on = %(day)s
           FROM hit WHERE r.account_id = hit.account_id AND r.rule_id = hit.rule_id""",
        {"accounts": list(accounts), "rules": list(rules), "counts": list(counts.values()), "day": day},
    )
