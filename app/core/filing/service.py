"""Marking, starring and moving messages, one or many, and counting the unread. Deleting for ever is in `deletion`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.filing import deletion, queries
from app.core.filing.model import Action, Change, Counts, MessagePatch, Step
from app.core.filing.moving import move
from app.core.platform import Platform
from app.errors import Invalid, NotFound
from app.lib.db import Conn

MAX_AT_ONCE = 200
"""Messages that one action is for."""
MOST_COUNTED = 100
"""Counting further would take time that grows with the mailbox, and tell nobody anything."""
_OPPOSITE: dict[Action, Action] = {"read": "unread", "unread": "read", "star": "unstar", "unstar": "star"}


async def counts(conn: Conn, account_id: UUID) -> Counts:
    """How many unread messages wait in inbox and spam, and how many are held; each up to 100."""
    found = await queries.unread_counts(conn, account_id, most=MOST_COUNTED)
    return Counts(inbox=found["inbox"], spam=found["spam"], held=found["held"])


async def mark_read(conn: Conn, account_id: UUID, message_id: UUID, *, is_read: bool) -> None:
    """Mark a message read or unread; an id that is not the account's changes nothing."""
    await queries.set_read(conn, account_id, [message_id], is_read=is_read)


async def update(
    platform: Platform, conn: Conn, actor: Actor, message_id: UUID, patch: MessagePatch, *, now: datetime
) -> None:
    """Change what the patch sets. Raises NotFound."""
    account_id = actor.account_id
    if await queries.folder_of(conn, account_id, message_id) is None:
        raise NotFound("There is no such message.")
    if not isinstance(patch.is_read, msgspec.UnsetType):
        await queries.set_read(conn, account_id, [message_id], is_read=patch.is_read)
    if not isinstance(patch.is_starred, msgspec.UnsetType):
        await queries.set_starred(conn, account_id, [message_id], is_starred=patch.is_starred)
    if not isinstance(patch.folder, msgspec.UnsetType):
        await move(platform, conn, actor, [message_id], patch.folder, now=now)


async def apply(
    platform: Platform, actor: Actor, action: Action, message_ids: Sequence[UUID], *, now: datetime
) -> tuple[int, tuple[Step, ...]]:
    """Do one thing to many messages: (how many it changed, the steps that take it back; none for "delete").

    Ids that are not the account's are passed over, and "delete" takes only what is in the trash. Raises Invalid for
    more than 200 ids.
    """
    if len(message_ids) > MAX_AT_ONCE:
        raise Invalid.field("ids", f"Choose at most {MAX_AT_ONCE} messages at once.")
    if action == "delete":
        return await deletion.delete_trashed(platform, actor.account_id, message_ids), ()
    async with platform.db.transaction() as conn:
        back = await _change(platform, conn, actor, action, message_ids, now=now)
    return sum(len(step.message_ids) for step in back), back


async def remove(platform: Platform, account_id: UUID, message_id: UUID, *, now: datetime) -> None:
    """Into the trash, and out of the trash for ever. Raises NotFound."""
    async with platform.db.transaction() as conn:
        folder = await queries.folder_of(conn, account_id, message_id)
        if folder is None:
            raise NotFound("There is no such message.")
        await queries.move(conn, account_id, [message_id], "trash", now=now)
    if folder == "trash":
        await deletion.delete_trashed(platform, account_id, [message_id])


async def _change(
    platform: Platform, conn: Conn, actor: Actor, action: Change, message_ids: Sequence[UUID], *, now: datetime
) -> tuple[Step, ...]:
    """The steps that take it back, by what each message was."""
    account_id = actor.account_id
    groups: defaultdict[Action, list[UUID]] = defaultdict(list)
    match action:
        case "read" | "unread":
            groups[_OPPOSITE[action]] += await queries.set_read(conn, account_id, message_ids, is_read=action == "read")
        case "star" | "unstar":
            groups[_OPPOSITE[action]] += await queries.set_starred(
                conn, account_id, message_ids, is_starred=action == "star"
            )
        case "inbox" | "archive" | "spam" | "trash" | "held":
            for message_id, folder in await move(platform, conn, actor, message_ids, action, now=now):
                groups[folder].append(message_id)
    return tuple(Step(action=back, message_ids=tuple(ids)) for back, ids in groups.items() if ids)
