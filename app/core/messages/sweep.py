"""Deletes stored objects that no message names: what was written for messages that were never stored, or are gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.core.messages import queries
from app.core.platform import Platform
from app.lib.blobs import BlobInfo
from app.lib.ids import parse_id

MIN_AGE = timedelta(days=1)
"""Younger objects may belong to a message that is still being received."""
_BATCH = 500


async def sweep(platform: Platform, *, now: datetime) -> int:
    """Go through the whole store once; returns how many objects were deleted. Raises Unavailable."""
    deleted = await platform.blobs.sweep_partial(older_than=now - MIN_AGE)
    batch: list[BlobInfo] = []
    async for info in platform.blobs.list():
        if info.modified_at < now - MIN_AGE:
            batch.append(info)
        if len(batch) == _BATCH:
            deleted += await _delete_orphans(platform, batch)
            batch = []
    return deleted + await _delete_orphans(platform, batch)


async def _delete_orphans(platform: Platform, batch: Sequence[BlobInfo]) -> int:
    by_account: dict[UUID, dict[UUID, str]] = {}
    for info in batch:
        owner, _, blob = info.name.partition("/")
        account_id, blob_id = parse_id(owner), parse_id(blob)
        if account_id is not None and blob_id is not None:  # other names in the bucket are not ours to touch
            by_account.setdefault(account_id, {})[blob_id] = info.name
    orphans: list[str] = []
    for account_id, names in by_account.items():
        async with platform.db.connection() as conn:
            kept = await queries.kept_blobs(conn, account_id, list(names))
        orphans += [name for blob_id, name in names.items() if blob_id not in kept]
    await platform.blobs.delete(orphans)
    return len(orphans)
