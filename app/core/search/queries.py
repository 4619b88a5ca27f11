"""SQL of the search: three ways to the newest messages that fulfil conditions, and what is needed around them.

The conditions become part of a statement, as planning them well matters more than keeping plans: so no statement is
prepared. Tokens differ between accounts, and every way also asks for the account's own rows of `messages`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core.search.conditions import Conditions
from app.lib.db import Bigints, Conn

MAX_ALIASES = 1000
_LAST_ID = UUID(int=2**128 - 1)

_COLUMNS = "m.account_id, m.message_id, m.alias_id, m.folder, m.is_read, m.is_starred, m.received_at, m.size"


async def prefer_indexes(conn: Conn) -> None:
    """For the rest of the transaction: a scan of the whole table never pays here, though guesses may say it does.

    And memory for the bitmaps of common words, which become slow to use where they do not fit.
    """
    await conn.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('work_mem', '64MB', true)")


async def newest_of_window(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int, window: int
) -> list[UUID]:
    """Those among the newest `window` messages: quick where every few messages fulfil the conditions."""
    needs_tokens = bool(wanted.groups or wanted.forbidden)
    of_tokens, join = (", t.tokens", _JOIN_TOKENS) if needs_tokens else ("", "")
    statement = f"""
        SELECT message_id FROM (
            SELECT {_COLUMNS}{of_tokens} FROM messages m {join}
            WHERE m.account_id = %(account_id)s AND m.message_id < %(before)s
            ORDER BY m.message_id DESC LIMIT {window:d}
        ) m WHERE {_rows(wanted)}{_tokens(wanted)}
        ORDER BY message_id DESC LIMIT %(limit)s"""
    return await _ids(conn, statement, _values(account_id, wanted, before, limit))


async def newest_by_index(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int, most: int
) -> list[UUID] | None:
    """By the index of tokens, which knows no order: None if more than `most` messages have the tokens."""
    statement = f"""
        WITH found AS MATERIALIZED (
            SELECT t.message_id FROM message_tokens t WHERE true{_tokens(wanted)} LIMIT {most + 1:d}
        )
        SELECT (SELECT count(*) FROM found), ARRAY(
            SELECT f.message_id
            FROM (SELECT message_id FROM found WHERE message_id < %(before)s ORDER BY message_id DESC) f
            CROSS JOIN LATERAL (
                SELECT 1 FROM messages m
                WHERE m.account_id = %(account_id)s AND m.message_id = f.message_id AND {_rows(wanted)} LIMIT 1
            ) m
            ORDER BY f.message_id DESC LIMIT %(limit)s)"""
    cursor = await conn.execute(statement, _values(account_id, wanted, before, limit), prepare=False, binary=True)
    row = await cursor.fetchone()
    return row[1] if row is not None and row[0] <= most else None


async def newest_of_all(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int
) -> list[UUID]:
    """However the database thinks best: always right, and slow only where many messages must be looked at."""
    join = _JOIN_TOKENS if wanted.groups or wanted.forbidden else ""
    statement = f"""
        SELECT m.message_id FROM messages m {join}
        WHERE m.account_id = %(account_id)s AND m.message_id < %(before)s AND {_rows(wanted)}{_tokens(wanted)}
        ORDER BY m.message_id DESC LIMIT %(limit)s"""
    return await _ids(conn, statement, _values(account_id, wanted, before, limit))


async def tokens_in_use(conn: Conn, account_id: UUID, tokens: Sequence[int], *, window: int) -> frozenset[int]:
    """Those of the tokens that any message has. The index is not asked for what the newest messages have: much of
    what it would tell of common words is never looked at.
    """
    cursor = await conn.execute(
        f"""WITH seen AS MATERIALIZED (
                SELECT DISTINCT one FROM (
                    SELECT tokens FROM message_tokens WHERE account_id = %(account_id)s
                    ORDER BY message_id DESC LIMIT {window:d}
                ) newest CROSS JOIN LATERAL unnest(newest.tokens) one WHERE one = ANY(%(tokens)s)
            )
            SELECT one FROM seen UNION ALL (
                SELECT one FROM (SELECT unnest(%(tokens)s) EXCEPT SELECT one FROM seen) asked (one)
                CROSS JOIN LATERAL (SELECT 1 FROM message_tokens t WHERE t.tokens @> ARRAY[one] LIMIT 1) message
            ) LIMIT %(limit)s""",
        {"account_id": account_id, "tokens": Bigints(tokens), "limit": len(tokens)},
        prepare=False,
    )
    return frozenset(one for (one,) in await cursor.fetchall())


async def index_key(conn: Conn, account_id: UUID) -> bytes | None:
    """The account's index key, wrapped."""
    cursor = await conn.execute(
        "SELECT index_key FROM accounts WHERE account_id = %s LIMIT 1", (account_id,), binary=True
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def alias_ids(conn: Conn, account_id: UUID, text: str) -> frozenset[UUID]:
    """The aliases with this address, local part or domain; at most 1,000."""
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases
           WHERE account_id = %(account_id)s
             AND %(text)s IN (address, split_part(address, '@', 1), split_part(address, '@', 2))
           ORDER BY alias_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "text": text, "limit": MAX_ALIASES},
    )
    return frozenset(alias_id for (alias_id,) in await cursor.fetchall())


