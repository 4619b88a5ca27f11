"""The account a key belongs to."""

from litestar import get

from app.api.auth import AuthedRequest
from app.api.platform import GivenPlatform
from app.api.schemas.accounts import AccountResource, account_resource
from app.api.schemas.envelopes import Data
from app.core.accounts import service as accounts
from app.core.aliases.limits import service as limits


@get("/account")
async def get_account(request: AuthedRequest, platform: GivenPlatform) -> Data[AccountResource]:
    """What the account is and holds."""
    async with platform.db.connection() as conn:
        account = await accounts.get(conn, request.user.account_id)
        usage = await accounts.usage(conn, request.user.account_id)
        allowance = await limits.allowance(conn, request.user.account_id)
    return Data(data=account_resource(account, usage, allowance))
