"""`postmaster` and `abuse` of every shared domain go to the first administrator (RFC 5321 section 4.5.1, RFC 2142)."""

from datetime import datetime

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.address import ROLE_LOCAL_PARTS, Address
from app.core.domains import service as domains
from app.lib.db import Conn
from app.vault.instance import InstanceKey


async def give_roles(conn: Conn, instance: InstanceKey, *, now: datetime) -> None:
    """Make the role addresses that nobody has yet; without an administrator there is nobody to give them to."""
    account = await accounts.first_admin(conn)
    if account is None:
        return
    keyring = await accounts.open_keyring(conn, instance, account.account_id)
    for domain in await domains.shared(conn):
        for local_part in sorted(ROLE_LOCAL_PARTS):
            address = Address(local_part, domain)
            await aliases.claim(conn, account.account_id, keyring, address, "Mail every domain must take", now=now)
