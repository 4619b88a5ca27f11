"""Aliases: list, make, change. POST is by design also what addy.io's clients send."""

from uuid import UUID

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.body import FORM, JSON, MERGE_PATCH, read_body
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut_page, read_cursor
from app.api.platform import GivenPlatform
from app.api.schemas.aliases import AliasPatchBody, AliasResource, NewAliasBody, alias_resource
from app.api.schemas.envelopes import Data, Page
from app.core.aliases import listing
from app.core.aliases import service as aliases
from app.core.aliases.model import AliasPatch, Listing, NewAlias, Place
from app.errors import Invalid
from app.lib.times import utc_now

_FORMATS = ("words",)


@get("/aliases")
async def list_aliases(
    request: AuthedRequest, platform: GivenPlatform, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[AliasResource]:
    """The account's aliases, newest first."""
    actor, before = request.user, read_cursor(cursor)
    after = Place(alias_id=before) if before else None
    async with platform.db.connection() as conn:
        found = await listing.page(
            conn, actor.account_id, actor.keyring, Listing(), after=after, limit=limit + 1, now=utc_now()
        )
    page, following = cut_page(found, limit, lambda alias: alias.alias_id)
    return Page(data=[alias_resource(alias) for alias in page], next=following)


@post("/aliases")
async def create_alias(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[AliasResource]]:
    """Make an alias: by hand with `local_part`, else at random; on the service's first domain unless `domain` is given.

    422 names what is wrong, 409 says that the address is or was somebody's.
    """
    new = _new_alias(await read_body(request, NewAliasBody, (JSON, FORM)))
    actor = request.user
    async with platform.db.transaction() as conn:
        alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())
    location = f"{platform.public_url}/api/v1/aliases/{alias.alias_id}"
    return Response(Data(data=alias_resource(alias)), headers={"Location": location})


@get("/aliases/{alias_id:uuid}")
async def get_alias(request: AuthedRequest, platform: GivenPlatform, alias_id: FromPath[UUID]) -> Data[AliasResource]:
    """One alias."""
    actor = request.user
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
    return Data(data=alias_resource(alias))


@patch("/aliases/{alias_id:uuid}")
async def update_alias(
    request: AuthedRequest, platform: GivenPlatform, alias_id: FromPath[UUID]
) -> Data[AliasResource]:
    """Change an alias by merge patch (RFC 7396): `is_enabled`, `description`."""
    changes = _alias_patch(await read_body(request, AliasPatchBody, (MERGE_PATCH, JSON)))
    actor = request.user
    async with platform.db.transaction() as conn:
        alias = await aliases.update(conn, actor.account_id, actor.keyring, alias_id, changes, now=utc_now())
    return Data(data=alias_resource(alias))


def _new_alias(body: NewAliasBody) -> NewAlias:
    if body.format and body.format not in _FORMATS:
        raise Invalid.field("format", f"Give one of: {', '.join(_FORMATS)}; or leave it out.")
    if body.format and body.local_part:
        raise Invalid.field("format", "Give either `local_part` or the format of a random one.")
    return NewAlias(domain=body.domain or None, local_part=body.local_part or None, description=body.description or "")


def _alias_patch(body: AliasPatchBody) -> AliasPatch:
    has_description = not isinstance(body.description, msgspec.UnsetType)
    return AliasPatch(
        is_enabled=body.is_enabled, description=(body.description or "") if has_description else msgspec.UNSET
    )
