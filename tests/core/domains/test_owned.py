import asyncio

import pytest

from app.core.auth.model import Actor
from app.core.domains import owned
from app.core.domains import service as domains
from app.errors import Conflict, Invalid, LimitReached, NotFound
from app.lib.times import utc_now
from tests.core.domains.conftest import World


async def test_names_are_kept_in_one_form(world: World, ada: Actor) -> None:
    made = await world.add(ada, " Straße.Example. ")
    assert (made.domain, made.unicode) == ("xn--strae-oqa.example", "straße.example")
    with pytest.raises(Conflict, match="have this domain already"):
        await world.add(ada, "xn--strae-oqa.example")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localhost",
        "com",
        "github.io",
        "a..b",
        "-a.test",
        "10.0.0.1",
        "a@b.test",
        "*.a.test",
        "xn--a.test",
        "a_b.test",
    ],
)
async def test_what_cannot_be_anybodys_is_refused(world: World, ada: Actor, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        await world.add(ada, name)
    assert [fault.field for fault in caught.value.fields] == ["domain"]


async def test_two_may_wait_and_tokens_are_the_accounts_own(world: World, ada: Actor, bob: Actor) -> None:
    values = {(await world.add(actor)).records[0].value for actor in (ada, bob)}
    assert len(values) == 2
    await world.delete(ada)
    values.add((await world.add(ada)).records[0].value)
    assert len(values) == 3


async def test_a_proven_domain_is_refused_to_others_but_not_what_lies_below(
    world: World, ada: Actor, bob: Actor
) -> None:
    await world.prove(ada)
    with pytest.raises(Conflict, match="Somebody else has proven"):
        await world.add(bob)
    assert (await world.prove(bob, "bob.ada.test")).state == "active"


async def test_so_many_and_no_more(world: World, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owned, "MAX_DOMAINS", 2)
    made = await asyncio.gather(*(world.add(ada, f"a{number}.test") for number in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["LimitReached", "LimitReached", "OwnDomain", "OwnDomain"]
    with pytest.raises(LimitReached, match="may have 2 domains"):
        await world.add(ada, "more.test")


async def test_a_released_domain_can_be_proven_by_its_new_owner(world: World, ada: Actor, bob: Actor) -> None:
    await world.prove(ada)
    async with world.platform.db.transaction() as conn:
        assert await owned.release(conn, "ada.test", now=utc_now()) == 2
    with pytest.raises(NotFound):
        await world.get(ada)
    assert (await world.prove(bob)).state == "active"


async def test_the_default_is_the_first_configured_until_the_administrator_chooses(world: World) -> None:
    async with world.platform.db.transaction() as conn:
        await domains.ensure_shared(conn, ["zebra.test", "restante.test", "ant.test"], today=world.now.date())
        await domains.add_shared(conn, "added.test", today=world.now.date())
        assert await domains.shared(conn) == ["zebra.test", "restante.test", "ant.test", "added.test"]
        await domains.set_default(conn, "added.test")
        await domains.ensure_shared(conn, ["ant.test", "zebra.test"], today=world.now.date())
        assert await domains.shared(conn) == ["added.test", "ant.test", "zebra.test", "restante.test"]
        await domains.set_default(conn, "zebra.test")
        assert (await domains.shared(conn))[0] == "zebra.test"


async def test_an_accounts_domain_does_not_become_shared(world: World, ada: Actor) -> None:
    await world.prove(ada)
    async with world.platform.db.transaction() as conn:
        with pytest.raises(Conflict, match="belongs to an account"):
            await domains.add_shared(conn, "ada.test", today=world.now.date())
        await domains.ensure_shared(conn, ["restante.test", "ada.test"], today=world.now.date())
        assert await domains.shared(conn) == ["restante.test"]
        with pytest.raises(NotFound):
            await domains.set_default(conn, "ada.test")


async def test_deleting_the_account_frees_its_domains(world: World, ada: Actor, bob: Actor) -> None:
    await world.prove(ada)
    async with world.platform.db.connection() as conn:
        await conn.execute("DELETE FROM domains WHERE account_id = %s", (ada.account_id,))
        await conn.execute("DELETE FROM accounts WHERE account_id = %s", (ada.account_id,))
    assert (await world.prove(bob)).state == "active"
