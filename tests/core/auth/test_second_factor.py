import asyncio
from base64 import b32decode
from datetime import UTC, datetime, timedelta

import pytest

from app.core.accounts import service as accounts
from app.core.auth import service as auth
from app.core.auth.model import Actor, SignedIn
from app.core.auth.second_factor import service as second_factor
from app.core.auth.sessions import service as sessions
from app.core.security import events
from app.errors import Conflict, Invalid, LimitReached, NotFound, Unauthenticated
from app.lib.db import Conn
from app.vault import otp
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STEP = timedelta(seconds=30)


async def secret_of(conn: Conn, owner: Owner) -> bytes:
    enrolment = await second_factor.enrolment(conn, owner.actor)
    return otp_secret(enrolment.secret)


def otp_secret(spelled: str) -> bytes:

    return b32decode(spelled.replace(" ", ""))


async def turned_on(owner: Owner, *, now: datetime = NOON) -> tuple[bytes, list[str]]:
    """A second factor that is on; the generator's secret and the backup codes."""
    async with owner.platform.db.transaction() as conn:
        await second_factor.prepare(conn, owner.actor, now=now)
        secret = await secret_of(conn, owner)
        return secret, await second_factor.turn_on(conn, owner.actor, code(secret, now), now=now)


def code(secret: bytes, moment: datetime) -> str:
    return otp.code_at(secret, otp.step_at(moment))


async def admit(owner: Owner, text: str, *, now: datetime) -> bool:
    async with owner.platform.db.transaction() as conn:
        return await second_factor.admit(conn, owner.account.account_id, owner.actor.keyring, text, now=now)


async def kinds(owner: Owner) -> list[str]:
    async with owner.platform.db.connection() as conn:
        return [one.kind for one in await events.page(conn, owner.actor, before=None, limit=50)]


async def test_it_is_on_once_a_first_code_was_right(ada: Owner, bob: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await second_factor.prepare(conn, ada.actor, now=NOON)
        secret = await secret_of(conn, ada)
        assert not await second_factor.is_on(conn, ada.account.account_id)
        with pytest.raises(Invalid) as refused:
            await second_factor.turn_on(conn, ada.actor, code(secret, NOON + 5 * STEP), now=NOON)
        assert [fault.field for fault in refused.value.fields] == ["code"]
        codes = await second_factor.turn_on(
            conn, ada.actor, f" {code(secret, NOON)[:3]} {code(secret, NOON)[3:]}", now=NOON
        )
        assert await second_factor.is_on(conn, ada.account.account_id)
        found = await second_factor.find(conn, ada.actor)
        assert found is not None
        assert (found.made_on, found.backup_codes) == (NOON.date(), 10)
        assert await second_factor.find(conn, bob.actor) is None
        with pytest.raises(Conflict):
            await second_factor.prepare(conn, ada.actor, now=NOON)
        with pytest.raises(NotFound):
            await second_factor.enrolment(conn, ada.actor)
    assert len(set(codes)) == 10
    assert await kinds(ada) == ["second_factor_on"]


async def test_no_code_is_taken_twice(ada: Owner) -> None:
    secret, _ = await turned_on(ada)
    assert not await admit(ada, code(secret, NOON), now=NOON)  # it turned the factor on
    later = NOON + 2 * STEP
    assert await admit(ada, code(secret, later), now=later)
    assert not await admit(ada, code(secret, later), now=later)
    assert not await admit(ada, code(secret, later - STEP), now=later)
    assert await admit(ada, code(secret, later + STEP), now=later)


async def test_of_many_at_once_with_one_code_one_is_let_in(ada: Owner) -> None:
    secret, backup = await turned_on(ada)
    later = NOON + 2 * STEP
    for text in (code(secret, later), backup[0]):
        answers = await asyncio.gather(*(admit(ada, text, now=later) for _ in range(8)))
        assert sum(answers) == 1


async def test_a_backup_code_works_once_however_it_is_typed(ada: Owner) -> None:
    _, backup = await turned_on(ada)
    assert await admit(ada, f" {backup[0].lower().replace('-', ' ')} ", now=NOON)
    assert not await admit(ada, backup[0], now=NOON)
    with pytest.raises(Invalid):
        await admit(ada, backup[1][:-1] + ("0" if backup[1][-1] != "0" else "1"), now=NOON)
    async with ada.platform.db.transaction() as conn:
        found = await second_factor.find(conn, ada.actor)
        assert found is not None
        assert found.backup_codes == 9
        renewed = await second_factor.new_backup_codes(conn, ada.actor, now=NOON)
    assert not await admit(ada, backup[1], now=NOON)
    assert await admit(ada, renewed[0], now=NOON)
    assert await kinds(ada) == [
        "backup_code_used",
        "wrong_codes",
        "backup_codes_made",
        "wrong_codes",
        "backup_code_used",
        "second_factor_on",
    ]


async def test_after_twenty_wrong_codes_a_day_backup_codes_alone_are_taken(ada: Owner) -> None:
    secret, backup = await turned_on(ada)
    wrong = code(secret, NOON + 10 * STEP)
    for _ in range(second_factor.MOST_WRONG):
        assert not await admit(ada, wrong, now=NOON)
    later = NOON + 2 * STEP
    with pytest.raises(LimitReached):
        await admit(ada, code(secret, later), now=later)
    assert await admit(ada, backup[0], now=later)
    assert await admit(ada, code(secret, later + timedelta(days=1)), now=later + timedelta(days=1))


async def test_off_means_off(ada: Owner) -> None:
    await turned_on(ada)
    async with ada.platform.db.transaction() as conn:
        await second_factor.turn_off(conn, ada.account.account_id, now=NOON)
        assert not await second_factor.is_on(conn, ada.account.account_id)
        with pytest.raises(NotFound):
            await second_factor.turn_off(conn, ada.account.account_id, now=NOON)
        with pytest.raises(NotFound):
            await second_factor.new_backup_codes(conn, ada.actor, now=NOON)
        cursor = await conn.execute("SELECT count(*) FROM second_factor_codes")
        assert await cursor.fetchone() == (0,)


async def test_the_secret_is_sealed_and_codes_are_hashed(ada: Owner) -> None:
    secret, backup = await turned_on(ada)
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT secret FROM second_factors UNION ALL SELECT code_hash FROM second_factor_codes"
        )
        stored = b"".join([row[0] for row in await cursor.fetchall()])
    assert secret not in stored
    assert all(one.encode() not in stored for one in backup)


