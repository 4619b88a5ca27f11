"""Domains: the account's own, and the shared ones, which administrators change."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.platform import GivenPlatform
from app.api.schemas.domains import (
    DomainPatchBody,
    DomainResource,
    NewDomainBody,
    SharedDomainResource,
    SharedPatchBody,
    domain_resource,
    patch_of,
    shared_resource,
)
from app.api.schemas.envelopes import Data, Page
from app.core.administration import shared_domains
from app.core.domains import checking, names, owned
from app.core.domains import service as domains
from app.errors import FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.times import utc_now


@get("/domains", scope="domains:read")
async def list_domains(request: AuthedRequest, platform: GivenPlatform) -> Page[DomainResource]:
    """All domains of the account by name; there are 100 at most, so `next` is always null."""
    async with platform.db.connection() as conn:
        found = await owned.listed(platform, conn, request.user)
    return Page(data=[domain_resource(one) for one in found], next=None)


@post("/domains", scope="domains:write", body=NewDomainBody, fails=("domain_taken", "domain_limit"))
async def create_domain(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[DomainResource]]:
    """Add a domain, which waits for its proof: set its `records`, then ask for a check or wait for the next.

    409 says that it is the account's already, somebody else's, or this service's own.
    """
    body = await read_body(request, NewDomainBody)
    async with platform.db.transaction() as conn:
        made = await owned.add(platform, conn, request.user, body.domain, now=utc_now())
    location = f"{platform.public_url}/api/v1/domains/{made.domain}"
    return Response(Data(data=domain_resource(made)), headers={"Location": location})


@get("/domains/{domain:str}", scope="domains:read")
async def get_domain(request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]) -> Data[DomainResource]:
    """One domain, by its name in A-labels or Unicode, with its records as they were found the last time."""
    async with platform.db.connection() as conn:
        found = await owned.get(platform, conn, request.user, names.asked_name(domain))
    return Data(data=domain_resource(found))


@patch("/domains/{domain:str}", scope="domains:write", body=DomainPatchBody)
async def update_domain(request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]) -> Data[DomainResource]:
    """Change where mail for unknown addresses goes by merge patch (RFC 7396)."""
    changes = patch_of(await read_body(request, DomainPatchBody))
    try:
        async with platform.db.transaction() as conn:
            changed = await owned.update(platform, conn, request.user, names.asked_name(domain), changes)
    except Invalid as error:
        raise _renamed(error) from error
    return Data(data=domain_resource(changed))


@delete("/domains/{domain:str}", scope="domains:write")
async def delete_domain(request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]) -> None:
    """Take no more mail for the domain. Its aliases are switched off; they and their mail stay."""
    async with platform.db.transaction() as conn:
        await owned.delete(conn, request.user, names.asked_name(domain), now=utc_now())


@post("/domains/{domain:str}/check", status_code=200, scope="domains:write", fails=("checked_just_now",))
async def check_domain(request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]) -> Data[DomainResource]:
    """Ask DNS now. 429 within 20 seconds of the last time."""
    checked = await checking.check_now(platform, request.user, names.asked_name(domain), now=utc_now())
    return Data(data=domain_resource(checked))


@get("/shared-domains", scope="domains:read")
async def list_shared_domains(request: AuthedRequest, platform: GivenPlatform) -> Page[SharedDomainResource]:  # noqa: ARG001 - anybody with a key
    """The domains that everybody may make aliases on, the default first; `next` is always null."""
    async with platform.db.connection() as conn:
        return Page(data=await _shared(conn), next=None)


@post("/shared-domains", scope="domains:write", body=NewDomainBody, fails=("not_admin", "domain_taken"))
async def create_shared_domain(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[SharedDomainResource]]:
    """Add a shared domain (administrators only: 403 for others)."""
    owned.assert_admin(request.user)
    body = await read_body(request, NewDomainBody)
    async with platform.db.transaction() as conn:
        domain = await shared_domains.add(conn, request.user, body.domain, now=utc_now())
        made = await _shared_one(conn, domain)
    location = f"{platform.public_url}/api/v1/shared-domains/{made.domain}"
    return Response(Data(data=made), headers={"Location": location})


@get("/shared-domains/{domain:str}", scope="domains:read")
async def get_shared_domain(
    request: AuthedRequest,  # noqa: ARG001 - anybody with a key
    platform: GivenPlatform,
    domain: FromPath[str],
) -> Data[SharedDomainResource]:
    """One of the domains that everybody may make aliases on, by its name in A-labels or Unicode."""
    async with platform.db.connection() as conn:
        return Data(data=await _shared_one(conn, names.asked_name(domain)))


@patch("/shared-domains/{domain:str}", scope="domains:write", body=SharedPatchBody, fails=("not_admin",))
async def update_shared_domain(
    request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]
) -> Data[SharedDomainResource]:
    """Make a shared domain the default (administrators only)."""
    owned.assert_admin(request.user)
    body = await read_body(request, SharedPatchBody)
    if not body.is_default:
        raise Invalid.field("is_default", "Give true for the domain that is to be the default instead.")
    async with platform.db.transaction() as conn:
        await shared_domains.make_default(conn, request.user, domain)
        return Data(data=(await _shared(conn))[0])


@delete(
    "/shared-domains/{domain:str}", scope="domains:write", fails=("not_admin", "domain_configured", "domain_in_use")
)
async def delete_shared_domain(request: AuthedRequest, platform: GivenPlatform, domain: FromPath[str]) -> None:
    """Remove a shared domain that never had an alias (administrators only). 409 where it had."""
    owned.assert_admin(request.user)
    async with platform.db.transaction() as conn:
        await shared_domains.remove(conn, request.user, domain)


def _renamed(error: Invalid) -> Invalid:
    """What core calls `alias_id` and `pattern` is `catch_all_alias_id` and `catch_all_pattern` here."""
    fields = [FieldError(field=f"catch_all_{fault.field}", message=fault.message) for fault in error.fields]
    return Invalid(error.detail, code=error.code, fields=fields)


async def _shared_one(conn: Conn, domain: str) -> SharedDomainResource:
    found = next((one for one in await _shared(conn) if one.domain == domain), None)
    if found is None:
        raise NotFound("There is no such shared domain.")
    return found


async def _shared(conn: Conn) -> list[SharedDomainResource]:
    found = await domains.listed(conn)
    return [
        shared_resource(one, is_first=number == 0, unicode=names.as_read(one.domain))
        for number, one in enumerate(found)
    ]
