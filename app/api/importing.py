"""Mail on its way in by its owner's hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException, InternalServerException
from litestar.params import FromQuery, SkipValidation

from app.api.auth import AuthedRequest
from app.api.body import accepted_types
from app.api.errors import Malformed, TooSlow, UnsupportedCoding, UnsupportedMediaType
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data
from app.api.schemas.exports import ImportedResource
from app.core.auth.reach import service as reach
from app.core.importing import service as importing
from app.core.importing.model import NewMessage
from app.core.messages.model import Folder
from app.core.platform import Platform
from app.errors import Invalid
from app.lib.times import utc_now

_MOST_CHARS = 320
_IDLE_SECONDS = 60
"""Without a byte of the body."""


def provide_new(
    platform: GivenPlatform,  # noqa: ARG001 - so it is resolved after the platform, as elsewhere
    alias_id: FromQuery[UUID],
    received_at: FromQuery[datetime | None] = None,
    folder: FromQuery[Folder] = "archive",
    is_read: FromQuery[bool] = True,  # noqa: FBT002 - a query parameter
    is_starred: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
    delivered_to: FromQuery[str] = "",
    envelope_from: FromQuery[str] = "",
) -> NewMessage:
    """What is said of the message. Raises Invalid for a time without a zone and for what is no address."""
    if received_at is not None and received_at.tzinfo is None:
        raise Invalid.field("received_at", "Give a time with its zone, as in 2026-11-21T09:30:00Z.")
    for name, text in (("delivered_to", delivered_to), ("envelope_from", envelope_from)):
        if len(text) > _MOST_CHARS or not text.isprintable():
            raise Invalid.field(name, f"Give a mail address of at most {_MOST_CHARS} characters.")
    return NewMessage(
        alias_id=alias_id,
        received_at=received_at,
        folder=folder,
        is_read=is_read,
        is_starred=is_starred,
        delivered_to=delivered_to,
        envelope_from=envelope_from,
    )


@post(
    "/messages/import",
    dependencies={"new": Provide(provide_new, sync_to_thread=False)},
    also=(200,),
    request_max_body_size=None,
    streams_body=True,
    scope="messages:write",
    for_bound_keys=True,
    accepts=("message/rfc822",),
    fails=("storage_limit", "not_found"),
)
async def import_message(
    request: AuthedRequest, platform: GivenPlatform, new: NamedDependency[SkipValidation[NewMessage]]
) -> Response[Data[ImportedResource]]:
    """Store a message from elsewhere: the body is the message, and is kept byte for byte.

    No rule and no webhook sees it. The same bytes for the same alias and second are stored once: brought again, they
    are answered with 200 and the message that is there, so this can be sent again without an Idempotency-Key, and one
    that is given is not looked at. As large as mail may be here, and as there is room for.
    """
    actor = request.user
    if actor.is_bound:
        async with platform.db.connection() as conn:
            await reach.assert_holds(conn, actor, "alias", new.alias_id)
    imported = await importing.store(platform, actor, new, _body(request, platform), now=utc_now())
    path = f"{platform.public_url}/api/v1/messages/{imported.message_id}"
    return Response(
        Data(data=ImportedResource(id=imported.message_id, is_new=imported.is_new)),
        status_code=201 if imported.is_new else 200,
        headers={"Location": path},
    )


async def _body(request: AuthedRequest, platform: Platform) -> AsyncIterator[bytes]:
    """The body as it comes. Raises UnsupportedMediaType, UnsupportedCoding, Malformed, TooSlow, and 413."""
    accepted = accepted_types(request.route_handler)
    if request.content_type[0].lower() not in accepted:
        raise UnsupportedMediaType(accepted)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedCoding
    left = platform.max_message_size
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > left:
        raise ClientException(status_code=413)
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise TooSlow from error
        except InternalServerException as error:  # Litestar's, when the client hangs up before the body's end
            raise Malformed("The body ends too early.") from error
        if chunk is None:
            return
        left -= len(chunk)
        if left < 0:
            raise ClientException(status_code=413)
        yield chunk
