"""The way out of the trash: messages deleted for ever, with their rows, counters and objects."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.filing import queries
from app.core.messages.objects import object_name
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.logs import logger

TRASH_LIFETIME = timedelta(days=30)
_BATCH = 200


async def delete_trashed(platform: Platform, account_id: UUID, message_ids: Sequence[UUID]) -> int:
    """Delete those of the messages that are in the trash; how many that were. Raises Unavailable."""
    async with platform.db.transaction() as conn:
        doomed = await queries.lock_trashed(conn, account_id, message_ids)
        if not doomed:
            return 0
        ids = [one.message_id for one in doomed]
        named = await queries.lock_blobs_of(conn, account_id, ids)
        await queries.delete_messages(conn, account_id, ids)
        blobs = await queries.delete_unnamed_blobs(conn, account_id, named) if named else []
        await queries.delete_empty_threads(conn, account_id, list({one.thread_id for one in doomed}))
        await queries.subtract_usage(
            conn,
            account_id,
            shard=platform.shard,
            count=len(doomed),
            stored_bytes=sum(one.source_size for one in doomed) + sum(size for _, size in blobs),
            by_alias=Counter(one.alias_id for one in doomed),
        )
    await _delete_objects(platform, [object_name(account_id, blob_id) for blob_id, _ in blobs])
    return len(doomed)


async def empty_trash(platform: Platform, *, now: datetime) -> int:
    """Delete what has been in the trash of any account for 30 days; how many messages. Raises Unavailable."""
    deleted = 0
    while True:
        async with platform.db.connection() as conn:
            due = await queries.trashed_before(conn, now - TRASH_LIFETIME, limit=_BATCH)
        by_account: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for account_id, message_id in due:
            by_account[account_id].append(message_id)
        for account_id, message_ids in by_account.items():
            deleted += await delete_trashed(platform, account_id, message_ids)
        if len(due) < _BATCH:
            return deleted


async def _delete_objects(platform: Platform, names: Sequence[str]) -> None:
    """The rows are gone already: what the store does not delete now is swept later."""
    try:
        await platform.blobs.delete(names)
    except Unavailable:
        logger().warning("objects_left_to_the_sweep", count=len(names))
