"""SQL over rules about senders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from app.core.auth.model import WHOLE, Reach
from app.core.auth.reach import queries as reach_queries
from app.core.rules.model import Match, NewRow, RuleRow, Verdict
from app.lib.db import Conn

MAX_PAGE = 200
_MAX_MATCHES = 1000

_ROW = """
    SELECT r.rule_id, r.alias_id, a.address AS alias_address, r.verdict, r.kind, r.label, r.hit_count, r.last_hit_on
    FROM sender_rules r LEFT JOIN aliases a ON a.account_id = r.account_id AND a.alias_id = r.alias_id
    WHERE r.account_id = %(account_id)s
"""


async def count(conn: Conn, account_id: UUID) -> int:
    """How many rules the account has."""
    cursor = await conn.execute(
        "SELECT count(*) FROM sender_rules WHERE account_id = %s AND deleted_at IS NULL", (account_id,)
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def rule(conn: Conn, account_id: UUID, rule_id: UUID) -> RuleRow | None:
    """One rule of the account."""
    async with conn.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(
            _ROW + " AND r.rule_id = %(rule_id)s AND r.deleted_at IS NULL LIMIT 1",
            {"account_id": account_id, "rule_id": rule_id},
        )
        return await cursor.fetchone()


async def rule_about(conn: Conn, account_id: UUID, alias_id: UUID | None, matcher: bytes) -> RuleRow | None:
    """The rule about this sender in this very place: of the alias, or of the whole account."""
    async with conn.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(
            _ROW
            + """ AND r.matcher = %(matcher)s AND r.alias_id IS NOT DISTINCT FROM %(alias_id)s::uuid
                  AND r.deleted_at IS NULL LIMIT 1""",
            {"account_id": account_id, "matcher": matcher, "alias_id": alias_id},
        )
        return await cursor.fetchone()


async def rules(
    conn: Conn,
    account_id: UUID,
    *,
    alias_id: UUID | None,
    is_account_wide: bool,
    verdict: Verdict | None,
    before: UUID | None,
    limit: int,
    reach: Reach = WHOLE,
) -> list[RuleRow]:
    """A page of the account's rules, newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(
            _ROW
            + """ AND r.deleted_at IS NULL
                  AND (%(alias_id)s::uuid IS NULL OR r.alias_id = %(alias_id)s)
                  AND (NOT %(is_account_wide)s OR r.alias_id IS NULL)
                  AND (%(verdict)s::text IS NULL OR r.verdict = %(verdict)s)
                  AND (%(before)s::uuid IS NULL OR r.rule_id < %(before)s)"""
            + reach_queries.condition(reach, "r.alias_id")
            + " ORDER BY r.rule_id DESC LIMIT %(limit)s",
            {
                "account_id": account_id,
                "alias_id": alias_id,
                "is_account_wide": is_account_wide,
                "verdict": verdict,
                "before": before,
                "limit": min(limit, MAX_PAGE),
            }
            | reach_queries.values(reach),
        )
        return await cursor.fetchall()


async def matches(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID], matchers: Sequence[bytes]) -> list[Match]:
    """The rules of these aliases and of the whole account that one of the digests meets."""
    async with conn.cursor(row_factory=class_row(Match), binary=True) as cursor:
        await cursor.execute(
            """SELECT rule_id, alias_id, verdict, kind, matcher FROM sender_rules
               WHERE account_id = %(account_id)s AND matcher = ANY(%(matchers)s) AND deleted_at IS NULL
                 AND (alias_id IS NULL OR alias_id = ANY(%(alias_ids)s)) LIMIT %(limit)s""",
            {
                "account_id": account_id,
                "matchers": list(matchers),
                "alias_ids": list(alias_ids),
                "limit": _MAX_MATCHES,
            },
        )
        return await cursor.fetchall()


async def rows(conn: Conn, account_id: UUID, rule_ids: Sequence[UUID]) -> list[RuleRow]:
    """These rules of the account, in no order; at most 1000."""
    async with conn.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(
            _ROW + " AND r.rule_id = ANY(%(rule_ids)s) AND r.deleted_at IS NULL LIMIT %(limit)s",
            {"account_id": account_id, "rule_ids": list(rule_ids), "limit": _MAX_MATCHES},
        )
        return await cursor.fetchall()


