"""What an account that is to be deleted still opens: the way back, and nothing else."""

import pytest

from app.core.accounts import service as accounts
from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.model import AccountLeaving, SignedIn
from app.core.auth.scopes import ALL_SCOPES
from app.core.feeds import service as feeds
from app.core.privacy import deletion
from app.errors import Forbidden, NotFound, Unauthenticated
from app.lib.times import utc_now
from tests.core.conftest import Owner


async def test_sessions_lead_to_the_way_back_and_keys_and_feeds_do_nothing(ada: Owner) -> None:
    platform, now = ada.platform, utc_now()
    async with platform.db.transaction() as conn:
        signed_in = SignedIn(account=ada.account, keyring=ada.actor.keyring)
        cookie = (await auth.start_session(conn, signed_in, now=now)).cookie
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, platform.instance, cookie, now=now, is_leaving=True)
        actor = await auth.by_session(conn, platform.instance, cookie, now=now)
        made = await keys.make(conn, actor, NewKey(name="x", scopes=ALL_SCOPES), now=now)
        secret = await feeds.make(conn, actor, shows_mail=False, today=now.date())
        await deletion.ask(conn, actor, now=now)
    async with platform.db.connection() as conn:
        with pytest.raises(AccountLeaving) as caught:
            await auth.by_session(conn, platform.instance, cookie, now=now)
        assert caught.value.code == "account_leaving"
        with pytest.raises(AccountLeaving):
            await auth.by_api_key(conn, platform.instance, made.key, now=now)
        with pytest.raises(NotFound):
            await feeds.read(conn, platform.instance, secret)
        actor = await auth.by_session(conn, platform.instance, cookie, now=now, is_leaving=True)
        assert actor.login == "ada"
    async with platform.db.transaction() as conn:
        await deletion.come_back(conn, actor, now=now)
        assert (await auth.by_api_key(conn, platform.instance, made.key, now=now)).login == "ada"
        assert (await auth.by_session(conn, platform.instance, cookie, now=now)).login == "ada"


async def test_who_is_suspended_meanwhile_has_no_way_back(ada: Owner) -> None:
    platform, now = ada.platform, utc_now()
    async with platform.db.transaction() as conn:
        signed_in = SignedIn(account=ada.account, keyring=ada.actor.keyring)
        cookie = (await auth.start_session(conn, signed_in, now=now)).cookie
        await deletion.ask(conn, ada.actor, now=now)
        await accounts.suspend(conn, ada.account, is_suspended=True)
        with pytest.raises(Forbidden) as caught:
            await auth.by_session(conn, platform.instance, cookie, now=now, is_leaving=True)
    assert caught.value.code == "suspended"
