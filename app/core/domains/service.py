"""The domains mail is taken for, and those that everybody may use. The caller owns the transaction.

Domains of one account live in `owned`, their proof in `checks`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from app.core.aliases.address import ROLE_LOCAL_PARTS, normal_domain
from app.core.domains import queries, schedule
from app.core.domains.model import Reception, SharedDomain, State
from app.errors import Conflict, Invalid, NotFound
from app.lib.db import Conn

_NOT_YET: Mapping[State, str] = {
    "waiting": "is yours, but its proof has not been found in DNS yet.",
    "paused": "is paused, because its proof has been missing from DNS for a week.",
}


async def add_shared(conn: Conn, name: str, *, today: date) -> str:
    """Take mail for `name` and let everybody make aliases there. Raises Invalid, Conflict."""
    domain = normal_domain(name)
    if domain is None:
        raise Invalid.field("domain", "This is not a domain name; it should look like example.org.")
    if not await queries.insert_shared_domain(conn, domain, today):
        if await queries.owner(conn, domain) is None:
            raise Conflict("This domain is there already.", code="domain_taken")
        raise Conflict(
            "This domain belongs to an account. Its owner has to delete it first, or `restante domain release` "
            "takes it away.",
            code="domain_taken",
        )
    return domain


async def remove_shared(conn: Conn, domain: str) -> None:
    """Take no more mail for a shared domain that nobody has or ever had an address on. Raises NotFound, Conflict."""
    found = next((one for one in await queries.shared_domains(conn) if one.domain == domain), None)
    if found is None:
        raise NotFound("There is no such shared domain.")
    if found.is_configured:
        text = "This domain stands in RESTANTE_MAIL_DOMAINS. Take it out there, restart, and remove it then."
        raise Conflict(text, code="domain_configured")
    if await queries.has_given_addresses(conn, domain, sorted(ROLE_LOCAL_PARTS)):
        text = "There are or were aliases on this domain. Addresses are never given to anybody else, so it stays."
        raise Conflict(text, code="domain_in_use")
    await queries.delete_domain(conn, domain, None)


async def set_default(conn: Conn, domain: str) -> None:
    """Offer this shared domain first from now on. Raises NotFound."""
    if not await queries.set_default(conn, domain):
        raise NotFound("There is no such shared domain.")


async def ensure_shared(conn: Conn, names: Sequence[str], *, today: date) -> None:
    """Add those of the configured domains that are missing; they are offered in this order."""
    for name in names:
        await queries.insert_shared_domain(conn, name, today)
    await queries.set_configured(conn, names)


async def listed(conn: Conn) -> list[SharedDomain]:
    """The domains everybody may use, with what their administrator knows of them; the first one is the default."""
    return await queries.shared_domains(conn)


async def shared(conn: Conn) -> list[str]:
    """The domains everybody may use; the first one is the default."""
    return [one.domain for one in await queries.shared_domains(conn)]


async def offered(conn: Conn, account_id: UUID) -> list[str]:
    """The domains the account may make aliases on: the shared ones (the default first), then its own proven ones."""
    return await shared(conn) + await queries.usable_domains(conn, account_id)


async def why_not(conn: Conn, account_id: UUID, domain: str) -> str:
    """Why no alias can be made on this domain although it is the account's own; empty where it is not."""
    row = await queries.own_domain(conn, account_id, domain)
    told = _NOT_YET.get(schedule.state(row)) if row is not None else None
    return f"{domain} {told}" if told else ""


async def reception(conn: Conn, domain: str) -> Reception | None:
    """What to do with mail for a domain's unknown addresses; None when it is not ours."""
    return await queries.reception(conn, domain)


async def is_ours(conn: Conn, domain: str) -> bool:
    """Whether mail is taken for this domain at all."""
    return await queries.reception(conn, domain) is not None
