"""The account's preferences for new aliases. Pages, API and password managers use them alike.

The caller owns the transaction.
"""

from uuid import UUID

from app.core.aliases.address import normal_domain
from app.core.aliases.model import Format
from app.core.aliases.preferences import queries
from app.core.aliases.preferences.model import Preferences
from app.core.domains import service as domains
from app.errors import Invalid
from app.lib.db import Conn

FALLBACK: Format = "words"


async def get(conn: Conn, account_id: UUID) -> Preferences:
    """What the account prefers; its domain may have become one that it cannot use."""
    return await queries.preferences(conn, account_id) or Preferences()


async def change(conn: Conn, account_id: UUID, wanted: Preferences) -> Preferences:
    """Prefer this from now on. Raises Invalid (field `domain`) for one that the account cannot use."""
    domain = None
    if wanted.domain:
        domain = normal_domain(wanted.domain)
        offered = await domains.offered(conn, account_id)
        if domain not in offered:
            names = ", ".join(offered) or "none is set up yet"
            raise Invalid.field("domain", f"Aliases can be made on: {names}.")
    changed = Preferences(format=wanted.format, domain=domain)
    await queries.set_preferences(conn, account_id, changed)
    return changed


async def offered(conn: Conn, account_id: UUID) -> list[str]:
    """The domains the account may make aliases on, the one it prefers first."""
    names = await domains.offered(conn, account_id)
    preferred = (await get(conn, account_id)).domain
    return sorted(names, key=lambda name: name != preferred)


def style(wanted: Format | None, preferred: Format | None, *, site: str) -> Format:
    """The format of a random name: what was asked for, else what is preferred; no site's name without a site."""
    chosen = wanted or preferred or FALLBACK
    return FALLBACK if chosen == "site" and not site else chosen
