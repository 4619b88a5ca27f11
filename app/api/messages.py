"""Messages: list, open, and take the original and the attachments. Changing them is in `filing`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, SkipValidation
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut_page, read_cursor, write_cursor
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.messages import ListedMessage, WholeMessage, listed_message, whole_message
from app.api.streams import streamed
from app.core.auth.model import Actor
from app.core.messages import opening
from app.core.messages import service as messages
from app.core.messages.model import Filters, Folder, MessageLine
from app.core.platform import Platform
from app.core.search import grammar
from app.core.search import service as search
from app.core.search.hits import Hits, Piece
from app.core.search.passages import passages
from app.errors import Invalid
from app.lib.times import utc_now


def provide_filters(
    platform: GivenPlatform,  # noqa: ARG001 - so it is resolved after the platform: side by side takes tasks, and longer
    is_read: FromQuery[bool | None] = None,
    is_starred: FromQuery[bool | None] = None,
    has_attachment: FromQuery[bool | None] = None,
    alias_id: FromQuery[UUID | None] = None,
    after: FromQuery[datetime | None] = None,
    before: FromQuery[datetime | None] = None,
) -> Filters:
    """What a list is narrowed to; `after` is included, `before` is not. Raises Invalid for times without a zone."""
    for name, moment in (("after", after), ("before", before)):
        if moment is not None and moment.tzinfo is None:
            raise Invalid.field(name, "Give a time with its zone, as in 2026-11-21T09:30:00Z.")
    return Filters(
        is_read=is_read,
        is_starred=is_starred,
        has_attachment=has_attachment,
        alias_id=alias_id,
        after=after,
        before=before,
    )


@get(
    "/messages",
    dependencies={"filters": Provide(provide_filters, sync_to_thread=False)},
    scope="messages:read",
    for_bound_keys=True,
)
async def list_messages(
    request: AuthedRequest,
    platform: GivenPlatform,
    filters: NamedDependency[SkipValidation[Filters]],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    folder: FromQuery[Folder | None] = None,
    q: FromQuery[str | None] = None,
) -> Page[ListedMessage]:
    """The account's messages, newest first; without `folder` those of all folders. `q` searches in them."""
    actor, last = request.user, read_cursor(cursor)
    if q is not None:
        query = grammar.narrow(grammar.parse(q), filters)
        async with platform.db.transaction() as conn:
            hits = await search.page(platform, conn, actor, query, before=last, limit=limit, folder=folder)
        marks = Hits(query)
        texts = await passages(platform, actor, marks, hits)
        pieces = {
            line.message_id: marks.pieces(texts.get(line.message_id, line.summary.snippet), "") for line in hits.lines
        }
        following = write_cursor(hits.older) if hits.older else None
        return Page(data=_resources(platform, actor, hits.lines, pieces), next=following)
    async with platform.db.connection() as conn:
        found = await messages.page(conn, actor, folder=folder, before=last, limit=limit + 1, filters=filters)
    page, following = cut_page(found, limit, lambda line: line.message_id)
    return Page(data=_resources(platform, actor, page), next=following)


def _resources(
    platform: Platform,
    actor: Actor,
    lines: Sequence[MessageLine],
    pieces: Mapping[UUID, Sequence[Piece]] = MappingProxyType({}),
) -> list[ListedMessage]:
    now = utc_now()
    return [
        listed_message(line, messages.attachment_links(platform, actor, line, now=now), pieces.get(line.message_id, ()))
        for line in lines
    ]


@get("/messages/{message_id:uuid}", scope="messages:read", for_bound_keys=True)
async def get_message(
    request: AuthedRequest,
    platform: GivenPlatform,
    message_id: FromPath[UUID],
    html_as_text: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Data[WholeMessage]:
    """One message with its content. Its `html` is as the sender wrote it: hostile. Reading here marks nothing.

    `text` is null where the sender wrote HTML alone; with `html_as_text` it is then made from the HTML.
    """
    opened = await messages.open_message(platform, request.user, message_id)
    if html_as_text:
        opened = await opening.with_text(opened)
    links = messages.attachment_links(platform, request.user, opened.line, now=utc_now())
    return Data(data=whole_message(opened, links))


@get(
    "/messages/{message_id:uuid}/source",
    scope="messages:read",
    for_bound_keys=True,
    answers="message/rfc822",
    has_ranges=True,
    tag="files",
)
async def get_source(request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID]) -> Stream:
    """The original, byte for byte as it was received."""
    return await streamed(request, await messages.source(platform, request.user, message_id))


@get(
    "/messages/{message_id:uuid}/attachments/{ordinal:int}",
    scope="messages:read",
    for_bound_keys=True,
    answers="*/*",
    has_ranges=True,
    tag="files",
)
async def get_attachment(
    request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID], ordinal: FromPath[int]
) -> Stream:
    """One attachment's content; types that a browser might run are handed out as plain bytes."""
    return await streamed(request, await messages.attachment(platform, request.user, message_id, ordinal))
