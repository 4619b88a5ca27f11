"""SQL about what lies in a key's reach: the condition that lists add, and looking ids up."""

from collections.abc import Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from app.core.auth.model import Reach
from app.core.auth.reach.model import Kind
from app.lib.db import Conn

_ROWS: Mapping[Kind, tuple[LiteralString, LiteralString]] = {
    "alias": ("aliases a", "a.alias_id"),
    "message": ("messages r JOIN aliases a USING (account_id, alias_id)", "r.message_id"),
    "rule": ("sender_rules r JOIN aliases a USING (account_id, alias_id)", "r.rule_id"),
    "refusal": ("refusals r JOIN aliases a USING (account_id, alias_id)", "r.refusal_id"),
}


def condition(reach: Reach, alias_id: LiteralString) -> LiteralString:
    """` AND …` for rows of the account whose alias stands in this column; its values are those of `values`."""
    if reach.alias_id is not None:
        return f" AND {alias_id} = %(reach_alias_id)s"
    if reach.domain is not None:
        return f""" AND {alias_id} IN (
            SELECT alias_id FROM aliases
            WHERE account_id = %(account_id)s AND split_part(address, '@', 2) = %(reach_domain)s
        )"""
    return ""


def values(reach: Reach) -> dict[str, object]:
    """What the condition needs besides `account_id`."""
    return {"reach_alias_id": reach.alias_id, "reach_domain": reach.domain}


async def within(conn: Conn, account_id: UUID, reach: Reach, kind: Kind, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that are the account's and in reach; at most 10,000."""
    rows, column = _ROWS[kind]
    in_reach = condition(reach, "a.alias_id")
    cursor = await conn.execute(
        f"""SELECT {column} FROM {rows}
            WHERE account_id = %(account_id)s AND {column} = ANY(%(ids)s){in_reach} LIMIT 10000""",
        {"account_id": account_id, "ids": list(ids)} | values(reach),
    )
    return {found for (found,) in await cursor.fetchall()}


async def aliases_on(conn: Conn, account_id: UUID, domain: str, *, limit: int) -> frozenset[UUID]:
    """The account's newest aliases on this domain."""
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases WHERE account_id = %(account_id)s AND split_part(address, '@', 2) = %(domain)s
           ORDER BY alias_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "domain": domain, "limit": limit},
    )
    return frozenset(alias_id for (alias_id,) in await cursor.fetchall())
