"""Messages inside messages: each opened as itself, and as it lies in the original."""

from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data
from app.api.schemas.invitations import InvitationResource, invitation_resource
from app.api.schemas.messages import (
    EnclosedResource,
    NoteResource,
    enclosed_resource,
    note_resources,
)
from app.api.streams import streamed
from app.core.messages import service as messages
from app.core.messages.resources import HeaderResource, header_resources


class WholeEnclosed(EnclosedResource, frozen=True, kw_only=True):
    """An enclosed message with its content; `html` is hostile, as in any message."""

    text: str | None
    html: str | None
    is_truncated: bool
    headers: list[HeaderResource]
    notes: list[NoteResource]
    enclosed: list[EnclosedResource]
    invitations: list[InvitationResource]


@get("/messages/{message_id:uuid}/enclosed/{ordinal:int}", scope="messages:read", for_bound_keys=True)
async def get_enclosed(
    request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID], ordinal: FromPath[int]
) -> Data[WholeEnclosed]:
    """A message inside a message, at any depth: its content, and what is enclosed in it."""
    opened = await messages.open_enclosed(platform, request.user, message_id, ordinal)
    whole = WholeEnclosed(
        **msgspec.structs.asdict(enclosed_resource(opened.itself)),
        text=opened.text,
        html=opened.html,
        is_truncated=opened.is_truncated,
        headers=header_resources(opened.headers),
        notes=note_resources(opened),
        enclosed=[enclosed_resource(one) for one in opened.enclosed],
        invitations=[invitation_resource(one) for one in opened.invitations],
    )
    return Data(data=whole)


@get(
    "/messages/{message_id:uuid}/enclosed/{ordinal:int}/source",
    scope="messages:read",
    for_bound_keys=True,
    answers="message/rfc822",
    has_ranges=True,
)
async def get_enclosed_source(
    request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID], ordinal: FromPath[int]
) -> Stream:
    """A message inside a message, byte for byte as it lies in the original."""
    return await streamed(request, await messages.enclosed_source(platform, request.user, message_id, ordinal))
