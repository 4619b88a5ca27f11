"""A code from the owner's phone besides the password: setting it up, asking for it, doing without. The caller owns the
transaction.

The generator's secret is sealed under the account's data key, which is open once the password was right. A code works
once, also where two processes are given it at the same time.
"""

import re
from datetime import datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.auth.second_factor import queries
from app.core.auth.second_factor.model import Enrolment, SecondFactor, Stored
from app.core.security import events
from app.errors import Conflict, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.vault import otp, seal, tokens
from app.vault.keyring import Keyring

BACKUP_CODES = 10
MOST_WRONG = 20
"""Wrong codes a day: a year of guessing with the right password finds one with a chance of 1 in 50."""
_PURPOSE = "second factor"
_ISSUER = "Restante"
_DIGITS = re.compile(r"[0-9]{6}\Z", re.ASCII)
_WRONG = (
    "This is not the code that your app shows now, or it was used already. Wait for the next one. "
    "If none is taken, the clock of your phone may be wrong."
)


async def is_on(conn: Conn, account_id: UUID) -> bool:
    """Whether signing in needs a second factor."""
    stored = await queries.second_factor(conn, account_id)
    return stored is not None and stored.is_on


async def find(conn: Conn, actor: Actor) -> SecondFactor | None:
    """What the owner has; None where no second factor is on."""
    stored = await queries.second_factor(conn, actor.account_id)
    if stored is None or not stored.is_on:
        return None
    return SecondFactor(made_on=stored.made_on, backup_codes=await queries.code_count(conn, actor.account_id))


async def prepare(conn: Conn, actor: Actor, *, now: datetime) -> None:
    """Make a generator that is on once `turn_on` was given its first code. Raises Conflict where one is on."""
    await accounts.hold(conn, actor.account_id)
    if await is_on(conn, actor.account_id):
        raise Conflict("A second factor is on already. Turn it off first.", code="second_factor_on")
    sealed = seal.seal_field(
        actor.keyring,
        account_id=actor.account_id,
        purpose=_PURPOSE,
        row_id=actor.account_id,
        plaintext=otp.new_generator_secret(),
    )
    await queries.insert_second_factor(conn, actor.account_id, secret=sealed, made_on=now.date())


async def enrolment(conn: Conn, actor: Actor) -> Enrolment:
    """What the owner's app is told of the generator that is being set up. Raises NotFound, CannotOpen."""
    stored = await queries.second_factor(conn, actor.account_id)
    if stored is None or stored.is_on:
        raise NotFound("Nothing is being set up.")
    secret = _opened(actor.account_id, actor.keyring, stored)
    return Enrolment(
        address=otp.address_of(secret, login=actor.login, issuer=_ISSUER), secret=otp.spelled_secret(secret)
    )


async def turn_on(conn: Conn, actor: Actor, code: str, *, now: datetime) -> list[str]:
    """Ask for it from now on; the ten backup codes, to be shown once. Raises Invalid for a wrong code, NotFound."""
    account_id = actor.account_id
    await accounts.hold(conn, account_id)
    stored = await queries.second_factor(conn, account_id)
    if stored is None or stored.is_on:
        raise NotFound("Nothing is being set up.")
    if not await _take(conn, account_id, actor.keyring, stored, _plain(code), now=now):
        raise Invalid.field("code", _WRONG)
    await queries.set_on(conn, account_id, made_on=now.date())
    await events.note(conn, account_id, "second_factor_on", now=now)
    return await _new_codes(conn, account_id)


async def turn_off(conn: Conn, account_id: UUID, *, now: datetime) -> None:
    """Ask for the password alone from now on; what was being set up goes, too. Raises NotFound where there is none."""
    if not await queries.delete_second_factor(conn, account_id):
        raise NotFound("There is no second factor.")
    await events.note(conn, account_id, "second_factor_off", now=now)


async def new_backup_codes(conn: Conn, actor: Actor, *, now: datetime) -> list[str]:
    """Ten others in place of those there were, to be shown once. Raises NotFound where no second factor is on."""
    await accounts.hold(conn, actor.account_id)
    if not await is_on(conn, actor.account_id):
        raise NotFound("There is no second factor.")
    await events.note(conn, actor.account_id, "backup_codes_made", now=now)
    return await _new_codes(conn, actor.account_id)


async def admit(conn: Conn, account_id: UUID, keyring: Keyring, code: str, *, now: datetime) -> bool:
    """Whether this is a right code, which is used up by that; a wrong one is counted, so commit in either case.

    Six digits are the generator's, all else a backup code, which works also when too many codes were wrong today.
    Raises LimitReached then; Invalid for a backup code with a typing error, which is not counted.
    """
    stored = await queries.second_factor(conn, account_id)
    if stored is None or not stored.is_on:
        return True
    plain = _plain(code)
    if not _DIGITS.match(plain):
        return await _admit_backup(conn, account_id, code, now=now)
    if stored.wrong_on == now.date() and stored.wrong_count >= MOST_WRONG:
        raise LimitReached(
            f"{MOST_WRONG} wrong codes were given today, which is too many. Use a backup code, or wait until midnight "
            "UTC. If it was not you, somebody knows your password: change it.",
            code="too_many_codes",
        )
    if await _take(conn, account_id, keyring, stored, plain, now=now):
        return True
    await _count_wrong(conn, account_id, now=now)
    return False


async def _admit_backup(conn: Conn, account_id: UUID, code: str, *, now: datetime) -> bool:
    normal = tokens.read_backup_code(code)
    if normal is None:
        text = "Type the six digits that your app shows, or a backup code: five groups of four letters and digits."
        raise Invalid.field("code", text)
    if await queries.take_code(conn, account_id, tokens.hash_secret(normal)):
        await events.note(conn, account_id, "backup_code_used", now=now)
        return True
    await _count_wrong(conn, account_id, now=now)
    return False


async def _count_wrong(conn: Conn, account_id: UUID, *, now: datetime) -> None:
    await queries.count_wrong(conn, account_id, day=now.date())
    await events.note(conn, account_id, "wrong_codes", now=now)


async def _take(conn: Conn, account_id: UUID, keyring: Keyring, stored: Stored, code: str, *, now: datetime) -> bool:
    """Use the generator's code up. Raises CannotOpen."""
    step = otp.step_of(_opened(account_id, keyring, stored), code, now=now, after=stored.last_step)
    return step is not None and await queries.take_step(conn, account_id, step)


async def _new_codes(conn: Conn, account_id: UUID) -> list[str]:
    codes = [tokens.new_backup_code() for _ in range(BACKUP_CODES)]
    await queries.replace_codes(conn, account_id, [tokens.hash_secret(code) for code in codes])
    return codes


def _opened(account_id: UUID, keyring: Keyring, stored: Stored) -> bytes:
    return seal.open_field(keyring, account_id=account_id, purpose=_PURPOSE, row_id=account_id, sealed=stored.secret)


def _plain(code: str) -> str:
    """Apps show `123 456`."""
    return "".join(code.split())
