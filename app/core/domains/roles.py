"""`postmaster` and `abuse` go to whoever looks after a domain (RFC 5321 section 4.5.1, RFC 2142).

That is the owner of an account's domain, and the first administrator for the shared ones.
"""

from datetime import datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.address import ROLE_LOCAL_PARTS, Address
from app.core.domains import service as domains
from app.lib.db import Conn
from app.lib.ids import new_id


async def give_roles(conn: Conn, *, now: datetime) -> None:
    """Make the role addresses that nobody has yet; without an administrator there is nobody to give them to."""
    account = await accounts.first_admin(conn)
    if account is None:
        return
    for domain in await domains.shared(conn):
        await give_owner_roles(conn, account.account_id, domain, now=now)


async def give_owner_roles(conn: Conn, account_id: UUID, domain: str, *, now: datetime) -> None:
    """Make those role addresses of a domain that nobody has yet, without any key of the account."""
    for local_part in sorted(ROLE_LOCAL_PARTS):
        address = Address(local_part, domain)
        await aliases.claim_unattended(conn, account_id, address, new_id(), reason="service", now=now)
