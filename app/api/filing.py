"""Messages changed: read, starred, moved, deleted; one by one or many at once."""

from uuid import UUID

from litestar import delete, patch, post
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data
from app.api.schemas.messages import ChangedResource, MessageActionBody, MessagePatchBody
from app.core.auth.reach import service as reach
from app.core.filing import service as filing
from app.core.filing.model import MessagePatch
from app.core.messages import service as messages
from app.core.messages.resources import MessageResource, message_resource
from app.lib.times import utc_now


@patch("/messages/{message_id:uuid}", scope="messages:write", for_bound_keys=True, body=MessagePatchBody)
async def update_message(
    request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID]
) -> Data[MessageResource]:
    """Change a message by merge patch (RFC 7396): `is_read`, `is_starred`, `folder`."""
    body = await read_body(request, MessagePatchBody)
    changes = MessagePatch(is_read=body.is_read, is_starred=body.is_starred, folder=body.folder)
    actor, now = request.user, utc_now()
    async with platform.db.transaction() as conn:
        await filing.update(platform, conn, actor, message_id, changes, now=now)
        line = await messages.line(conn, actor, message_id)
    return Data(data=message_resource(line, messages.attachment_links(platform, actor, line, now=now)))


@delete("/messages/{message_id:uuid}", scope="messages:write", for_bound_keys=True)
async def delete_message(request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID]) -> None:
    """Move a message into the trash; one that is there already is deleted for ever."""
    await filing.remove(platform, request.user.account_id, message_id, now=utc_now())


@post("/messages/actions", status_code=200, scope="messages:write", for_bound_keys=True, body=MessageActionBody)
async def update_messages(request: AuthedRequest, platform: GivenPlatform) -> Data[ChangedResource]:
    """Do one thing to at most 200 messages; ids that are not the account's are passed over.

    `delete` takes for ever what is in the trash, and passes over the rest.
    """
    body = await read_body(request, MessageActionBody)
    async with platform.db.connection() as conn:
        ids = await reach.holding(conn, request.user, "message", body.ids)
    count, _ = await filing.apply(platform, request.user, body.action, ids, now=utc_now())
    return Data(data=ChangedResource(changed=count))
