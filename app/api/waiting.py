"""Waiting for a message."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, cast

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, SkipValidation

from app.api.auth import AuthedRequest
from app.api.hangup import unless_hung_up
from app.api.platform import GivenPlatform
from app.api.schemas.waiting import Waited, waited_message
from app.core.messages import service as messages
from app.core.waiting import positions
from app.core.waiting.positions import Position
from app.core.waiting.service import MAX_SECONDS, Waiting, wanted_of
from app.errors import Invalid
from app.lib.ids import parse_id
from app.lib.times import utc_now

DEFAULT_SECONDS = 30
GivenWaiting = NamedDependency[SkipValidation[Waiting]]
Sender = Annotated[str | None, QueryParameter(name="from")]
Seconds = Annotated[int, QueryParameter(ge=0, le=MAX_SECONDS)]


@get(
    "/messages/wait",
    scope="messages:read",
    for_bound_keys=True,
    also=(HTTPStatus.NO_CONTENT,),
    fails=("not_found", "too_many_waiting"),
)
async def wait_for_message(
    request: AuthedRequest,
    platform: GivenPlatform,
    waiting: GivenWaiting,
    alias: FromQuery[str | None] = None,
    sender: Sender = None,
    subject: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    timeout: Seconds = DEFAULT_SECONDS,  # noqa: ASYNC109 - the parameter's name
) -> Response[Waited]:
    """The first message that fits, the moment it is stored; 204 when none comes in time.

    Mail in the inbox, the archive and spam counts, held mail once it is let in. To lose nothing in a loop, send
    `next` as `after` of the request that follows, and the same request again after a 204. Reading here marks nothing.
    """
    now = utc_now()
    position = None if after is None else read_position(after)
    async with platform.db.connection() as conn:
        wanted = await wanted_of(conn, request.user, alias=alias, sender=sender, subject=subject)
    work = waiting.wait(request.user, wanted, position, seconds=timeout, now=now)
    found = await unless_hung_up(request, work)
    if found is None:
        return Response(cast("Waited", None), status_code=HTTPStatus.NO_CONTENT)  # which has no body
    message, following = found
    links = messages.attachment_links(platform, request.user, message.opened.line, now=utc_now())
    return Response(Waited(data=waited_message(message, links), next=positions.written(following)))


def read_position(text: str) -> Position:
    """What `after` says. Raises Invalid."""
    message_id = parse_id(text)
    if message_id is not None:
        return Position(floor=message_id)
    position = positions.read(text)
    if position is not None:
        return position
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that was not escaped
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        shapes = "a time with its zone (2026-11-21T09:30:00Z), a message's id, or the `next` of an answer"
        raise Invalid.field("after", f"Give {shapes}.")
    return positions.after_time(moment)
