"""What happens in the account, as Server-Sent Events (HTML standard section 9.2)."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.platform import GivenPlatform
from app.core.events.model import EventType
from app.core.waiting.service import alias_of
from app.core.waiting.streams import EventStream, Told, types_for
from app.core.waiting.watch import Watch
from app.core.webhooks.service import SELECTABLE
from app.errors import Invalid
from app.lib.ids import first_id_at, parse_id
from app.lib.times import utc_now

GivenWatch = NamedDependency[SkipValidation[Watch]]
MEDIA_TYPE = "text/event-stream"
_LAST = first_id_at(datetime(9999, 12, 31, tzinfo=UTC))
"""Later ids are of no time that could be told."""
_RETRY_MILLISECONDS = 2000


@get("/events", scope="messages:read", for_bound_keys=True, answers=MEDIA_TYPE, fails=("not_found", "too_many_waiting"))
async def stream_events(
    request: AuthedRequest,
    platform: GivenPlatform,
    watch: GivenWatch,
    types: FromQuery[str | None] = None,
    alias: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> Stream:
    """What happens, as it happens: each event with its id, its type and, as data, what thin webhooks are told.

    `Last-Event-ID` (as browsers and clients send it when they come back) or `after` goes on behind an event; what came
    in the ten seconds before it is told again, so look at the ids. Without either only what comes from now on counts.
    """
    actor, resumed = request.user, request.headers.get("last-event-id") or after
    asked = types_for(actor, None if types is None else _types(types))
    position = None if resumed is None else _event_id(resumed)
    alias_id = actor.reach.alias_id
    if alias is not None:
        async with platform.db.connection() as conn:
            alias_id = await alias_of(conn, actor, alias)
    told = {"Content-Type": MEDIA_TYPE, "X-Accel-Buffering": "no"}  # no proxy is to wait for a buffer to fill
    if request.method == "HEAD":
        return Stream(iter(()), headers=told)
    watch.assert_room(actor, "stream")
    stream = EventStream(platform, watch, actor, types=asked, alias_id=alias_id, after=position, now=utc_now())
    return Stream(_written(stream), headers=told)


async def _written(stream: EventStream) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
    async for told in stream:
        yield b":\n\n" if told is None else _event(told)


def _event(told: Told) -> bytes:
    """Without an id the client keeps the one before, and goes on from there."""
    line = b"" if told.is_again else b"id: %s\n" % str(told.event_id).encode()
    return b"%sevent: %s\ndata: %s\n\n" % (line, told.type.encode(), told.body)


def _types(text: str) -> Sequence[EventType]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SELECTABLE]
    if unknown or not names:
        raise Invalid.field("types", f"Give some of these, with commas between them: {', '.join(SELECTABLE)}.")
    return cast("Sequence[EventType]", names)


def _event_id(text: str) -> UUID:
    event_id = parse_id(text)
    if event_id is None or event_id > _LAST:
        raise Invalid.field("after", "Give the id of an event, in Last-Event-ID or as `after`.")
    return event_id
