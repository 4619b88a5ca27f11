"""What is told of domains, and of the aliases that come and go with them."""

from collections.abc import Sequence

from app.core.auth.model import Actor
from tests.core.domains.conftest import World
from tests.core.domains.test_catchall import deliver, set_catch_all


async def happened(world: World, actor: Actor) -> Sequence[tuple[str, dict[str, str]]]:
    async with world.platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT type, facts FROM events WHERE account_id = %s ORDER BY event_id", (actor.account_id,)
        )
        return await cursor.fetchall()


async def test_a_proof_is_told_when_it_is_found_and_when_it_goes(world: World, ada: Actor) -> None:
    added = await world.add(ada)
    await world.check(ada)
    assert await happened(world, ada) == []
    world.publish(added)
    await world.check(ada)
    await world.check(ada)
    service = ("alias.created", {"reason": "service"})
    verified = ("domain.verified", {"domain": "ada.test"})
    assert await happened(world, ada) == [service, service, verified]
    (proof,) = [record for record in added.records if record.kind == "proof"]
    world.zone.set(proof.name, proof.type, "something else")
    await world.check(ada)
    await world.check(ada)
    world.zone.set(proof.name, proof.type, proof.value)
    await world.check(ada)
    failing = ("domain.failing", {"domain": "ada.test"})
    assert (await happened(world, ada))[3:] == [failing]


async def test_aliases_that_mail_makes_and_that_go_with_their_domain_are_told_of(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    await deliver(world, "shop@ada.test")
    assert (await happened(world, ada))[3:] == [("alias.created", {"reason": "catch_all"})]
    await world.delete(ada)
    off = ("alias.disabled", {"reason": "domain_deleted"})
    assert (await happened(world, ada))[4:] == [off, off, off]