async def sources(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The sealed sources of some messages."""
    cursor = await conn.execute(
        """SELECT message_id, source FROM message_sources
           WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s) LIMIT %(limit)s""",
        {"account_id": account_id, "message_ids": list(message_ids), "limit": len(message_ids)},
        binary=True,
    )
    return dict(await cursor.fetchall())


async def small_sources(
    conn: Conn, account_id: UUID, message_ids: Sequence[UUID], *, max_bytes: int
) -> dict[UUID, bytes]:
    """The sealed sources of those messages that have no more than so many bytes."""
    cursor = await conn.execute(
        """SELECT message_id, source FROM message_sources
           WHERE account_id = %(account_id)s AND message_id = ANY(%(message_ids)s)
             AND octet_length(source) <= %(max_bytes)s LIMIT %(limit)s""",
        {"account_id": account_id, "message_ids": list(message_ids), "max_bytes": max_bytes, "limit": len(message_ids)},
        binary=True,
    )
    return dict(await cursor.fetchall())


_JOIN_TOKENS = "JOIN message_tokens t ON t.account_id = m.account_id AND t.message_id = m.message_id"


def _rows(wanted: Conditions) -> str:
    """What the table of messages is asked for; one clause for each thing that was."""
    query = wanted.query
    clauses = [
        ("m.folder = ANY(%(folders)s)", True),
        ("m.is_read", query.is_read == {True}),
        ("NOT m.is_read", query.is_read == {False}),
        ("m.is_starred", query.is_starred == {True}),
        ("NOT m.is_starred", query.is_starred == {False}),
        ("m.received_at < %(received_before)s", query.before is not None),
        ("m.received_at >= %(since)s", query.since is not None),
        ("m.size > %(larger)s", query.larger is not None),
        ("m.size <= %(at_most)s", query.at_most is not None),
        ("m.alias_id = ANY(%(alias_ids)s)", wanted.alias_ids is not None),
        ("m.alias_id <> ALL(%(not_alias_ids)s)", bool(wanted.not_alias_ids)),
    ]
    return " AND ".join(clause for clause, is_asked in clauses if is_asked)


def _tokens(wanted: Conditions) -> str:
    asked = "".join(f" AND tokens && %(g{number})s" for number in range(len(wanted.groups)))
    forbidden = [
        " AND ".join(f"tokens && %(f{number}_{part})s" for part in range(len(groups)))
        for number, groups in enumerate(wanted.forbidden)
    ]
    return asked + "".join(f" AND NOT ({clause})" for clause in forbidden)


def _values(account_id: UUID, wanted: Conditions, before: UUID | None, limit: int) -> Mapping[str, Any]:
    query = wanted.query
    values: dict[str, Any] = {
        "account_id": account_id,
        "before": before or _LAST_ID,
        "limit": limit,
        "folders": sorted(wanted.folders),
        "received_before": query.before,
        "since": query.since,
        "larger": query.larger,
        "at_most": query.at_most,
        "alias_ids": list(wanted.alias_ids or ()),
        "not_alias_ids": list(wanted.not_alias_ids),
    }
    values |= {f"g{number}": Bigints(sorted(group)) for number, group in enumerate(wanted.groups)}
    for number, groups in enumerate(wanted.forbidden):
        values |= {f"f{number}_{part}": Bigints(sorted(group)) for part, group in enumerate(groups)}
    return values


async def _ids(conn: Conn, statement: str, values: Mapping[str, Any]) -> list[UUID]:
    cursor = await conn.execute(statement, values, prepare=False, binary=True)
    return [message_id for (message_id,) in await cursor.fetchall()]
