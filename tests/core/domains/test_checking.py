import asyncio
from datetime import timedelta

import msgspec
import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.auth.model import Actor
from app.core.domains import checking
from app.core.domains import service as domains
from app.core.domains.model import OwnDomain, RecordState
from app.errors import Conflict, Invalid, LimitReached, NotFound
from app.lib.resolver import Answer, Exchange, Resolver
from tests.core.domains.conftest import World
from tests.dns_server import Trick

PROOF = "_restante.ada.test"


def states(domain: OwnDomain) -> dict[str, RecordState]:
    return {record.kind: record.state for record in domain.records}


async def offered(world: World, actor: Actor) -> list[str]:
    async with world.platform.db.connection() as conn:
        return await domains.offered(conn, actor.account_id)


async def test_a_domain_is_the_accounts_once_its_proof_is_found(world: World, ada: Actor) -> None:
    made = await world.add(ada)
    assert (made.state, made.proven_on, set(states(made).values())) == ("waiting", None, {"unasked"})
    world.zone.set("ada.test", "MX", "10 mx.restante.test.")
    checked = await world.check(ada)
    assert (checked.state, states(checked)["proof"], states(checked)["mx"]) == ("waiting", "missing", "ok")
    assert await offered(world, ada) == ["restante.test"]
    world.publish(made)
    proven = await world.check(ada)
    assert (proven.state, proven.proven_on, set(states(proven).values())) == ("active", world.now.date(), {"ok"})
    assert proven.next_check_at == world.now + timedelta(days=1)
    assert await offered(world, ada) == ["restante.test", "ada.test"]


async def test_the_roles_of_a_proven_domain_are_its_owners(world: World, ada: Actor) -> None:
    await world.prove(ada)
    async with world.platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT account_id, address FROM aliases ORDER BY address")).fetchall()
    assert rows == [(ada.account_id, "abuse@ada.test"), (ada.account_id, "postmaster@ada.test")]


async def test_of_two_who_wait_the_first_proof_wins(world: World, ada: Actor, bob: Actor) -> None:
    first, second = await world.add(ada), await world.add(bob)
    assert first.records[0].value != second.records[0].value
    world.zone.set(PROOF, "TXT", first.records[0].value, second.records[0].value)
    world.wait(minutes=1)
    made = await asyncio.gather(
        *(checking.check_now(world.platform, actor, "ada.test", now=world.now) for actor in (ada, bob))
    )
    assert sorted((one.state, one.is_taken) for one in made) == [("active", False), ("waiting", True)]


async def test_anothers_token_proves_nothing(world: World, ada: Actor, bob: Actor) -> None:
    made = await world.add(ada)
    await world.add(bob)
    world.zone.set(PROOF, "TXT", made.records[0].value)
    checked = await world.check(bob)
    assert (checked.state, states(checked)["proof"]) == ("waiting", "wrong")
    assert "another account" in checked.records[0].advice


async def test_asking_by_hand_is_limited(world: World, ada: Actor, bob: Actor) -> None:
    await world.add(ada)
    await world.check(ada)
    asked = len(world.zone.asked)
    with pytest.raises(LimitReached) as caught:
        await checking.check_now(world.platform, ada, "ada.test", now=world.now + timedelta(seconds=19))
    assert caught.value.retry_after
    assert len(world.zone.asked) == asked
    with pytest.raises(NotFound):
        await checking.check_now(world.platform, bob, "ada.test", now=world.now)


async def test_a_lost_proof_is_warned_about_then_pauses_and_comes_back(world: World, ada: Actor) -> None:
    proof = (await world.prove(ada)).records[0].value
    world.zone.set(PROOF, "TXT", "something else")
    assert await checking.check_due(world.platform, now=world.wait(hours=23)) == 0
    assert await checking.check_due(world.platform, now=world.wait(hours=2)) == 1
    failing = await world.get(ada)
    assert (failing.state, failing.failing_since) == ("failing", world.now)
    assert failing.pauses_at == world.now + timedelta(days=7)
    assert failing.next_check_at == world.now + timedelta(hours=1)
    assert "ada.test" in await offered(world, ada)
    await checking.check_due(world.platform, now=world.wait(days=6, hours=23))
    assert (await world.get(ada)).state == "failing"
    await checking.check_due(world.platform, now=world.wait(hours=1))
    paused = await world.get(ada)
    assert (paused.state, paused.pauses_at) == ("paused", None)
    assert "ada.test" not in await offered(world, ada)
    world.zone.set(PROOF, "TXT", proof)
    await checking.check_due(world.platform, now=world.wait(hours=1))
    back = await world.get(ada)
    assert (back.state, back.failing_since) == ("active", None)
    assert "ada.test" in await offered(world, ada)


