from datetime import UTC, datetime, time, timedelta

import pytest

from app.core.accounts import service as accounts
from app.core.auth import service as auth
from app.core.auth.hashing import PasswordHasher
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.scopes import ALL_SCOPES
from app.core.platform import Platform
from app.errors import CannotOpen, Forbidden, Unauthenticated
from app.lib.ids import made_at
from app.vault import tokens
from app.vault.instance import InstanceKey
from tests.conftest import PASSWORD, MakeAccount
from tests.core.conftest import Owner

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.mark.parametrize("login", ["ada", " ADA "])
async def test_the_right_password_signs_in(platform: Platform, make_account: MakeAccount, login: str) -> None:
    made = await make_account("ada")
    assert (await auth.check_password(platform, login, PASSWORD)).account == made


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada", "wrong"),
        ("ada", ""),
        ("ada", PASSWORD + " "),
        ("ada", "x" * 5000),
        ("ada", "\ud800"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("ada\0", PASSWORD),
        ("\ud800", PASSWORD),
    ],
)
async def test_everything_else_is_refused_alike(
    platform: Platform, make_account: MakeAccount, login: str, password: str
) -> None:
    await make_account("ada")
    with pytest.raises(Unauthenticated) as caught:
        await auth.check_password(platform, login, password)
    assert caught.value.code == "wrong_credentials"
    assert caught.value.detail == "The login or the password is wrong."


