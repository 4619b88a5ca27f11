"""Conversations: the messages that answer each other."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data
from app.api.schemas.messages import ThreadResource
from app.core.messages import service as messages
from app.core.messages.resources import message_resource
from app.core.threads import service as threads
from app.lib.times import utc_now


@get("/threads/{thread_id:uuid}", scope="messages:read", for_bound_keys=True)
async def get_thread(
    request: AuthedRequest, platform: GivenPlatform, thread_id: FromPath[UUID]
) -> Data[ThreadResource]:
    """The newest 200 messages of a conversation, newest first, but for those in the trash or spam."""
    actor, now = request.user, utc_now()
    async with platform.db.connection() as conn:
        found = await threads.lines(conn, actor, thread_id)
    resources = [message_resource(line, messages.attachment_links(platform, actor, line, now=now)) for line in found]
    return Data(data=ThreadResource(id=thread_id, messages=resources))
