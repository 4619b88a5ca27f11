"""What new aliases look like where nothing else is asked for."""

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.aliases.preferences import service as preferences
from app.core.aliases.preferences.model import Preferences
from app.core.domains import service as domains
from app.errors import Invalid
from app.lib.times import utc_now, utc_today
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio


async def prefer(owner: Owner, wanted: Preferences) -> Preferences:
    async with owner.platform.db.transaction() as conn:
        return await preferences.change(conn, owner.account.account_id, wanted)


async def made(owner: Owner, new: NewAlias) -> str:
    async with owner.platform.db.transaction() as conn:
        alias = await aliases.create(conn, owner.account.account_id, owner.actor.keyring, new, now=utc_now())
    return alias.address


@pytest.fixture
async def second(ada: Owner) -> str:
    async with ada.platform.db.transaction() as conn:
        return await domains.add_shared(conn, "second.test", today=utc_today())


async def test_format_and_domain_are_preferred(ada: Owner, bob: Owner, second: str) -> None:
    assert await prefer(ada, Preferences(format="uuid", domain="Second.Test.")) == Preferences(
        format="uuid", domain="second.test"
    )
    local, _, domain = (await made(ada, NewAlias())).partition("@")
    assert (len(local), domain) == (36, second)
    local, _, domain = (await made(ada, NewAlias(format="name", domain="restante.test"))).partition("@")
    assert ("." in local, domain) == (True, "restante.test")
    assert (await made(ada, NewAlias(local_part="by-hand"))) == "by-hand@second.test"
    assert (await made(bob, NewAlias())).endswith("@restante.test")
    async with ada.platform.db.connection() as conn:
        assert await preferences.offered(conn, ada.account.account_id) == ["second.test", "restante.test"]
        assert str(await aliases.suggest(conn, ada.account.account_id, NewAlias(), now=utc_now())).endswith(second)


async def test_a_sites_name_is_preferred_where_a_site_is_named(ada: Owner) -> None:
    await prefer(ada, Preferences(format="site"))
    assert (await made(ada, NewAlias(site="www.github.com"))).startswith("github-")
    assert (await made(ada, NewAlias())).count("-") == 2


async def test_a_domain_that_is_gone_is_not_used(ada: Owner, second: str) -> None:
    await prefer(ada, Preferences(domain=second))
    async with ada.platform.db.transaction() as conn:
        await domains.remove_shared(conn, second)
    assert (await made(ada, NewAlias())).endswith("@restante.test")


@pytest.mark.parametrize("domain", ["elsewhere.test", "no domain", "second.test\x00"])
async def test_only_a_domain_that_can_be_used_is_preferred(ada: Owner, domain: str) -> None:
    with pytest.raises(Invalid) as caught:
        await prefer(ada, Preferences(format="uuid", domain=domain))
    assert caught.value.fields[0].field == "domain"
    async with ada.platform.db.connection() as conn:
        assert await preferences.get(conn, ada.account.account_id) == Preferences()