async def in_place(
    conn: Conn, account_id: UUID, alias_id: UUID | None, matchers: Sequence[bytes]
) -> dict[bytes, RuleRow]:
    """By digest the rules of this very place, the alias or the whole account; at most 1000."""
    cursor = await conn.execute(
        """SELECT matcher, rule_id FROM sender_rules
           WHERE account_id = %(account_id)s AND matcher = ANY(%(matchers)s)
             AND alias_id IS NOT DISTINCT FROM %(alias_id)s::uuid AND deleted_at IS NULL LIMIT %(limit)s""",
        {"account_id": account_id, "matchers": list(matchers), "alias_id": alias_id, "limit": _MAX_MATCHES},
        binary=True,
    )
    ids = {rule_id: matcher for matcher, rule_id in await cursor.fetchall()}
    return {ids[row.rule_id]: row for row in await rows(conn, account_id, list(ids))}


async def insert_rules(conn: Conn, account_id: UUID, new: Sequence[NewRow]) -> None:
    """Rules, many at once; none of them is there yet."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO sender_rules (account_id, rule_id, alias_id, verdict, kind, matcher, label)
               VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            [(account_id, row.rule_id, row.alias_id, row.verdict, row.kind, row.matcher, row.label) for row in new],
        )


async def set_label(conn: Conn, account_id: UUID, rule_id: UUID, label: bytes) -> None:
    """Note something about a rule."""
    await conn.execute(
        "UPDATE sender_rules SET label = %(label)s WHERE account_id = %(account_id)s AND rule_id = %(rule_id)s",
        {"account_id": account_id, "rule_id": rule_id, "label": label},
    )


async def delete_rules(conn: Conn, account_id: UUID, rule_ids: Sequence[UUID], *, now: datetime) -> int:
    """These rules hold no more, and can be restored for a while; how many there were."""
    cursor = await conn.execute(
        """UPDATE sender_rules SET deleted_at = %(now)s
           WHERE account_id = %(account_id)s AND rule_id = ANY(%(rule_ids)s) AND deleted_at IS NULL""",
        {"account_id": account_id, "rule_ids": list(rule_ids), "now": now},
    )
    return cursor.rowcount


async def replaced(conn: Conn, account_id: UUID, rule_id: UUID, verdict: Verdict, *, made_at: datetime) -> UUID | None:
    """What a rule, `made_at` then, has replaced: the last one of this verdict about the same sender in the same place
    that was deleted by then; None where it is forgotten.
    """
    cursor = await conn.execute(
        """SELECT o.rule_id FROM sender_rules r JOIN sender_rules o USING (account_id, matcher)
           WHERE account_id = %(account_id)s AND r.rule_id = %(rule_id)s AND o.verdict = %(verdict)s
             AND o.alias_id IS NOT DISTINCT FROM r.alias_id AND o.deleted_at <= %(made_at)s
           ORDER BY o.deleted_at DESC, o.rule_id DESC LIMIT 1""",
        {"account_id": account_id, "rule_id": rule_id, "verdict": verdict, "made_at": made_at},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def restore_rule(conn: Conn, account_id: UUID, rule_id: UUID) -> bool:
    """Take the deletion back; False when there is nothing to take back, or a rule about the same sender by now."""
    cursor = await conn.execute(
        """UPDATE sender_rules r SET deleted_at = NULL
           WHERE account_id = %(account_id)s AND rule_id = %(rule_id)s AND deleted_at IS NOT NULL
             AND NOT EXISTS (
                 SELECT FROM sender_rules o
                 WHERE o.account_id = r.account_id AND o.matcher = r.matcher
                   AND o.alias_id IS NOT DISTINCT FROM r.alias_id AND o.deleted_at IS NULL
             )""",
        {"account_id": account_id, "rule_id": rule_id},
    )
    return cursor.rowcount == 1


async def delete_rules_deleted_before(conn: Conn, moment: datetime, *, limit: int) -> int:
    """Forget rules of all accounts that nobody restored; how many."""
    cursor = await conn.execute(
        """DELETE FROM sender_rules WHERE (account_id, rule_id) IN (
               SELECT account_id, rule_id FROM sender_rules WHERE deleted_at < %(moment)s
               ORDER BY deleted_at LIMIT %(limit)s
           )""",
        {"moment": moment, "limit": limit},
    )
    return cursor.rowcount


async def is_deleted(conn: Conn, account_id: UUID, rule_id: UUID) -> bool:
    """Whether this rule is one that could still be restored."""
    cursor = await conn.execute(
        "SELECT FROM sender_rules WHERE account_id = %s AND rule_id = %s AND deleted_at IS NOT NULL LIMIT 1",
        (account_id, rule_id),
    )
    return cursor.rowcount == 1
