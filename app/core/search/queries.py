"""SQL of the search: the ways to the newest messages that fulfil conditions, and what is needed around them.

The conditions become part of a statement, as planning them well matters more than keeping plans: so no statement is
prepared. Tokens differ between accounts, and every way also asks for the account's own rows of `messages`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.search.conditions import Conditions
from app.lib.db import Bigints, Conn
from app.lib.ids import first_id_at

MAX_ALIASES = 10_000
"""That one term can mean: all that an account may have unless its operator allows more. So many take 0.1 s."""
_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages an account has, and which of them are its oldest and newest; None without any."""

    message_count: int
    oldest: UUID | None
    newest: UUID | None


async def prefer_indexes(conn: Conn) -> None:
    """For the rest of the transaction: a scan of the whole table never pays here, though guesses may say it does.

    And memory for the bitmaps of common words, which become slow to use where they do not fit.
    """
    await conn.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('work_mem', '64MB', true)")


async def newest_of_window(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int, window: int
) -> list[UUID]:
    """Those among the newest `window` messages with the flags, folders and aliases wanted: quick where every few of
    them fulfil the other conditions, too.
    """
    # With its LIMIT the tokens are fetched for these messages; the planner would rather ask the index for all.
    statement = f"""
        SELECT n.message_id FROM ({_newest(wanted)}) n
        CROSS JOIN LATERAL (
            SELECT tokens FROM message_tokens
            WHERE account_id = %(account_id)s AND message_id = n.message_id LIMIT 1
        ) t
        WHERE {_size(wanted, "n")}{_tokens(wanted)}
        ORDER BY n.message_id DESC LIMIT %(limit)s"""
    values = _values(account_id, wanted, before, limit) | {"window": window}
    return await _ids(conn, statement, values)


async def newest_rows(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int
) -> list[UUID]:
    """Those with the flags, folders and aliases wanted, whatever their words and sizes."""
    statement = f"SELECT n.message_id FROM ({_newest(wanted)}) n ORDER BY n.message_id DESC"
    return await _ids(conn, statement, _values(account_id, wanted, before, limit) | {"window": limit})


async def end_of_window(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, window: int
) -> UUID | None:
    """The last of the messages that `newest_of_window` looks at; None if there are not so many."""
    statement = f"""
        SELECT n.message_id FROM ({_newest(wanted)}) n ORDER BY n.message_id DESC OFFSET {window - 1:d} LIMIT 1"""
    ids = await _ids(conn, statement, _values(account_id, wanted, before, 1) | {"window": window})
    return ids[0] if ids else None


async def newest_of_spans(
    conn: Conn, account_id: UUID, wanted: Conditions, *, spans: Sequence[int], before: UUID | None, limit: int
) -> list[UUID]:
    """By the index of tokens, one span of time after the other, until there are enough. `spans` are their tokens, the
    newest first, none left out between two of them.
    """
    # OFFSET 0 keeps the planner from asking the index once for all spans and sorting the messages out afterwards.
    statement = f"""
        SELECT found.message_id
        FROM (SELECT * FROM unnest(%(spans)s) WITH ORDINALITY s (token, place) ORDER BY place) s
        CROSS JOIN LATERAL (
            SELECT t.message_id FROM (
                SELECT t.message_id FROM message_tokens t
                WHERE t.tokens @> ARRAY[s.token]{_tokens(wanted)}
                  AND t.message_id < %(before)s AND t.message_id >= %(since)s
                ORDER BY t.message_id DESC OFFSET 0
            ) t
            CROSS JOIN LATERAL (
                SELECT 1 FROM messages m
                WHERE m.account_id = %(account_id)s AND m.message_id = t.message_id
                  AND m.folder = ANY(%(folders)s){_rows(wanted, "m")} AND {_size(wanted, "m")} LIMIT 1
            ) m
            ORDER BY t.message_id DESC LIMIT %(limit)s
        ) found
        ORDER BY s.place, found.message_id DESC LIMIT %(limit)s"""
    values = _values(account_id, wanted, before, limit) | {"spans": Bigints(spans)}
    return await _ids(conn, statement, values)


