"""Moving messages between folders, and telling of held ones that are let in by it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.auth.model import Actor
from app.core.events import released as released_events
from app.core.filing import queries
from app.core.messages import arrivals
from app.core.messages.arrivals import Arrival
from app.core.messages.model import Folder
from app.core.platform import Platform
from app.lib.db import Conn
from app.lib.wakeups import notify


async def move(
    platform: Platform, conn: Conn, actor: Actor, message_ids: Sequence[UUID], folder: Folder, *, now: datetime
) -> list[tuple[UUID, Folder]]:
    """Move messages; (id, the folder it came from) of those that were elsewhere.

    Held messages that are let in are told to webhooks, and to whoever waits for mail, once this commits.
    Raises CannotOpen, Unavailable.
    """
    account_id = actor.account_id
    moved = await queries.move(conn, account_id, message_ids, folder, now=now)
    released = [message_id for message_id, was in moved if was == "held"] if folder in {"inbox", "archive"} else []
    if released:
        aliases = await queries.aliases_of(conn, account_id, released)
        announced = [
            Arrival(account_id=account_id, message_id=message_id, alias_id=alias_id, folder=folder, is_released=True)
            for message_id, alias_id in aliases
        ]
        await notify(conn, "messages", arrivals.written(announced))
        await released_events.tell(platform, conn, actor, released, now=now)
    return moved
