"""Making an account for whoever comes: by the mode that the operator has set, and no faster than is good.

Nothing is asked but a login and a password; what is stored tells the day, and no address.
"""

import math
import time
from datetime import datetime, timedelta

from app.core.accounts import service as accounts
from app.core.accounts.model import MadeAccount, NewAccount
from app.core.auth.guessing import Origin
from app.core.billing import vouchers
from app.core.joining import queries
from app.core.joining.model import JoiningMode
from app.core.platform import Platform
from app.errors import Forbidden, LimitReached
from app.lib.db import Conn, Database

_HOUR = timedelta(hours=1)
_CLOSED = "Nobody can make an account here now. Whoever runs this service can make one for you."
_NOT_SET_UP = "This service has no administrator yet, so nobody can make an account."


def is_by_voucher(mode: JoiningMode) -> bool:
    """Whether a voucher is needed."""
    return mode in {"voucher", "purchase"}


async def assert_open(platform: Platform) -> None:
    """Raise Forbidden where nobody can join, as before there is an administrator."""
    if platform.joining == "closed":
        raise Forbidden(_CLOSED, code="joining_closed")
    if not await is_open(platform):
        raise Forbidden(_NOT_SET_UP, code="joining_closed")


async def is_open(platform: Platform) -> bool:
    """Whether people can join now, with a voucher or without."""
    if platform.joining == "closed":
        return False
    async with platform.db.connection() as conn:
        return await accounts.is_set_up(conn)


async def join(platform: Platform, new: NewAccount, *, voucher: str, origin: Origin, now: datetime) -> MadeAccount:
    """Make the account, and redeem the voucher where one is needed: both, or neither.

    Raises Forbidden where nobody can join, Invalid for a login, a password (`app.core.accounts.strength`) or a voucher
    that is not right, Conflict for a login that is taken, and LimitReached for too many from one network, in the hour
    in all (where everybody may), or at once.
    """
    await assert_open(platform)
    accounts.check_new(new)
    platform.guesses.admit_code(origin, now=time.monotonic())
    async with platform.db.connection() as conn:
        await accounts.check_free(conn, new.login)
        await _assert_pace(conn, platform, now=now)
    platform.guesses.admit_joining(origin, now=time.monotonic())
    hashed = await platform.hasher.set(new.password, origin)
    async with platform.db.transaction() as conn:
        await _count(conn, platform, now=now)
        made = await accounts.create(
            conn,
            platform.instance,
            new,
            password=hashed,
            storage_limit=platform.storage_limit,
            alias_limit=platform.alias_limit,
            domain_limit=platform.domain_limit,
            today=now.date(),
        )
        if is_by_voucher(platform.joining):
            await vouchers.redeem(conn, voucher, account_id=made.account.account_id, today=now.date())
    return made


async def forget_pace(db: Database, *, now: datetime) -> int:
    """Forget how many joined in an hour that is over; how many hours that were."""
    async with db.transaction() as conn:
        return await queries.delete_pace(conn, before=_hour(now))


async def _assert_pace(conn: Conn, platform: Platform, *, now: datetime) -> None:
    """Before a password is hashed in vain."""
    if platform.joining == "open" and await queries.joined_in(conn, _hour(now)) >= platform.joining_rate:
        raise _too_many(now)


async def _count(conn: Conn, platform: Platform, *, now: datetime) -> None:
    """Of those who came this far at the same time, no more than there is room for."""
    if platform.joining == "open" and await queries.count_joining(conn, _hour(now)) > platform.joining_rate:
        raise _too_many(now)


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _too_many(now: datetime) -> LimitReached:
    wait = (_hour(now) + _HOUR - now).total_seconds()
    minutes = math.ceil(wait / 60)
    text = f"Many people are joining, so new accounts have to wait. Please try again in {minutes} minutes."
    return LimitReached(text, code="too_many_joining", retry_after=math.ceil(wait))
