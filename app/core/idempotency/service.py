"""Keys by which a client may repeat a request without having it carried out twice.

A key is claimed before the work, marked done by the work's own transaction, and answered afterwards. So whatever
process dies at whatever moment, either nothing was done and the key is free again once its lease has ended, or it is
marked.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import zstandard

from app.core.auth.model import Actor
from app.core.idempotency import queries
from app.core.idempotency.model import Answer, Attempt
from app.core.platform import Platform
from app.errors import Conflict, Invalid
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.zstd import compress
from app.vault import blind, seal

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
"""How long a key stays claimed by a process that may have died; no request of ours takes as long."""
MAX_ANSWER = 1024 * 1024
"""Bytes of a stored answer, compressed; a larger one is not kept."""

_MAX_BODY = 32 * MAX_ANSWER
_BATCH = 1000
_PURPOSE = "idempotency answer"
_LABEL = "idempotency keys"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class StillRunning(Conflict):
    """Another request with this key may be at work; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("The first request with this key is still at work.", code="idempotency_in_progress")
        self.retry_after = retry_after


async def claim(
    platform: Platform, actor: Actor, key: str, request: bytes, *, now: datetime
) -> tuple[Attempt, Answer | None]:
    """The attempt that now holds the key, or, where `request` was carried out already, what it was answered.

    Keys of different API keys are different. Raises Invalid where the key came with another request, StillRunning,
    Conflict where the answer was lost.
    """
    secret = platform.instance.subkey(_LABEL)
    fingerprint = blind.digest(secret, actor.account_id.bytes + request)
    owner = actor.account_id.bytes + (actor.key_id.bytes if actor.key_id else b"")
    attempt = Attempt(
        account_id=actor.account_id, digest=blind.digest(secret, owner + key.encode()), attempt_id=new_id()
    )
    async with platform.db.connection() as conn:
        is_ours = await queries.claim(
            conn, attempt, fingerprint=fingerprint, now=now, leased_until=now + LEASE, forgotten=now - KEPT
        )
        found = None if is_ours else await queries.claimed(conn, attempt)
    if is_ours:
        return attempt, None
    if found is None:  # given back in between
        raise StillRunning(1)
    if found.fingerprint != fingerprint:
        raise Invalid("This Idempotency-Key came with another request. Take a new one.", code="idempotency_key_reused")
    if found.answer is not None:
        return attempt, _opened(actor, found.attempt_id, found.answer)
    if found.leased_until > now:
        raise StillRunning(max(1, min(5, int((found.leased_until - now).total_seconds()))))
    raise Conflict(
        "This request was carried out, but its answer is lost. Look at what there is now.",
        code="idempotency_answer_lost",
    )


async def commit(conn: Conn, attempt: Attempt) -> None:
    """Mark the work as done, as the last thing in its transaction. Raises Conflict where it took too long."""
    if not await queries.set_committed(conn, attempt):
        raise Conflict("This took too long, and nothing was done. Please try again.", code="idempotency_lease_ended")


async def settle(platform: Platform, actor: Actor, attempt: Attempt, answer: Answer | None) -> None:
    """Keep the answer (None: one that cannot be kept). A failure that has done nothing gives the key back instead."""
    sealed = _sealed(actor, attempt, answer) if answer is not None else None
    async with platform.db.connection() as conn:
        has_failed = answer is not None and answer.status >= 400  # noqa: PLR2004 - where HTTP's failures begin
        if has_failed and await queries.release(conn, attempt):
            return
        if sealed is not None:
            await queries.set_answer(conn, attempt, sealed)


async def forget(platform: Platform, *, now: datetime) -> int:
    """Forget keys after a day; how many."""
    return await platform.db.in_batches(
        lambda conn: queries.delete_before(conn, now - KEPT, limit=_BATCH), batch=_BATCH
    )


def _sealed(actor: Actor, attempt: Attempt, answer: Answer) -> bytes | None:
    """None for an answer that is too large to be kept."""
    if len(answer.body) > _MAX_BODY:
        return None
    packed = compress(_encode(answer), level=1)
    if len(packed) > MAX_ANSWER:
        return None
    return seal.seal_field(
        actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=attempt.attempt_id, plaintext=packed
    )


def _opened(actor: Actor, attempt_id: UUID, sealed: bytes) -> Answer:
    packed = seal.open_field(
        actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=attempt_id, sealed=sealed
    )
    return _decode(zstandard.ZstdDecompressor().decompress(packed, max_output_size=2 * _MAX_BODY))
