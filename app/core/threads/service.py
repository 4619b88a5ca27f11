"""Conversations: the messages of one thread, newest first. The caller owns the connection."""

from uuid import UUID

from app.core.auth.model import Actor
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.model import MessageLine, OpenMessage
from app.core.platform import Platform
from app.core.threads import queries
from app.errors import NotFound
from app.lib.db import Conn

MAX_LINES = 200
MAX_OPENED = 20
"""Messages of a conversation whose texts are shown on one page; older ones are named with a link."""


async def lines(conn: Conn, actor: Actor, thread_id: UUID) -> list[MessageLine]:
    """The newest 200 messages of a thread, but for those in the trash or spam, or held. Raises NotFound without any."""
    ids = await queries.message_ids(conn, actor.account_id, thread_id, limit=MAX_LINES, reach=actor.reach)
    if not ids:
        raise NotFound("There is no such conversation.")
    return await messages.open_rows(conn, actor, await message_queries.messages_of(conn, actor.account_id, ids))


async def size(conn: Conn, account_id: UUID, thread_id: UUID) -> int:
    """How many messages `lines` would give, at most 200."""
    return len(await queries.message_ids(conn, account_id, thread_id, limit=MAX_LINES))


async def opened(platform: Platform, actor: Actor, found: list[MessageLine]) -> list[OpenMessage]:
    """The newest 20 of these messages with their texts. Raises Unavailable."""
    return await messages.open_messages(platform, actor, found[:MAX_OPENED])
