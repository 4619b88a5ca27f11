"""The account a key belongs to."""

from uuid import UUID

import msgspec
from litestar import get, patch

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.accounts import AccountPatchBody, AccountResource, account_resource
from app.api.schemas.envelopes import Data
from app.core.accounts import service as accounts
from app.core.aliases.limits import service as limits
from app.core.aliases.preferences import service as preferences
from app.core.aliases.preferences.model import Preferences
from app.errors import Invalid
from app.lib.db import Conn


@get("/account", scope="account:read")
async def get_account(request: AuthedRequest, platform: GivenPlatform) -> Data[AccountResource]:
    """What the account is, holds and may hold, and what its new aliases look like."""
    async with platform.db.connection() as conn:
        return Data(data=await _resource(conn, request.user.account_id))


@patch("/account", scope="account:write", body=AccountPatchBody)
async def update_account(request: AuthedRequest, platform: GivenPlatform) -> Data[AccountResource]:
    """Change by merge patch (RFC 7396) what new aliases look like: `alias_format`, `alias_domain`; null: as usual."""
    body = await read_body(request, AccountPatchBody)
    account_id = request.user.account_id
    async with platform.db.transaction() as conn:
        now = await preferences.get(conn, account_id)
        wanted = Preferences(
            format=now.format if isinstance(body.alias_format, msgspec.UnsetType) else body.alias_format,
            domain=now.domain if isinstance(body.alias_domain, msgspec.UnsetType) else body.alias_domain,
        )
        try:
            await preferences.change(conn, account_id, wanted)
        except Invalid as error:
            raise Invalid.field("alias_domain", error.fields[0].message) from error
        return Data(data=await _resource(conn, account_id))


async def _resource(conn: Conn, account_id: UUID) -> AccountResource:
    return account_resource(
        await accounts.get(conn, account_id),
        await accounts.usage(conn, account_id),
        await limits.allowance(conn, account_id),
        await preferences.get(conn, account_id),
    )
