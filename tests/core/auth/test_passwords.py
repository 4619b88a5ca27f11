"""Passwords changed, accounts sealed, unsealed and recovered: who can open them afterwards, and who no longer can."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.accounts.model import Kind, MadeAccount, NewAccount
from app.core.auth import passwords
from app.core.auth import service as auth
from app.core.auth.hashing import PasswordHasher
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.model import Actor, SignedIn
from app.core.auth.scopes import ALL_SCOPES
from app.core.platform import Platform
from app.errors import CannotOpen, Conflict, Forbidden, Invalid, Unauthenticated
from app.vault import tokens
from app.vault.instance import InstanceKey
from app.vault.passwords import PasswordCost
from tests.conftest import PASSWORD

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
TODAY = NOW.date()
OTHER = "another good passphrase"
MakeAda = Callable[[Kind], Awaitable[MadeAccount]]


@pytest.fixture
def make_ada(platform: Platform) -> MakeAda:
    """`await make_ada("sealed")`: an account of that kind, whose password is PASSWORD."""

    async def make(kind: Kind) -> MadeAccount:
        new = NewAccount(login="ada", password=PASSWORD, kind=kind)
        password = await platform.hasher.set(PASSWORD)
        async with platform.db.transaction() as conn:
            return await accounts.create(
                conn, platform.instance, new, password=password, storage_limit=1 << 30, today=TODAY
            )

    return make


@pytest.fixture(params=["standard", "sealed"])
async def made(request: pytest.FixtureRequest, make_ada: MakeAda) -> MadeAccount:
    return await make_ada(request.param)


async def sign_in(platform: Platform, password: str = PASSWORD) -> Actor:
    signed_in = await auth.check_password(platform, "ada", password)
    return await session_of(platform, signed_in)


async def session_of(platform: Platform, signed_in: SignedIn) -> Actor:
    async with platform.db.transaction() as conn:
        new = await auth.start_session(conn, signed_in, now=NOW)
        return await auth.by_session(conn, platform.instance, new.cookie, now=NOW)


async def kinds_of_holders(platform: Platform) -> list[str]:
    async with platform.db.connection() as conn:
        return [kind for (kind,) in await (await conn.execute("SELECT kind FROM holders ORDER BY 1")).fetchall()]


def secret(actor: Actor | SignedIn | MadeAccount) -> bytes:
    return actor.keyring.to_bytes()


async def test_a_sealed_account_is_held_by_its_owner_alone(platform: Platform, make_ada: MakeAda) -> None:
    made = await make_ada("sealed")
    assert made.account.kind == "sealed"
    assert made.recovery_code
    assert made.recovery_code not in repr(made)
    assert await kinds_of_holders(platform) == ["password", "recovery"]
    actor = await sign_in(platform)
    assert (secret(actor), actor.kind) == (secret(made), "sealed")
    async with platform.db.transaction() as conn:
        key = await keys.make(conn, actor, NewKey(scopes=ALL_SCOPES), now=NOW)
        by_key = await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        second = await keys.make(conn, by_key, NewKey(scopes=ALL_SCOPES), now=NOW)
        assert secret(await auth.by_api_key(conn, platform.instance, second.key, now=NOW)) == secret(made)
        with pytest.raises(Forbidden) as caught:
            await accounts.open_keyring(conn, platform.instance, made.account)
        assert caught.value.code == "sealed_account"
        with pytest.raises(CannotOpen):
            await holders.by_instance(conn, platform.instance, made.account.account_id)
        assert await kinds_of_holders(platform) == ["password", "recovery", "session"]  # not committed yet
    assert await kinds_of_holders(platform) == ["api_key", "api_key", "password", "recovery", "session"]


async def test_another_instance_key_opens_sealed_accounts_too(platform: Platform, make_ada: MakeAda) -> None:
    """The instance has no part in it; its key guards what standard accounts have."""
    made = await make_ada("sealed")
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        cookie = (await auth.start_session(conn, signed_in, now=NOW)).cookie
        actor = await auth.by_session(conn, InstanceKey("x" * 32), cookie, now=NOW)
    assert secret(actor) == secret(made)


async def test_what_ends_takes_exactly_its_hold_along(platform: Platform, make_ada: MakeAda) -> None:
    await make_ada("sealed")
    first, second = await sign_in(platform), await sign_in(platform)
    async with platform.db.transaction() as conn:
        key = await keys.make(conn, first, NewKey(scopes=ALL_SCOPES), now=NOW)
        maker = await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        await keys.make(conn, maker, NewKey(scopes=ALL_SCOPES), now=NOW)
    assert await kinds_of_holders(platform) == ["api_key", "api_key", "password", "recovery", "session", "session"]
    async with platform.db.transaction() as conn:
        assert await keys.revoke(conn, first, key.shown.key_id) == 2
        await auth.end_session(conn, first)
    assert await kinds_of_holders(platform) == ["password", "recovery", "session"]
    async with platform.db.connection() as conn:
        (left,) = await (await conn.execute("SELECT holder_id FROM holders WHERE kind = 'session'")).fetchall()
    assert left == (second.session_id,)
    await auth.forget_ended_sessions(platform.db, now=NOW + timedelta(days=8))
    assert await kinds_of_holders(platform) == ["password", "recovery"]


async def test_a_changed_password_opens_and_the_old_one_does_not(platform: Platform, made: MadeAccount) -> None:
    actor = await sign_in(platform)
    new = await platform.hasher.set(OTHER)
    assert OTHER not in repr(new)
    async with platform.db.transaction() as conn:
        await passwords.change(conn, actor, new)
    assert secret(await auth.check_password(platform, "ada", OTHER)) == secret(made)
    with pytest.raises(Unauthenticated):
        await auth.check_password(platform, "ada", PASSWORD)
    expected = {"standard": ["instance"], "sealed": ["password", "recovery", "session"]}
    assert await kinds_of_holders(platform) == expected[made.account.kind]


async def test_sealing_destroys_what_the_instance_holds(platform: Platform, make_ada: MakeAda) -> None:
    made = await make_ada("standard")
    actor = await sign_in(platform)
    async with platform.db.transaction() as conn:
        key = await keys.make(conn, actor, NewKey(scopes=ALL_SCOPES), now=NOW)
        cookie = (await auth.start_session(conn, SignedIn(account=made.account, keyring=actor.keyring), now=NOW)).cookie
    password = await platform.hasher.set(PASSWORD)
    async with platform.db.transaction() as conn:
        sealed = await passwords.seal_account(conn, actor, password, today=TODAY)
    assert (sealed.sessions_ended, sealed.keys_revoked, sealed.webhooks_lessened) == (2, 1, 0)
    assert sealed.signed_in.account == msgspec.structs.replace(made.account, kind="sealed")
    assert sealed.recovery_code not in repr(sealed)
    assert await kinds_of_holders(platform) == ["password", "recovery"]
    async with platform.db.connection() as conn:
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, platform.instance, cookie, now=NOW)
        with pytest.raises(Unauthenticated):
            await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        with pytest.raises(CannotOpen):
            await holders.by_instance(conn, platform.instance, made.account.account_id)
    assert secret(await session_of(platform, sealed.signed_in)) == secret(made)
    assert secret(await sign_in(platform)) == secret(made)
    assert secret(await passwords.check_recovery_code(platform, "ada", sealed.recovery_code)) == secret(made)
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict) as caught:
            await passwords.seal_account(conn, actor, password, today=TODAY)
    assert caught.value.code == "already_sealed"


async def test_unsealing_gives_the_keyring_to_the_instance_and_nobody_else(
    platform: Platform, make_ada: MakeAda
) -> None:
    made = await make_ada("sealed")
    actor = await sign_in(platform)
    async with platform.db.transaction() as conn:
        key = await keys.make(conn, actor, NewKey(scopes=ALL_SCOPES), now=NOW)
    async with platform.db.transaction() as conn:
        await passwords.unseal_account(conn, platform.instance, actor)
    assert await kinds_of_holders(platform) == ["instance"]
    assert secret(await auth.check_password(platform, "ada", PASSWORD)) == secret(made)
    async with platform.db.connection() as conn:
        account = await accounts.find(conn, "ada")
        assert (await accounts.open_keyring(conn, platform.instance, account)).to_bytes() == secret(made)
        by_key = await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        assert (secret(by_key), by_key.kind) == (secret(made), "standard")
    assert made.recovery_code
    assert secret(await passwords.check_recovery_code(platform, "ada", made.recovery_code)) == secret(made)
    async with platform.db.transaction() as conn:
        with pytest.raises(Conflict):
            await passwords.unseal_account(conn, platform.instance, actor)


async def test_a_recovery_code_gives_a_new_password_once(platform: Platform, made: MadeAccount) -> None:
    actor = await sign_in(platform)
    async with platform.db.transaction() as conn:
        code = await passwords.new_recovery_code(conn, actor, today=TODAY)
        assert await passwords.recovery_code_made_on(conn, actor) == TODAY
    if made.recovery_code:
        with pytest.raises(Unauthenticated):
            await passwords.check_recovery_code(platform, "ada", made.recovery_code)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    found = await passwords.check_recovery_code(platform, " ADA ", typed)
    assert secret(found) == secret(made)
    new = await platform.hasher.set(OTHER)

    async def recover() -> str:
        async with platform.db.transaction() as conn:
            return (await passwords.recover(conn, found, typed, new, today=TODAY)).recovery_code

    outcomes = await asyncio.gather(recover(), recover(), return_exceptions=True)
    (next_code,) = [one for one in outcomes if isinstance(one, str)]
    (refused,) = [one for one in outcomes if not isinstance(one, str)]
    assert isinstance(refused, Unauthenticated)
    with pytest.raises(Unauthenticated):
        await passwords.check_recovery_code(platform, "ada", code)
    assert secret(await passwords.check_recovery_code(platform, "ada", next_code)) == secret(made)
    assert secret(await auth.check_password(platform, "ada", OTHER)) == secret(made)
    with pytest.raises(Unauthenticated):
        await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM sessions")).fetchone() == (0,)


async def test_without_a_recovery_code_there_is_none(platform: Platform, made: MadeAccount) -> None:
    actor = await sign_in(platform)
    async with platform.db.transaction() as conn:
        code = await passwords.new_recovery_code(conn, actor, today=TODAY)
        await passwords.remove_recovery_code(conn, actor)
        assert await passwords.recovery_code_made_on(conn, actor) is None
    assert "recovery" not in await kinds_of_holders(platform)
    with pytest.raises(Unauthenticated):
        await passwords.check_recovery_code(platform, "ada", code)
    assert secret(await sign_in(platform)) == secret(made)


@pytest.mark.parametrize("code", ["", "x", "7GQ2", "7GQ2-" * 7, "\0" * 34, "\ud800", "ß" * 5000])
async def test_a_mistyped_code_is_told(platform: Platform, made: MadeAccount, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        await passwords.check_recovery_code(platform, made.account.login, code)
    assert [fault.field for fault in caught.value.fields] == ["code"]


@pytest.mark.parametrize("login", ["ada", "nobody", "\0"])
async def test_wrong_codes_are_answered_alike(platform: Platform, made: MadeAccount, login: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await passwords.check_recovery_code(platform, login, tokens.new_recovery_code())
    assert (caught.value.code, made.account.login in caught.value.detail) == ("wrong_credentials", False)


async def test_a_suspended_account_is_not_recovered(platform: Platform, make_ada: MakeAda) -> None:
    made = await make_ada("sealed")
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, made.account, is_suspended=True)
    with pytest.raises(Forbidden):
        await passwords.check_recovery_code(platform, "ada", made.recovery_code or "")


async def test_an_outdated_password_is_hashed_anew(platform: Platform, made: MadeAccount) -> None:
    dearer = PasswordHasher(PasswordCost(memory_kib=128, iterations=1, lanes=1, bcrypt_rounds=5))
    later = msgspec.structs.replace(platform, hasher=dearer)
    assert secret(await auth.check_password(later, "ada", PASSWORD)) == secret(made)
    async with platform.db.connection() as conn:
        _, record = await accounts.sign_in_record(conn, "ada")
    assert record is not None
    assert not dearer.is_outdated(record)
    assert platform.hasher.is_outdated(record)
    assert secret(await auth.check_password(later, "ada", PASSWORD)) == secret(made)
    async with platform.db.connection() as conn:
        assert (await accounts.sign_in_record(conn, "ada"))[1] == record
    dearer.close()


async def test_a_session_begun_while_the_account_is_sealed_holds_it(platform: Platform, make_ada: MakeAda) -> None:
    """The password was checked before, the session is made after: it must not be left with nothing to open with."""
    made = await make_ada("standard")
    actor, before = await sign_in(platform), await auth.check_password(platform, "ada", PASSWORD)
    password = await platform.hasher.set(PASSWORD)
    async with platform.db.transaction() as conn:
        await passwords.seal_account(conn, actor, password, today=TODAY)
    assert before.account.kind == "standard"
    assert secret(await session_of(platform, before)) == secret(made)
    assert await kinds_of_holders(platform) == ["password", "recovery", "session"]


async def test_a_credential_without_a_hold_is_told_to_sign_in(platform: Platform, make_ada: MakeAda) -> None:
    await make_ada("sealed")
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        cookie = (await auth.start_session(conn, signed_in, now=NOW)).cookie
        actor = await auth.by_session(conn, platform.instance, cookie, now=NOW)
        key = await keys.make(conn, actor, NewKey(scopes=ALL_SCOPES), now=NOW)
        await conn.execute("DELETE FROM holders WHERE kind IN ('session', 'api_key')")
        with pytest.raises(Unauthenticated) as caught:
            await auth.by_session(conn, platform.instance, cookie, now=NOW)
        assert caught.value.code == "holds_nothing"
        with pytest.raises(Unauthenticated) as caught:
            await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        assert caught.value.code == "wrong_key"


async def test_a_wrap_moved_to_another_credential_does_not_open(platform: Platform, make_ada: MakeAda) -> None:
    await make_ada("sealed")
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        cookies = [(await auth.start_session(conn, signed_in, now=NOW)).cookie for _ in range(2)]
        await conn.execute(
            """UPDATE holders t SET keyring = s.keyring FROM holders s
               WHERE s.kind = 'session' AND t.kind = 'session' AND s.holder_id <> t.holder_id"""
        )
        for cookie in cookies:
            with pytest.raises(CannotOpen):
                await auth.by_session(conn, platform.instance, cookie, now=NOW)
