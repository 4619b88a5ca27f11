"""What administrators do with accounts, each with a note in the audit log; suspending is in `suspensions`.

Nobody here sees what an account holds: counts and sizes alone, and an alias only to who already has its address.
"""

from datetime import date, timedelta
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.accounts.model import Account, Limits, Usage
from app.core.administration import audit
from app.core.administration.members import queries
from app.core.administration.members.model import FoundAlias, Listing, Member, MemberRow
from app.core.administration.model import Action
from app.core.aliases import address as addresses
from app.core.auth.model import Actor
from app.errors import Conflict, Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import parse_id

GRACE = timedelta(days=30)
_NONE = Usage(message_count=0, stored_bytes=0)
_LONGEST = 64


async def page(
    conn: Conn, listing: Listing, *, before: UUID | None, after: UUID | None, limit: int
) -> list[tuple[MemberRow, Usage]]:
    """Accounts with what they hold, newest first: below `before`, or right above `after`; at most 200."""
    text = listing.text.strip()
    account_id = parse_id(text)
    start = "" if account_id else accounts.normal_login(text)[:_LONGEST]
    if not start.isascii() or not start.isprintable():  # no login has other characters
        return []
    rows = await queries.members(
        conn, account_id=account_id, start=start, show=listing.show, before=before, after=after, limit=limit
    )
    held = await queries.usage(conn, [row.account_id for row in rows])
    return [(row, held.get(row.account_id, _NONE)) for row in rows]


async def get(conn: Conn, account_id: UUID) -> Member:
    """One account. Raises NotFound."""
    row = await queries.member(conn, account_id)
    if row is None:
        raise NotFound("There is no such account; it may have been deleted.")
    held = await queries.usage(conn, [account_id])
    return Member(
        account=row,
        usage=held.get(account_id, _NONE),
        counts=await queries.counts(conn, account_id),
        is_last_admin=row.is_admin and await queries.is_only_admin(conn, account_id),
    )


async def change_limits(conn: Conn, actor: Actor | None, account: Account, limits: Limits) -> Account:
    """What the account may have from now on. Raises Invalid with every fault."""
    after = await accounts.change_limits(conn, account, limits)
    names = ("storage_limit", "alias_limit", "domain_limit")
    changes = [(name, getattr(account, name), getattr(after, name)) for name in names]
    details = ", ".join(f"{name} {was} -> {now}" for name, was, now in changes if was != now)
    if details:
        await audit.note(conn, actor, "account_limits_changed", account_id=account.account_id, details=details)
    return after


async def set_admin(conn: Conn, actor: Actor, account: Account, *, is_admin: bool) -> None:
    """Make the account an administrator's, or an ordinary one again; what is so already stays.

    Raises Conflict for the last administrator who can sign in, and for an account that cannot.
    """
    admins = await queries.lock_admins(conn)
    if is_admin and account.status != "active":
        raise Conflict("Only an account that can sign in can become an administrator's.")
    if not is_admin and not [one for one in admins if one != account.account_id]:
        raise Conflict("This is the last administrator. Make somebody else one first.")
    if await queries.set_admin(conn, account.account_id, is_admin=is_admin):
        action: Action = "admin_granted" if is_admin else "admin_revoked"
        await audit.note(conn, actor, action, account_id=account.account_id)


async def ask_deletion(conn: Conn, actor: Actor, account: Account, *, typed: str, today: date) -> None:
    """Have a suspended account deleted in thirty days; until then it can be kept after all.

    `typed` is its login, written out. Raises Invalid, and Conflict where the account is not suspended or is to be
    deleted already.
    """
    if accounts.normal_login(typed) != account.login:
        raise Invalid.field("login", "Write the login of this account, so that you delete the one you mean.")
    if account.status != "suspended":
        raise Conflict("Suspend the account first; only a suspended one can be deleted by an administrator.")
    if not await queries.ask_deletion(conn, account.account_id, today + GRACE):
        raise Conflict("This account is to be deleted already.")
    await audit.note(conn, actor, "account_deletion_asked", account_id=account.account_id)


async def cancel_deletion(conn: Conn, actor: Actor, account: Account) -> None:
    """Keep an account that an administrator wanted deleted; it stays suspended.

    Raises Conflict when its deletion has begun, or no administrator has asked for it.
    """
    if not await queries.cancel_deletion(conn, account.account_id):
        raise Conflict("No administrator has asked for the deletion of this account, or it has begun.")
    await audit.note(conn, actor, "account_deletion_cancelled", account_id=account.account_id)


async def look_up(conn: Conn, actor: Actor, text: str) -> FoundAlias:
    """The alias of an address that somebody has reported. Raises Invalid, NotFound."""
    parsed = addresses.parse(text.strip())
    if parsed is None:
        raise Invalid.field("address", "This is not a mail address; it should look like shop@example.org.")
    found = await queries.alias_of_address(conn, [str(parsed), str(parsed.without_tag)])
    if found is None:
        raise Invalid.field("address", "No alias of this service has this address now.")
    await audit.note(conn, actor, "alias_looked_up", account_id=found.account_id, subject=str(found.alias_id))
    return found


async def alias(conn: Conn, account_id: UUID, alias_id: UUID) -> FoundAlias:
    """One that was looked up. Raises NotFound."""
    found = await queries.alias(conn, account_id, alias_id)
    if found is None:
        raise NotFound("There is no such alias.")
    return found
