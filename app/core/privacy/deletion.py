"""The way out: an account that is to be deleted after thirty days, or that is deleted now.

Deleting begins with the keys, in one transaction; from then on nobody can sign in or read a word. Messages, all other
rows and the objects follow piece by piece, and whatever breaks off goes on within the hour.
"""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.aliases.reserved import queries as reserved
from app.core.auth.model import Actor
from app.core.domains.roles import give_roles
from app.core.platform import Platform
from app.core.privacy import queries
from app.core.security import events as security
from app.errors import Conflict, NotFound, Unavailable
from app.lib.db import Conn
from app.lib.logs import error_fields, logger

GRACE = timedelta(days=30)
_MESSAGES = 1000
_OBJECTS = 500
_ACCOUNTS = 100
"""In one run; the next does the rest."""


async def ask(conn: Conn, actor: Actor, *, now: datetime) -> date:
    """Have the account deleted in thirty days; the day.

    Until then mail is refused for now, keys and feeds do nothing, and its owner can come back. Raises Conflict where
    nobody else looks after the service.
    """
    await assert_not_alone(conn, actor)
    await accounts.hold(conn, actor.account_id)
    if await queries.set_leaving(conn, actor.account_id, now.date() + GRACE):
        await security.note(conn, actor.account_id, "deletion_asked", now=now)
    day = await queries.delete_on(conn, actor.account_id)
    if day is None:
        raise NotFound
    return day


async def come_back(conn: Conn, actor: Actor, *, now: datetime) -> None:
    """Keep the account after all. Raises Conflict when its deletion has begun."""
    await accounts.hold(conn, actor.account_id)
    if await queries.set_staying(conn, actor.account_id):
        await security.note(conn, actor.account_id, "deletion_cancelled", now=now)
    elif await queries.delete_on(conn, actor.account_id) is not None:
        raise Conflict("The deletion of this account has begun and cannot be taken back.", code="deletion_begun")


async def day_of(conn: Conn, account_id: UUID) -> date | None:
    """The day on which the account is to be deleted; None: its owner has not asked for that."""
    return await queries.delete_on(conn, account_id)


async def assert_not_alone(conn: Conn, actor: Actor) -> None:
    """Raise Conflict for the only administrator of a service that others use."""
    if await queries.is_only_admin(conn, actor.account_id):
        text = "You are the only administrator, and others use this service. Make somebody else an administrator first."
        raise Conflict(text, code="only_administrator")


async def begin(platform: Platform, account_id: UUID, *, now: datetime) -> None:
    """Destroy the account's keys, for ever. Raises NotFound, Unavailable."""
    async with platform.db.transaction() as conn:
        await accounts.hold(conn, account_id)
        if not await queries.destroy_keys(conn, account_id, now.date()):
            raise NotFound
    await _shred(platform, account_id)


async def finish(platform: Platform, account_id: UUID, *, now: datetime) -> None:
    """Delete what is left of an account whose keys are destroyed. Raises Unavailable; then it can be called again."""
    await _shred(platform, account_id)
    await platform.db.in_batches(
        lambda conn: queries.delete_messages(conn, account_id, limit=_MESSAGES), batch=_MESSAGES
    )
    async with platform.db.transaction() as conn:
        await queries.delete_aliases(conn, account_id)
        await reserved.reserve_all(conn, account_id, except_for=sorted(ROLE_LOCAL_PARTS))
        await queries.delete_account(conn, account_id)
        await give_roles(conn, now=now)
    await _delete_objects(platform, account_id)
    async with platform.db.transaction() as conn:
        await queries.end(conn, account_id)


async def delete(platform: Platform, account_id: UUID, *, now: datetime) -> None:
    """Delete the account with all it holds. Raises NotFound, Unavailable."""
    await begin(platform, account_id, now=now)
    await finish(platform, account_id, now=now)


async def delete_due(platform: Platform, *, now: datetime) -> int:
    """Delete the accounts whose day has come, and go on where a deletion broke off; how many are gone.

    One that fails leaves the others their turn; the first error is raised at the end.
    """
    async with platform.db.connection() as conn:
        due = await queries.due(conn, now.date(), limit=_ACCOUNTS)
    for account_id in due:
        await begin(platform, account_id, now=now)
    async with platform.db.connection() as conn:
        begun = await queries.begun(conn, limit=_ACCOUNTS)
    first: Exception | None = None
    gone = 0
    for account_id in begun:
        try:
            await finish(platform, account_id, now=now)
        except Exception as error:  # noqa: BLE001 - what is wrong with one must not keep the others
            logger().warning("deletion_broke_off", **error_fields(error))
            first = first or error
        else:
            gone += 1
    if first is not None:
        raise first
    return gone


async def _shred(platform: Platform, account_id: UUID) -> None:
    """Destroy the key without which copies of the database open nothing of the account. Raises Unavailable."""
    keys = platform.instance.account_keys
    if keys is not None:
        try:
            await asyncio.to_thread(keys.destroy, account_id)
        except OSError as error:
            raise Unavailable("The account's key cannot be deleted from the disk now.") from error


async def _delete_objects(platform: Platform, account_id: UUID) -> None:
    """What mail under way stores after this, it deletes itself; what of that fails, the sweep finds."""
    batch: list[str] = []
    async for info in platform.blobs.list(f"{account_id}/"):
        batch.append(info.name)
        if len(batch) == _OBJECTS:
            await platform.blobs.delete(batch)
            batch = []
    await platform.blobs.delete(batch)
