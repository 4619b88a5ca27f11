"""API keys in core: sealed names, what goes with a revoked key, the day of use, limits."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import MadeKey, NewKey
from app.core.auth.scopes import ALL_SCOPES, Scope
from app.errors import Forbidden, Invalid, LimitReached, NotFound, Unauthenticated
from app.lib.db import Conn
from app.vault import seal
from tests.core.conftest import Owner

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KEYS: frozenset[Scope] = frozenset({"keys:read", "keys:write"})


async def make(conn: Conn, ada: Owner, maker: MadeKey | None = None, name: str = "") -> MadeKey:
    """A key of Ada's own, or made with another."""
    if maker is None:
        return await keys.make(conn, ada.actor, NewKey(name=name, scopes=ALL_SCOPES), now=NOW)
    actor = await auth.by_api_key(conn, ada.platform.instance, maker.key, now=NOW)
    return await keys.make(conn, actor, NewKey(name=name, scopes=KEYS), now=NOW)


async def test_the_name_of_a_key_is_sealed_and_bounded(ada: Owner) -> None:
    async with ada.platform.db.connection() as conn:
        for name in ("canary", "caf\udce9"):
            made = await make(conn, ada, name=name)
            row = await (
                await conn.execute("SELECT name FROM api_keys WHERE key_id = %s", (made.shown.key_id,))
            ).fetchone()
            assert row is not None
            opened = seal.open_field(
                ada.actor.keyring,
                account_id=ada.account.account_id,
                purpose="api_key.name",
                row_id=made.shown.key_id,
                sealed=row[0],
            )
            assert name.encode("utf-8", "ignore") not in row[0]
            assert opened == name.encode("utf-8", "replace")
        with pytest.raises(Invalid):
            await make(conn, ada, name="x" * (keys.MAX_NAME_CHARS + 1))


async def test_secrets_are_in_no_repr(ada: Owner) -> None:
    async with ada.platform.db.connection() as conn:
        made = await make(conn, ada, name="canary")
        (listed,) = await keys.listed(conn, ada.actor)
    assert made.key not in repr(made)
    assert "canary" not in repr(made) + repr(listed)


async def test_what_is_revoked_takes_its_line_along(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        first = await make(conn, ada, name="first")
        child = await make(conn, ada, first, "child")
        grandchild = await make(conn, ada, child, "grandchild")
        other = await make(conn, ada, name="other")
        found = await keys.listed(conn, ada.actor)
        assert [one.name for one in keys.made_with(found, first.shown.key_id)] == ["grandchild", "child"]
        assert keys.made_with(found, other.shown.key_id) == []
        assert await keys.revoke(conn, ada.actor, first.shown.key_id) == 3
        for gone in (first, child, grandchild):
            with pytest.raises(Unauthenticated):
                await auth.by_api_key(conn, ada.platform.instance, gone.key, now=NOW)
        assert [one.name for one in await keys.listed(conn, ada.actor)] == ["other"]
        count = await (await conn.execute("SELECT count(*) FROM api_key_owners")).fetchone()
        assert count == (1,)


async def test_a_key_that_was_just_revoked_makes_none(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        made = await make(conn, ada)
        actor = await auth.by_api_key(conn, ada.platform.instance, made.key, now=NOW)
        await keys.revoke(conn, ada.actor, made.shown.key_id)
        with pytest.raises(NotFound):
            await keys.make(conn, actor, NewKey(scopes=KEYS), now=NOW)


async def test_the_day_of_use_only_goes_forward(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        made = await make(conn, ada)
        account_id, key_id = ada.account.account_id, made.shown.key_id
        for day, then in ((21, 21), (20, 21), (22, 22)):
            await keys.note_use(conn, account_id, key_id, date(2026, 11, day))
            assert (await keys.get(conn, ada.actor, key_id)).last_used_on == date(2026, 11, then)
            actor = await auth.by_api_key(conn, ada.platform.instance, made.key, now=NOW)
            assert actor.used_on == date(2026, 11, then)


async def test_there_are_a_hundred_at_most(ada: Owner, bob: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        for _ in range(keys.MAX_KEYS):
            await make(conn, ada)
        with pytest.raises(LimitReached) as caught:
            await make(conn, ada)
        assert caught.value.code == "too_many_keys"
        await make(conn, bob)


async def test_a_key_ends_when_it_says(ada: Owner) -> None:
    end = NOW + timedelta(hours=1)
    async with ada.platform.db.transaction() as conn:
        made = await keys.make(conn, ada.actor, NewKey(scopes=KEYS, expires_at=end), now=NOW)
        before = end - timedelta(microseconds=1)
        await auth.by_api_key(conn, ada.platform.instance, made.key, now=before)
        with pytest.raises(Unauthenticated) as caught:
            await auth.by_api_key(conn, ada.platform.instance, made.key, now=end)
        assert (caught.value.code, "Make a new one" in caught.value.detail) == ("expired", True)


async def test_keys_of_others(ada: Owner, bob: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        made = await make(conn, ada, name="hers")
        assert await keys.listed(conn, bob.actor) == []
        for asked in (keys.get, keys.revoke):
            with pytest.raises(NotFound):
                await asked(conn, bob.actor, made.shown.key_id)
        with pytest.raises(NotFound):
            await keys.rename(conn, bob.actor, made.shown.key_id, "his")
        new = NewKey(scopes=KEYS, alias_id=ada.alias.alias_id)
        with pytest.raises(Invalid):
            await keys.make(conn, bob.actor, new, now=NOW)
        weak = await make(conn, ada, made)
        actor = await auth.by_api_key(conn, ada.platform.instance, weak.key, now=NOW)
        with pytest.raises(Forbidden):
            await keys.rename(conn, actor, made.shown.key_id, "mine")
        assert (await keys.get(conn, ada.actor, made.shown.key_id)).name == "hers"