async def test_an_unknown_login_costs_what_a_wrong_password_costs(
    platform: Platform, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_account("ada")
    derived: list[int] = []
    derive = PasswordHasher.check

    async def counting(self: PasswordHasher, *work: object) -> bytes | None:
        derived.append(1)
        return await derive(self, *work)  # type: ignore[arg-type]

    monkeypatch.setattr(PasswordHasher, "check", counting)
    for login in ("ada", "nobody", "\0"):
        with pytest.raises(Unauthenticated):
            await auth.check_password(platform, login, "wrong wrong")
    assert len(derived) == 3


async def test_a_suspended_account_signs_in_nowhere(platform: Platform, make_account: MakeAccount) -> None:
    made = await make_account("ada")
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        session = await auth.start_session(conn, signed_in, now=NOW)
        owner = await auth.owner(conn, platform.instance, made)
        key = await keys.make(conn, owner, NewKey(scopes=ALL_SCOPES), now=NOW)
        await accounts.suspend(conn, made, is_suspended=True)
    with pytest.raises(Forbidden):
        await auth.check_password(platform, "ada", PASSWORD)
    with pytest.raises(Unauthenticated):
        await auth.check_password(platform, "ada", "wrong wrong")
    async with platform.db.connection() as conn:
        with pytest.raises(Forbidden):
            await auth.by_session(conn, platform.instance, session.cookie, now=NOW)
        with pytest.raises(Forbidden):
            await auth.by_api_key(conn, platform.instance, key.key, now=NOW)
        await accounts.suspend(conn, made, is_suspended=False)
        assert (await auth.by_session(conn, platform.instance, session.cookie, now=NOW)).login == "ada"


async def test_a_session_lasts_to_the_end_of_its_seventh_day(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        session = await auth.start_session(conn, ada.signed_in, now=NOW)
        end = datetime.combine(NOW.date(), time(), UTC) + WEEK
        assert session.expires_at == end
        assert session.cookie not in repr(session)
        last = end - timedelta(microseconds=1)
        actor = await auth.by_session(conn, platform.instance, session.cookie, now=last)
        assert (actor.account_id, actor.login, actor.key_id) == (ada.account.account_id, "ada", None)
        assert str(actor.session_id) == session.cookie.partition(".")[0]
        assert actor.keyring.to_bytes() == ada.actor.keyring.to_bytes()
        with pytest.raises(Unauthenticated) as caught:
            await auth.by_session(conn, platform.instance, session.cookie, now=end)
        assert caught.value.code == "expired"


async def test_only_the_whole_cookie_opens_the_session(platform: Platform, ada: Owner, bob: Owner) -> None:
    async with platform.db.connection() as conn:
        hers = (await auth.start_session(conn, ada.signed_in, now=NOW)).cookie
        his = (await auth.start_session(conn, bob.signed_in, now=NOW)).cookie
        session_id, _, secret = hers.partition(".")
        for cookie in (
            "",
            ".",
            hers[:-1],
            hers + "A",
            session_id,
            f"{session_id}.",
            f".{secret}",
            f"{session_id}.{his.partition('.')[2]}",
            f"{his.partition('.')[0]}.{secret}",
            f"{session_id}.\ud800",
            f"{session_id.replace('-', '')}.{secret}",
            "\0.\0",
        ):
            with pytest.raises(Unauthenticated):
                await auth.by_session(conn, platform.instance, cookie, now=NOW)
        assert (await auth.by_session(conn, platform.instance, hers, now=NOW)).login == "ada"
        with pytest.raises(CannotOpen):
            await auth.by_session(conn, InstanceKey("x" * 32), hers, now=NOW)


async def test_signing_out_ends_one_session(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        first, second = [(await auth.start_session(conn, ada.signed_in, now=NOW)).cookie for _ in range(2)]
        await auth.end_session(conn, await auth.by_session(conn, platform.instance, first, now=NOW))
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, platform.instance, first, now=NOW)
        await auth.end_session(conn, ada.actor)
        assert (await auth.by_session(conn, platform.instance, second, now=NOW)).login == "ada"


async def test_sessions_that_have_ended_are_forgotten(
    platform: Platform, ada: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_BATCH", 2)
    async with platform.db.connection() as conn:
        for age in (timedelta(0), timedelta(days=1), WEEK, WEEK, WEEK):
            await auth.start_session(conn, ada.signed_in, now=NOW - age)
    midnight = datetime.combine(NOW.date(), time(), UTC)
    assert await auth.forget_ended_sessions(platform.db, now=midnight - timedelta(microseconds=1)) == 0
    assert await auth.forget_ended_sessions(platform.db, now=midnight) == 3
    assert await auth.forget_ended_sessions(platform.db, now=midnight) == 0
    async with platform.db.connection() as conn:
        for table in ("sessions", "session_owners"):
            assert await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone() == (2,)  # noqa: S608


async def test_an_hour_later_nothing_tells_when_somebody_signed_in(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        made = {(await auth.start_session(conn, ada.signed_in, now=NOW)).session_id for _ in range(20)}
    assert {made_at(one).date() for one in made} == {NOW.date()}
    assert len({made_at(one).hour for one in made}) > 1  # chance fails this once in 24 ** 19 runs
    await auth.forget_ended_sessions(platform.db, now=NOW + timedelta(hours=1))
    async with platform.db.connection() as conn:
        found = await (await conn.execute("SELECT DISTINCT expires_at, fresh_until FROM sessions")).fetchall()
    assert found == [(datetime.combine(NOW.date(), time(), UTC) + WEEK, None)]


async def test_only_hashes_of_secrets_are_stored(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        session = await auth.start_session(conn, ada.signed_in, now=NOW)
        key = await keys.make(conn, ada.actor, NewKey(scopes=ALL_SCOPES), now=NOW)
        stored = await (await conn.execute("SELECT secret_hash FROM sessions")).fetchall()
        stored += await (await conn.execute("SELECT key_hash FROM api_keys")).fetchall()
    secrets = [session.cookie.partition(".")[2], key.key]
    assert [row[0] for row in stored] == [tokens.hash_secret(secret) for secret in secrets]


async def test_an_api_key_opens_the_account(platform: Platform, ada: Owner) -> None:
    async with platform.db.connection() as conn:
        made = await keys.make(conn, ada.actor, NewKey(name="my key", scopes=ALL_SCOPES), now=NOW)
        assert made.key not in repr(made)
        actor = await auth.by_api_key(conn, platform.instance, made.key, now=NOW)
        assert (actor.login, actor.key_id, actor.session_id) == ("ada", made.shown.key_id, None)
        for key in ("", made.key[:-1], made.key + "x", made.key.lower(), tokens.new_api_key(), "rst_\0"):
            with pytest.raises(Unauthenticated) as caught:
                await auth.by_api_key(conn, platform.instance, key, now=NOW)
            assert caught.value.code == "wrong_key"
        await conn.execute("UPDATE api_keys SET expires_at = %s", (NOW,))
        with pytest.raises(Unauthenticated):
            await auth.by_api_key(conn, platform.instance, made.key, now=NOW)
