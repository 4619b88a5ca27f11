"""Who writes to an alias, its numbers, and leaks."""

from uuid import UUID

import msgspec
from litestar import get, patch
from litestar.params import FromPath, FromQuery

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.paging import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    read_cursor,
    read_numbered_cursor,
    write_cursor,
    write_numbered_cursor,
)
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.senders import (
    LeakedAliasResource,
    SenderPatchBody,
    SenderResource,
    StatisticsResource,
    leaked_alias_resource,
    sender_resource,
    statistics_resource,
)
from app.core.aliases import service as aliases
from app.core.senders import overview, service
from app.core.senders.model import Place, Sort
from app.lib.times import utc_today


@get("/aliases/{alias_id:uuid}/senders", scope="aliases:read", for_bound_keys=True)
async def list_senders(
    request: AuthedRequest,
    platform: GivenPlatform,
    alias_id: FromPath[UUID],
    sort: FromQuery[Sort] = "recent",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SenderResource]:
    """Everybody who has written to the alias: who wrote last, who began last (`first`), or who wrote most."""
    actor, last = request.user, read_numbered_cursor(cursor)
    after = Place(sender_id=last[0], number=last[1]) if last else None
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        found = await service.page(conn, actor, alias, sort=sort, after=after, limit=limit + 1)
    place = service.place_of(found[limit - 1], sort) if len(found) > limit else None
    return Page(
        data=[sender_resource(one) for one in found[:limit]],
        next=write_numbered_cursor(place.sender_id, place.number) if place else None,
    )


@get("/aliases/{alias_id:uuid}/senders/{sender_id:uuid}", scope="aliases:read", for_bound_keys=True)
async def get_sender(
    request: AuthedRequest, platform: GivenPlatform, alias_id: FromPath[UUID], sender_id: FromPath[UUID]
) -> Data[SenderResource]:
    """One of those who have written to the alias."""
    actor = request.user
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        return Data(data=sender_resource(await service.get(conn, actor, alias, sender_id)))


@patch(
    "/aliases/{alias_id:uuid}/senders/{sender_id:uuid}",
    scope="aliases:write",
    for_bound_keys=True,
    body=SenderPatchBody,
)
async def update_sender(
    request: AuthedRequest, platform: GivenPlatform, alias_id: FromPath[UUID], sender_id: FromPath[UUID]
) -> Data[SenderResource]:
    """Say with `is_expected` whether the sender's organisation, all its addresses, may write to the alias."""
    body = await read_body(request, SenderPatchBody)
    actor = request.user
    async with platform.db.transaction() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        if not isinstance(body.is_expected, msgspec.UnsetType):
            await service.expect(conn, actor, alias, sender_id, is_expected=body.is_expected)
        return Data(data=sender_resource(await service.get(conn, actor, alias, sender_id)))


@get("/aliases/{alias_id:uuid}/stats", scope="aliases:read", for_bound_keys=True)
async def get_statistics(
    request: AuthedRequest, platform: GivenPlatform, alias_id: FromPath[UUID]
) -> Data[StatisticsResource]:
    """How the alias was used in the last 53 weeks."""
    actor = request.user
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        return Data(data=statistics_resource(await service.statistics(conn, actor, alias, today=utc_today())))


@get("/leaks", scope="aliases:read", for_bound_keys=True)
async def list_leaks(
    request: AuthedRequest, platform: GivenPlatform, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[LeakedAliasResource]:
    """The aliases that may have leaked, those that somebody new wrote to last first. A page may be short, or empty,
    and still have a `next`.
    """
    async with platform.db.connection() as conn:
        found = await overview.newest_leaks(conn, request.user, before=read_cursor(cursor), limit=limit)
    return Page(
        data=[leaked_alias_resource(one) for one in found.leaked],
        next=write_cursor(found.older) if found.older else None,
    )
