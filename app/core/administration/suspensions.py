"""Suspending accounts and aliases, with a reason that the owner is told, and restoring them.

Of what is suspended nothing is lost, and its owner cannot undo it. What the administrator writes to the owner is sealed
under the account's index key, because it is shown before the owner's own keys are open.
"""

from datetime import date, datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.accounts.model import Account
from app.core.administration import audit, queries
from app.core.administration.members import queries as members
from app.core.administration.model import SUSPENSION_REASONS, NewSuspension, Suspension, SuspensionReason
from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.aliases.queries import addresses_of
from app.core.auth.model import Actor
from app.core.security import events
from app.core.security import events as security
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.times import utc_now
from app.vault.instance import InstanceKey
from app.vault.instructions import open_instruction, seal_instruction

MAX_WORDS = 1000
_PURPOSE = "suspension"


def read_reason(text: str) -> SuspensionReason:
    """The reason of this name. Raises Invalid."""
    reason = next((one for one in SUSPENSION_REASONS if one == text), None)
    if reason is None:
        raise Invalid.field("reason", "Choose a reason; its owner is told.")
    return reason


async def suspend_account(
    conn: Conn, instance: InstanceKey, actor: Actor | None, account: Account, new: NewSuspension, *, now: datetime
) -> None:
    """No signing in, no keys, and mail is put off (450), until it is restored. One that is suspended gets this reason.

    `actor` is an administrator, or None for the operator at the command line. Raises Invalid, and Conflict for the
    administrator's own account.
    """
    if actor is not None and actor.account_id == account.account_id:
        raise Conflict("You cannot suspend your own account. Another administrator can.")
    await _write(conn, instance, account.account_id, account.account_id, new, today=now.date())
    await accounts.suspend(conn, account, is_suspended=True)
    await events.note(conn, account.account_id, "suspended", now=utc_now())
    await audit.note(conn, actor, "account_suspended", account_id=account.account_id, details=new.reason)
    await security.note(conn, account.account_id, "suspended", now=now)


async def restore_account(conn: Conn, actor: Actor | None, account: Account, *, now: datetime) -> None:
    """As before the suspension, and not to be deleted unless its owner wants it; one that is not suspended stays so."""
    if account.status != "suspended":
        return
    await members.cancel_deletion(conn, account.account_id)
    await queries.delete_suspension(conn, account.account_id, account.account_id)
    await accounts.suspend(conn, account, is_suspended=False)
    await events.note(conn, account.account_id, "restored", now=utc_now())
    await audit.note(conn, actor, "account_restored", account_id=account.account_id)
    await security.note(conn, account.account_id, "restored", now=now)


async def suspend_alias(
    conn: Conn,
    instance: InstanceKey,
    actor: Actor,
    account_id: UUID,
    alias_id: UUID,
    new: NewSuspension,
    *,
    today: date,
) -> None:
    """Mail for it is refused (550) until it is restored.

    Raises NotFound, Invalid, and Conflict for an address that every domain has to answer for.
    """
    address = (await addresses_of(conn, account_id, [alias_id])).get(alias_id)
    if address is None:
        raise NotFound("There is no such alias.")
    if address.partition("@")[0] in ROLE_LOCAL_PARTS:
        text = "Every domain has to answer for this address, so it takes mail in any state."
        raise Conflict(text, code="role_address")
    await _write(conn, instance, account_id, alias_id, new, today=today)
    await queries.set_alias_suspended(conn, account_id, alias_id, is_suspended=True)
    await audit.note(conn, actor, "alias_suspended", account_id=account_id, subject=str(alias_id), details=new.reason)


async def restore_alias(conn: Conn, actor: Actor, account_id: UUID, alias_id: UUID) -> None:
    """It is again as its owner has set it; one that is not suspended stays as it is."""
    if await queries.delete_suspension(conn, account_id, alias_id):
        await queries.set_alias_suspended(conn, account_id, alias_id, is_suspended=False)
        await audit.note(conn, actor, "alias_restored", account_id=account_id, subject=str(alias_id))


async def of_account(conn: Conn, instance: InstanceKey, account_id: UUID) -> Suspension | None:
    """Why the account is suspended, where an administrator said so."""
    return await of_alias(conn, instance, account_id, account_id)


async def of_alias(conn: Conn, instance: InstanceKey, account_id: UUID, alias_id: UUID) -> Suspension | None:
    """Why this alias of the account is suspended. Raises CannotOpen."""
    row = await queries.suspension(conn, account_id, alias_id)
    if row is None:
        return None
    index_key = await accounts.index_key(conn, instance, account_id)
    words = open_instruction(
        index_key, account_id=account_id, purpose=_PURPOSE, row=str(alias_id), sealed=row.words
    ).decode()
    return Suspension(reason=row.reason, words=words, suspended_on=row.suspended_on)


async def _write(
    conn: Conn, instance: InstanceKey, account_id: UUID, subject_id: UUID, new: NewSuspension, *, today: date
) -> None:
    words = new.words.strip()
    if len(words) > MAX_WORDS:
        fault = FieldError(field="words", message=f"Write at most {MAX_WORDS:,} characters.")
        raise Invalid("It cannot be suspended like this.", fields=[fault])
    index_key = await accounts.index_key(conn, instance, account_id)
    sealed = seal_instruction(
        index_key, account_id=account_id, purpose=_PURPOSE, row=str(subject_id), plaintext=words.encode()
    )
    await queries.replace_suspension(
        conn, account_id, subject_id, queries.SuspensionRow(reason=new.reason, words=sealed, suspended_on=today)
    )
