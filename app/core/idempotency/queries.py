"""SQL over idempotency keys."""

from datetime import datetime

from psycopg.rows import class_row

from app.core.idempotency.model import Attempt, ClaimRow
from app.lib.db import Conn


async def claim(
    conn: Conn, attempt: Attempt, *, fingerprint: bytes, now: datetime, leased_until: datetime, forgotten: datetime
) -> bool:
    """Make the key this attempt's: a new one, one whose attempt ended without doing anything, or one claimed before
    `forgotten`. False where it is another's.
    """
    cursor = await conn.execute(
        """INSERT INTO idempotency_keys AS k (account_id, digest, attempt_id, fingerprint, claimed_at, leased_until)
           VALUES (%(account_id)s, %(digest)s, %(attempt_id)s, %(fingerprint)s, %(now)s, %(leased_until)s)
           ON CONFLICT (account_id, digest) DO UPDATE
           SET attempt_id = excluded.attempt_id, fingerprint = excluded.fingerprint, is_committed = false,
               answer = NULL, claimed_at = excluded.claimed_at, leased_until = excluded.leased_until
           WHERE k.claimed_at <= %(forgotten)s
              OR (NOT k.is_committed AND k.answer IS NULL AND k.leased_until <= excluded.claimed_at)""",
        _keys(attempt) | {"fingerprint": fingerprint, "now": now, "leased_until": leased_until, "forgotten": forgotten},
    )
    return cursor.rowcount == 1


async def claimed(conn: Conn, attempt: Attempt) -> ClaimRow | None:
    """The key as it is now, whoever's."""
    async with conn.cursor(row_factory=class_row(ClaimRow)) as cursor:
        await cursor.execute(
            """SELECT attempt_id, fingerprint, is_committed, answer, leased_until FROM idempotency_keys
               WHERE account_id = %(account_id)s AND digest = %(digest)s LIMIT 1""",
            _keys(attempt),
        )
        return await cursor.fetchone()


async def set_committed(conn: Conn, attempt: Attempt) -> bool:
    """Say, in the transaction that does the work, that it is done. False where the key is another attempt's by now."""
    cursor = await conn.execute(
        """UPDATE idempotency_keys SET is_committed = true
           WHERE account_id = %(account_id)s AND digest = %(digest)s AND attempt_id = %(attempt_id)s""",
        _keys(attempt),
    )
    return cursor.rowcount == 1


async def set_answer(conn: Conn, attempt: Attempt, answer: bytes) -> None:
    """Keep the answer."""
    await conn.execute(
        """UPDATE idempotency_keys SET answer = %(answer)s
           WHERE account_id = %(account_id)s AND digest = %(digest)s AND attempt_id = %(attempt_id)s""",
        _keys(attempt) | {"answer": answer},
    )


async def release(conn: Conn, attempt: Attempt) -> bool:
    """Give the key back, unless something was done under it; whether it was given back."""
    cursor = await conn.execute(
        """DELETE FROM idempotency_keys
           WHERE account_id = %(account_id)s AND digest = %(digest)s AND attempt_id = %(attempt_id)s
             AND NOT is_committed""",
        _keys(attempt),
    )
    return cursor.rowcount == 1


async def delete_before(conn: Conn, moment: datetime, *, limit: int) -> int:
    """Forget keys of all accounts that were claimed before the moment; how many."""
    cursor = await conn.execute(
        """DELETE FROM idempotency_keys WHERE (account_id, digest) IN (
               SELECT account_id, digest FROM idempotency_keys WHERE claimed_at < %(moment)s
               ORDER BY claimed_at LIMIT %(limit)s
           )""",
        {"moment": moment, "limit": limit},
    )
    return cursor.rowcount


def _keys(attempt: Attempt) -> dict[str, object]:
    return {"account_id": attempt.account_id, "digest": attempt.digest, "attempt_id": attempt.attempt_id}