async def begin(owner: Owner, *, now: datetime = NOON) -> str:
    async with owner.platform.db.transaction() as conn:
        account = await accounts.get(conn, owner.account.account_id)
        signed_in = SignedIn(account=account, keyring=owner.actor.keyring)
        return (await sessions.begin(conn, signed_in, user_agent="w3m/0.5", now=now)).cookie


async def pending_of(owner: Owner, cookie: str, *, now: datetime = NOON) -> Actor:
    async with owner.platform.db.connection() as conn:
        return await auth.by_pending_session(conn, owner.platform.instance, cookie, now=now)


async def test_a_pending_session_opens_nothing_and_ends_soon(ada: Owner) -> None:
    secret, _ = await turned_on(ada)
    cookie = await begin(ada)
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, ada.platform.instance, cookie, now=NOON)
        assert await sessions.listed(conn, ada.actor, now=NOON) == []
    with pytest.raises(Unauthenticated):
        await pending_of(ada, cookie, now=NOON + timedelta(minutes=10))
    later = NOON + 2 * STEP
    pending = await pending_of(ada, cookie, now=later)
    async with ada.platform.db.transaction() as conn:
        new = await sessions.complete(conn, pending, code(secret, later), user_agent="w3m/0.5", now=later)
        assert new is not None
        actor = await auth.by_session(conn, ada.platform.instance, new.cookie, now=later)
        assert actor.session_id != pending.session_id
        (one,) = await sessions.listed(conn, actor, now=later)
        assert (one.browser, one.is_own) == ("w3m", True)
        with pytest.raises(Unauthenticated):
            await auth.by_pending_session(conn, ada.platform.instance, new.cookie, now=later)
        with pytest.raises(Unauthenticated):
            await auth.by_pending_session(conn, ada.platform.instance, cookie, now=later)
        with pytest.raises(Unauthenticated):
            await sessions.complete(conn, pending, code(secret, later + STEP), user_agent="", now=later)


async def test_the_tenth_wrong_code_ends_a_pending_session(ada: Owner) -> None:
    secret, _ = await turned_on(ada)
    cookie = await begin(ada)
    wrong = code(secret, NOON + 10 * STEP)
    for _ in range(sessions.MOST_CODES):
        pending = await pending_of(ada, cookie)
        async with ada.platform.db.transaction() as conn:
            assert await sessions.complete(conn, pending, wrong, user_agent="", now=NOON) is None
    with pytest.raises(Unauthenticated):
        await pending_of(ada, cookie)


async def test_sessions_are_listed_and_ended(ada: Owner, bob: Owner) -> None:
    cookies = [await begin(ada, now=NOON + timedelta(days=days)) for days in range(3)]
    foreign = await begin(bob)
    later = NOON + timedelta(days=3)
    async with ada.platform.db.transaction() as conn:
        own = await auth.by_session(conn, ada.platform.instance, cookies[1], now=later)
        found = await sessions.listed(conn, own, now=later)
        assert [one.is_own for one in found] == [False, True, False]
        theirs = await auth.by_session(conn, ada.platform.instance, foreign, now=later)
        assert theirs.session_id is not None
        with pytest.raises(NotFound):
            await sessions.end(conn, own, theirs.session_id, now=later)
        await sessions.end(conn, own, found[0].session_id, now=later)
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, ada.platform.instance, cookies[2], now=later)
        assert await sessions.end_others(conn, own, now=later) == 1
        assert await sessions.end_others(conn, own, now=later) == 0
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, ada.platform.instance, cookies[0], now=later)
        await auth.by_session(conn, ada.platform.instance, cookies[1], now=later)
        await auth.by_session(conn, ada.platform.instance, foreign, now=later)
    assert await kinds(ada) == ["sessions_ended", "sessions_ended", "signed_in", "signed_in", "signed_in"]
