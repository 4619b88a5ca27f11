"""API keys: list, make, name, revoke. What a key makes is never stronger than itself."""

from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.keys import (
    KeyPatchBody,
    KeyResource,
    MadeKeyResource,
    NewKeyBody,
    key_resource,
    made_key_resource,
    new_key,
)
from app.core.auth.keys import service as keys
from app.errors import Invalid, NotFound
from app.lib.times import utc_now


@get("/keys", scope="keys:read", for_bound_keys=True)
async def list_keys(request: AuthedRequest, platform: GivenPlatform) -> Page[KeyResource]:
    """All keys of the account, newest first; there are 100 at most, so `next` is always null.

    A bound key sees those that are bound to the same alias or domain, or to less.
    """
    actor = request.user
    async with platform.db.connection() as conn:
        found = await keys.listed(conn, actor)
    return Page(data=[key_resource(one, current=actor.key_id) for one in found], next=None)


@post("/keys", scope="keys:write", body=NewKeyBody, for_bound_keys=True, fails=("key_too_strong", "too_many_keys"))
async def create_key(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[MadeKeyResource]]:
    """Make a key, shown in this answer and never again.

    403 for more than this key may itself: scopes that it does not have, another alias or domain, a later end. What is
    left out is as with this key. Revoking this key revokes those it made.
    """
    body = await read_body(request, NewKeyBody)
    if body.expires_at is not None and body.expires_at.tzinfo is None:
        raise Invalid.field("expires_at", "Give a time with its zone, as in 2026-11-21T09:30:00Z.")
    actor = request.user
    async with platform.db.transaction() as conn:
        made = await keys.make(conn, actor, new_key(body), now=utc_now())
    location = f"{platform.public_url}/api/v1/keys/{made.shown.key_id}"
    return Response(Data(data=made_key_resource(made, current=actor.key_id)), headers={"Location": location})


@get("/keys/current", scope=None, for_bound_keys=True)
async def get_current_key(request: AuthedRequest, platform: GivenPlatform) -> Data[KeyResource]:
    """The key of this request: what it may do, where, and until when. No scope is needed."""
    actor = request.user
    if actor.key_id is None:
        raise NotFound
    async with platform.db.connection() as conn:
        found = await keys.get(conn, actor, actor.key_id)
    return Data(data=key_resource(found, current=actor.key_id))


@get("/keys/{key_id:uuid}", scope="keys:read", for_bound_keys=True)
async def get_key(request: AuthedRequest, platform: GivenPlatform, key_id: FromPath[UUID]) -> Data[KeyResource]:
    """One key."""
    actor = request.user
    async with platform.db.connection() as conn:
        found = await keys.get(conn, actor, key_id)
    return Data(data=key_resource(found, current=actor.key_id))


@patch("/keys/{key_id:uuid}", scope="keys:write", body=KeyPatchBody, for_bound_keys=True, fails=("key_too_strong",))
async def update_key(request: AuthedRequest, platform: GivenPlatform, key_id: FromPath[UUID]) -> Data[KeyResource]:
    """Change a key's name by merge patch (RFC 7396); nothing else of it can be changed.

    403 for a key that may do more than the one that asks.
    """
    body = await read_body(request, KeyPatchBody)
    actor = request.user
    async with platform.db.transaction() as conn:
        if isinstance(body.name, msgspec.UnsetType):
            changed = await keys.get(conn, actor, key_id)
        else:
            changed = await keys.rename(conn, actor, key_id, body.name)
    return Data(data=key_resource(changed, current=actor.key_id))


@delete("/keys/{key_id:uuid}", scope="keys:write", for_bound_keys=True, fails=("key_too_strong",))
async def delete_key(request: AuthedRequest, platform: GivenPlatform, key_id: FromPath[UUID]) -> None:
    """Revoke a key, and all keys that were made with it: they are worth nothing from now on.

    403 for a key that may do more than the one that asks.
    """
    async with platform.db.transaction() as conn:
        await keys.revoke(conn, request.user, key_id)
