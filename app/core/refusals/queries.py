"""SQL over refusals."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from app.core.refusals.model import RefusalRow
from app.lib.db import Conn

MAX_PAGE = 200

_ROW = """
    SELECT r.refusal_id, r.alias_id, a.address AS alias_address, r.refused_on, r.code, r.reason, r.details, r.count
    FROM refusals r JOIN aliases a USING (account_id, alias_id)
    WHERE r.account_id = %(account_id)s
"""


async def refusals(
    conn: Conn, account_id: UUID, *, alias_id: UUID | None, before: UUID | None, limit: int
) -> list[RefusalRow]:
    """A page of what was refused to the account, or to one alias, newest first; at most 200."""
    of_alias = "" if alias_id is None else " AND r.alias_id = %(alias_id)s"
    async with conn.cursor(row_factory=class_row(RefusalRow), binary=True) as cursor:
        await cursor.execute(
            _ROW
            + of_alias
            + """ AND (%(before)s::uuid IS NULL OR r.refusal_id < %(before)s)
                  ORDER BY r.refusal_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "alias_id": alias_id, "before": before, "limit": min(limit, MAX_PAGE)},
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
