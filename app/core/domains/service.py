"""The domains mail is taken for. The caller owns the transaction."""

from collections.abc import Sequence
from datetime import date

from app.core.aliases.address import normal_domain
from app.core.domains import queries
from app.errors import Conflict, Invalid
from app.lib.db import Conn


async def add_shared(conn: Conn, name: str, *, today: date) -> str:
    """Take mail for `name` and let everybody make aliases there. Raises Invalid, Conflict."""
    domain = normal_domain(name)
    if domain is None:
        raise Invalid.field("domain", "This is not a domain name; it should look like example.org.")
    if not await queries.insert_shared_domain(conn, domain, today):
        raise Conflict("This domain is there already.", code="domain_taken")
    return domain


async def ensure_shared(conn: Conn, names: Sequence[str], *, today: date) -> None:
    """Add those of the configured domains that are missing."""
    for name in names:
        await queries.insert_shared_domain(conn, name, today)


async def shared(conn: Conn) -> list[str]:
    """The domains everybody may use; the first one is the default."""
    return await queries.shared_domains(conn)


async def is_ours(conn: Conn, domain: str) -> bool:
    """Whether mail is taken for this domain at all."""
    return await queries.is_domain(conn, domain)
