"""Categories of aliases: list, make, change, delete."""

from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.categories import CategoryPatchBody, CategoryResource, NewCategoryBody, category_resource
from app.api.schemas.envelopes import Data, Page
from app.core.categories import service as categories
from app.core.categories.model import CategoryPatch, NewCategory


@get("/categories", scope="aliases:read")
async def list_categories(request: AuthedRequest, platform: GivenPlatform) -> Page[CategoryResource]:
    """All categories of the account by name; there are 40 at most, so `next` is always null."""
    actor = request.user
    async with platform.db.connection() as conn:
        found = await categories.everything(conn, actor.account_id, actor.keyring)
    return Page(data=[category_resource(one) for one in found], next=None)


@post("/categories", scope="aliases:write", body=NewCategoryBody, fails=("category_taken", "category_limit"))
async def create_category(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[CategoryResource]]:
    """Make a category. 409 says that its name is taken."""
    body = await read_body(request, NewCategoryBody)
    actor, new = request.user, NewCategory(name=body.name, colour=body.colour)
    async with platform.db.transaction() as conn:
        made = await categories.create(conn, actor.account_id, actor.keyring, new)
    location = f"{platform.public_url}/api/v1/categories/{made.category_id}"
    return Response(Data(data=category_resource(made)), headers={"Location": location})


@get("/categories/{category_id:uuid}", scope="aliases:read")
async def get_category(
    request: AuthedRequest, platform: GivenPlatform, category_id: FromPath[UUID]
) -> Data[CategoryResource]:
    """One category."""
    actor = request.user
    async with platform.db.connection() as conn:
        found = await categories.get(conn, actor.account_id, actor.keyring, category_id)
    return Data(data=category_resource(found))


@patch("/categories/{category_id:uuid}", scope="aliases:write", body=CategoryPatchBody, fails=("category_taken",))
async def update_category(
    request: AuthedRequest, platform: GivenPlatform, category_id: FromPath[UUID]
) -> Data[CategoryResource]:
    """Change a category by merge patch (RFC 7396): `name`, `colour`."""
    body = await read_body(request, CategoryPatchBody)
    actor, changes = request.user, CategoryPatch(name=body.name, colour=body.colour)
    async with platform.db.transaction() as conn:
        changed = await categories.update(conn, actor.account_id, actor.keyring, category_id, changes)
    return Data(data=category_resource(changed))


@delete("/categories/{category_id:uuid}", scope="aliases:write")
async def delete_category(request: AuthedRequest, platform: GivenPlatform, category_id: FromPath[UUID]) -> None:
    """Delete a category. Its aliases stay, without one."""
    async with platform.db.transaction() as conn:
        await categories.delete(conn, request.user.account_id, category_id)