async def few_of_spans(
    conn: Conn,
    account_id: UUID,
    wanted: Conditions,
    *,
    spans: Sequence[int],
    before: UUID | None,
    limit: int,
    most: int,
) -> list[UUID] | None:
    """As `newest_of_spans`, in one go: None where more than `most` messages have the tokens.

    Each time it is asked, the index also looks through what it has not sorted in yet, up to some hundred messages.
    """
    statement = f"""
        WITH found AS MATERIALIZED (
            SELECT t.message_id FROM message_tokens t
            WHERE t.tokens && %(spans)s{_tokens(wanted)}
              AND t.message_id < %(before)s AND t.message_id >= %(since)s
            LIMIT {most + 1:d}
        )
        SELECT (SELECT count(*) FROM found), ARRAY(
            SELECT f.message_id FROM (SELECT message_id FROM found ORDER BY message_id DESC) f
            CROSS JOIN LATERAL (
                SELECT 1 FROM messages m
                WHERE m.account_id = %(account_id)s AND m.message_id = f.message_id
                  AND m.folder = ANY(%(folders)s){_rows(wanted, "m")} AND {_size(wanted, "m")} LIMIT 1
            ) m
            ORDER BY f.message_id DESC LIMIT %(limit)s)"""
    values = _values(account_id, wanted, before, limit) | {"spans": Bigints(spans)}
    cursor = await conn.execute(statement, values, prepare=False, binary=True)
    row = await cursor.fetchone()
    return row[1] if row is not None and row[0] <= most else None


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


async def extent(conn: Conn, account_id: UUID) -> Extent:
    """How far the account's messages reach."""
    async with conn.cursor(row_factory=class_row(Extent), binary=True) as cursor:
        await cursor.execute(
            """SELECT (SELECT coalesce(sum(message_count), 0)::bigint FROM account_usage
                       WHERE account_id = %(account_id)s) AS message_count,
                      (SELECT message_id FROM messages WHERE account_id = %(account_id)s
                       ORDER BY message_id LIMIT 1) AS oldest,
                      (SELECT message_id FROM messages WHERE account_id = %(account_id)s
                       ORDER BY message_id DESC LIMIT 1) AS newest""",
            {"account_id": account_id},
        )
        row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
    return row


async def alias_ids(conn: Conn, account_id: UUID, text: str) -> frozenset[UUID]:
    """The aliases with this address, local part or domain; the newest 10,000 at most."""
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases
           WHERE account_id = %(account_id)s
             AND %(text)s IN (address, split_part(address, '@', 1), split_part(address, '@', 2))
           ORDER BY alias_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "text": text, "limit": MAX_ALIASES},
    )
    return frozenset(alias_id for (alias_id,) in await cursor.fetchall())


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


def _newest(wanted: Conditions) -> str:
    """The newest of each folder by themselves, and its name as a literal: so each is read along an index that begins
    with the folder, also where the planner knows nothing of how one account fills its folders.
    """
    branches = " UNION ALL ".join(
        f"""(SELECT m.message_id, m.size FROM messages m
             WHERE m.account_id = %(account_id)s AND m.folder = '{folder}'
               AND m.message_id < %(before)s AND m.message_id >= %(since)s{_rows(wanted, "m")}
             ORDER BY m.message_id DESC LIMIT %(window)s)"""
        for folder in sorted(wanted.folders)
    )
    return f"SELECT * FROM ({branches}) of_folders ORDER BY message_id DESC LIMIT %(window)s"


def _rows(wanted: Conditions, table: str) -> str:
    """Flags and aliases: literals where there are indexes for them."""
    query = wanted.query
    clauses = [
        ("is_read", query.is_read == {True}),
        ("NOT is_read", query.is_read == {False}),
        ("is_starred", query.is_starred == {True}),
        ("NOT is_starred", query.is_starred == {False}),
        ("has_attachments", query.has_attachment == {True}),
        ("NOT has_attachments", query.has_attachment == {False}),
        ("alias_id = ANY(%(alias_ids)s)", wanted.alias_ids is not None),
        ("alias_id <> ALL(%(not_alias_ids)s)", bool(wanted.not_alias_ids)),
    ]
    asked = [clause for clause, is_asked in clauses if is_asked]
    return "".join(
        f" AND NOT {table}.{clause[4:]}" if clause.startswith("NOT ") else f" AND {table}.{clause}" for clause in asked
    )


def _size(wanted: Conditions, table: str) -> str:
    query = wanted.query
    larger = f"{table}.size > %(larger)s" if query.larger is not None else "true"
    return larger + (f" AND {table}.size <= %(at_most)s" if query.at_most is not None else "")


def _tokens(wanted: Conditions) -> str:
    asked = "".join(f" AND t.tokens && %(g{number})s" for number in range(len(wanted.groups)))
    forbidden = [
        " AND ".join(f"t.tokens && %(f{number}_{part})s" for part in range(len(groups)))
        for number, groups in enumerate(wanted.forbidden)
    ]
    return asked + "".join(f" AND NOT ({clause})" for clause in forbidden)


def _values(account_id: UUID, wanted: Conditions, before: UUID | None, limit: int) -> dict[str, Any]:
    query = wanted.query
    ends = [before or _LAST_ID] + ([first_id_at(query.before)] if query.before else [])
    values: dict[str, Any] = {
        "account_id": account_id,
        "before": min(ends),
        "since": first_id_at(query.since) if query.since else _FIRST_ID,
        "limit": limit,
        "folders": sorted(wanted.folders),
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
