"""SQL over threads: joined when messages are stored, read as conversations."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from app.core.auth.model import WHOLE, Reach
from app.core.auth.reach import queries as reach_queries
from app.core.messages.model import Delivery
from app.lib.db import Conn

# A thread is known by the smallest of its ids, so that two processes that join the same threads choose alike.
OF_REFS = """
    SELECT thread_id FROM thread_refs
    WHERE account_id = %(account_id)b AND ref = ANY(%(refs)b::bytea[]) ORDER BY thread_id LIMIT 1
"""

_JOIN = (
    "WITH kept AS ("
    + OF_REFS
    + """),
    joined AS (
        SELECT DISTINCT thread_id FROM thread_refs
        WHERE account_id = %(account_id)b AND ref = ANY(%(refs)b::bytea[]) AND thread_id <> (SELECT thread_id FROM kept)
        LIMIT 1000
    ), moved AS (
        UPDATE messages SET thread_id = (SELECT thread_id FROM kept)
        WHERE account_id = %(account_id)b AND thread_id IN (SELECT thread_id FROM joined)
    )
    UPDATE thread_refs SET thread_id = (SELECT thread_id FROM kept)
    WHERE account_id = %(account_id)b AND thread_id IN (SELECT thread_id FROM joined)
"""
)


async def insert_refs(conn: Conn, deliveries: Iterable[Delivery]) -> None:
    """Let the messages begin threads of their own where nothing they are tied to is known.

    In one order everywhere, so that two processes never wait for each other in a circle.
    """
    rows = sorted((one.account_id, ref, one.message_id) for one in deliveries for ref in one.refs)
    if rows:
        accounts, refs, threads = zip(*rows, strict=True)
        await conn.execute(
            """INSERT INTO thread_refs (account_id, ref, thread_id)
               SELECT * FROM unnest(%b::uuid[], %b::bytea[], %b::uuid[]) ON CONFLICT DO NOTHING""",
            (list(accounts), list(refs), list(threads)),
        )


async def join_threads(conn: Conn, account_id: UUID, refs: Sequence[bytes]) -> None:
    """Make one thread of all those that the refs belong to: a message has come that ties them together."""
    await conn.execute(_JOIN, {"account_id": account_id, "refs": list(refs)})


async def adopt(conn: Conn, orphan: Delivery, subject_token: int) -> None:
    """Move the orphan, just stored, and what answered it before it came, to the thread its subject was last in."""
    await conn.execute(
        """WITH orphan AS (
               SELECT thread_id FROM messages
               WHERE account_id = %(account_id)s AND message_id = %(message_id)s LIMIT 1
           ), older AS (
               SELECT m.thread_id FROM message_tokens t JOIN messages m USING (account_id, message_id)
               WHERE t.account_id = %(account_id)s AND t.tokens @> ARRAY[%(subject_token)s::bigint]
                 AND m.alias_id = %(alias_id)s AND m.message_id < %(message_id)s
               ORDER BY m.message_id DESC LIMIT 1
           ), refs AS (
               UPDATE thread_refs r SET thread_id = older.thread_id FROM orphan, older
               WHERE r.account_id = %(account_id)s AND r.thread_id = orphan.thread_id
           )
           UPDATE messages m SET thread_id = older.thread_id FROM orphan, older
           WHERE m.account_id = %(account_id)s AND m.thread_id = orphan.thread_id""",
        {
            "account_id": orphan.account_id,
            "message_id": orphan.message_id,
            "alias_id": orphan.alias_id,
            "subject_token": subject_token,
        },
    )


async def message_ids(conn: Conn, account_id: UUID, thread_id: UUID, *, limit: int, reach: Reach = WHOLE) -> list[UUID]:
    """The newest messages of a thread, newest first, but for those in the trash or spam, or held; at most 200."""
    cursor = await conn.execute(
        f"""SELECT message_id FROM messages
            WHERE account_id = %(account_id)s AND thread_id = %(thread_id)s AND folder NOT IN ('trash', 'spam', 'held')
              {reach_queries.condition(reach, "alias_id")}
            ORDER BY message_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "thread_id": thread_id, "limit": min(limit, 200)} | reach_queries.values(reach),
    )
    return [message_id for (message_id,) in await cursor.fetchall()]