@pytest.mark.parametrize("trick", ["servfail", "refused", "silent", "loop", "other_id", "garbage"])
async def test_no_answer_is_no_evidence_of_loss(world: World, ada: Actor, trick: Trick) -> None:
    await world.prove(ada)
    world.zone.default = trick
    hasty = Resolver([world.zone.server], timeout=0.05, lifetime=0.1)
    world.platform = msgspec.structs.replace(world.platform, resolver=hasty)
    for _ in range(9):
        assert await checking.check_due(world.platform, now=world.wait(days=1, hours=1)) == 1
    domain = await world.get(ada)
    assert (domain.state, domain.failing_since, states(domain)["proof"]) == ("active", None, "unknown")
    assert domain.next_check_at == world.now + timedelta(hours=1)


async def test_silence_does_not_pause_what_was_failing(world: World, ada: Actor) -> None:
    await world.prove(ada)
    world.zone.set(PROOF, "TXT")
    world.zone.set("other.ada.test", "TXT", "x")
    await checking.check_due(world.platform, now=world.wait(days=2))
    since = world.now
    world.zone.default = "servfail"
    await checking.check_due(world.platform, now=world.wait(days=8))
    domain = await world.get(ada)
    assert (domain.state, domain.failing_since) == ("failing", since)


async def test_a_paused_domain_is_nobody_elses(world: World, ada: Actor, bob: Actor) -> None:
    await world.prove(ada)
    world.zone.set(PROOF, "TXT", "gone")
    await checking.check_due(world.platform, now=world.wait(days=2))
    await checking.check_due(world.platform, now=world.wait(days=8))
    assert (await world.get(ada)).state == "paused"
    with pytest.raises(Conflict, match="Somebody else has proven"):
        await world.add(bob)


async def test_domains_that_wait_are_asked_for_hourly_then_daily(world: World, ada: Actor) -> None:
    await world.add(ada)
    assert await checking.check_due(world.platform, now=world.wait(minutes=1)) == 1
    assert (await world.get(ada)).next_check_at == world.now + timedelta(hours=1)
    assert await checking.check_due(world.platform, now=world.wait(days=4)) == 1
    assert (await world.get(ada)).next_check_at == world.now + timedelta(days=1)


async def test_many_are_checked_in_turns_and_by_one_worker_each(world: World, ada: Actor) -> None:
    for number in range(60):
        await world.add(ada, f"number{number}.test")
    counts = await asyncio.gather(*(checking.check_due(world.platform, now=world.now) for _ in range(2)))
    assert sum(counts) == 60
    assert len(world.zone.asked) == 60 * 5


async def test_a_domain_deleted_while_it_is_asked_for_stays_deleted(world: World, ada: Actor) -> None:
    class Interrupted(Resolver):
        """Its owner deletes the domain before the first answer comes."""

        async def mx(self, name: str) -> Answer[Exchange]:
            await world.delete(ada)
            return await super().mx(name)

    world.publish(await world.add(ada))
    world.platform = msgspec.structs.replace(world.platform, resolver=Interrupted([world.zone.server], timeout=20))
    assert await checking.check_due(world.platform, now=world.wait(minutes=1)) == 1
    with pytest.raises(NotFound):
        await world.get(ada)
    async with world.platform.db.connection() as conn:
        assert not await domains.is_ours(conn, "ada.test")


async def test_why_no_alias_can_be_made_on_an_own_domain_is_told(world: World, ada: Actor, bob: Actor) -> None:
    async def told(actor: Actor) -> str:
        async with world.platform.db.connection() as conn:
            with pytest.raises(Invalid) as caught:
                await aliases.suggest(conn, actor.account_id, NewAlias(domain="ada.test"), now=world.now)
        (fault,) = caught.value.fields
        assert fault.field == "domain"
        return fault.message

    nobody_s = await told(ada)
    assert nobody_s == "Aliases can be made on: restante.test."
    added = await world.add(ada)
    assert await told(ada) == f"ada.test is yours, but its proof has not been found in DNS yet. {nobody_s}"
    assert await told(bob) == nobody_s
    world.publish(added)
    await world.check(ada)
    world.zone.set(PROOF, "TXT", "gone")
    await checking.check_due(world.platform, now=world.wait(days=2))
    await checking.check_due(world.platform, now=world.wait(days=8))
    assert (await told(ada)).startswith("ada.test is paused, because its proof has been missing")
