"""The audit log: what administrators and the operator did. Every administrator can read it, and nobody can change it.

It names accounts and other things by their ids: no address, no login, and no word that anybody wrote.
"""

from datetime import datetime, timedelta
from uuid import UUID

from app.core.administration import queries
from app.core.administration.model import Action, AuditEntry
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.lib.db import Conn
from app.lib.ids import new_id

LIFETIME = timedelta(days=366)
"""The table refuses to let go of anything younger than a year."""
_BATCH = 1000


async def note(
    conn: Conn,
    actor: Actor | None,
    action: Action,
    *,
    account_id: UUID | None = None,
    subject: str = "",
    details: str = "",
) -> None:
    """Write down that `actor` (None: the operator at the command line) did this, in the transaction that does it.

    `account_id` is whom it was done to; `subject` names what else by an id, or a domain or plan by its name; `details`
    are numbers and codes, as in `alias_limit 100 -> 200`. Neither ever holds an address, a login or somebody's words.
    """
    entry = queries.NewEntry(
        entry_id=new_id(),
        actor_id=None if actor is None else actor.account_id,
        action=action,
        account_id=account_id,
        subject=subject,
        details=details,
    )
    await queries.insert_entry(conn, entry)


async def page(
    conn: Conn, *, account_id: UUID | None = None, before: UUID | None = None, after: UUID | None = None, limit: int
) -> list[AuditEntry]:
    """The log, newest first, or what was done to one account: below the entry `before`, or right above `after`."""
    return await queries.entries(conn, account_id=account_id, before=before, after=after, limit=limit)


async def forget(platform: Platform, *, now: datetime) -> int:
    """Delete what is older than a year; how many entries. Raises Unavailable."""
    day = now - LIFETIME
    return await platform.db.in_batches(lambda conn: queries.delete_entries(conn, day, limit=_BATCH), batch=_BATCH)
