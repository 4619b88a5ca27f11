"""SQL over messages that may be the same as one that is brought."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from app.lib.db import Conn
from app.lib.ids import first_id_at

MAX_CANDIDATES = 50
_ABOUT = timedelta(seconds=1)
_STORED_WITHIN = timedelta(minutes=10)
"""Between a message's coming and the making of its id lies the reading of it."""
_MESSAGE_KEYS = ("messages_pkey", "message_summaries_pkey", "message_sources_pkey", "message_tokens_pkey")


async def candidates(
    conn: Conn, account_id: UUID, alias_id: UUID, *, received_at: datetime, size: int
) -> Sequence[UUID]:
    """The alias's messages of this size that came within a second of this moment; at most 50."""
    cursor = await conn.execute(
        """SELECT message_id FROM messages
           WHERE account_id = %(account_id)s AND message_id >= %(first)s AND message_id < %(last)s
             AND alias_id = %(alias_id)s AND size = %(size)s AND received_at BETWEEN %(since)s AND %(until)s
           ORDER BY message_id LIMIT %(limit)s""",
        {
            "account_id": account_id,
            "alias_id": alias_id,
            "size": size,
            "first": first_id_at(received_at - _ABOUT),
            "last": first_id_at(received_at + _STORED_WITHIN),
            "since": received_at - _ABOUT,
            "until": received_at + _ABOUT,
            "limit": MAX_CANDIDATES,
        },
        binary=True,
    )
    return [message_id for (message_id,) in await cursor.fetchall()]


async def is_there(conn: Conn, account_id: UUID, message_id: UUID) -> bool:
    """Whether the account has a message of this id."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM messages WHERE account_id = %s AND message_id = %s)", (account_id, message_id)
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


def is_repetition(error: Exception) -> bool:
    """Whether a message could not be stored because another request has stored it."""
    return isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name in _MESSAGE_KEYS
